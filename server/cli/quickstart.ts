import { join, relative } from 'node:path';
import { scanCorpus } from '../corpus/scan.js';
import type { CorpusUnit } from '../corpus/unit.js';
import type { TrainResult } from '../training/train.js';
import { parseArgs } from './args.js';
import type { Command, Io } from './command.js';
import { corpus } from './corpus.js';
import { document } from './document.js';
import { generate } from './generate.js';
import { folder, train } from './train.js';

const SEED = 1;
/** A function to show should fit on a screen. */
const FEWEST_LINES = 4;
const MOST_LINES = 16;

/** The main job in one command: every step is a command that a person could type, and is shown as one. */
export const quickstart: Command = {
  name: 'quickstart',
  summary: 'scan a folder, train on it, document one function and write one from its doc',
  usage: 'DIR [--minutes M] [--json]',
  example: 'batcoder quickstart .',
  options: [
    {
      name: 'minutes',
      value: 'number',
      placeholder: 'M',
      min: 0.05,
      summary: 'time for training (default 4)',
    },
  ],
  positionals: { min: 1, max: 1 },
  async run(args, io) {
    const dir = folder(io, args.positionals[0]);
    const shown = relative(io.cwd, dir) || '.';
    const steps = new Steps(io);

    const report = await steps.run(corpus, [shown, '--seed', String(SEED)]);
    const minutes = String(args.number('minutes') ?? 4);
    const trained = (await steps.run(train, [
      shown,
      '--minutes',
      minutes,
      '--seed',
      String(SEED),
    ])) as TrainResult;
    if (trained.ended === 'stopped') {
      return { corpus: report, train: trained, document: null, generate: null };
    }
    // A result that was not adopted can still be looked at, by its folder.
    const model = trained.adopted || trained.model === null ? [] : ['--model', trained.model];

    const { units } = await scanCorpus(dir, { seed: SEED, signal: io.signal });
    const plain = choose(units, (unit) => unit.doc === null);
    const documented = choose(units, (unit) => unit.doc !== null);
    const docs = plain && (await steps.run(document, [place(io, dir, plain), ...model]));
    if (documented) {
      io.print(`\nThe doc and the signature in ${documented.file}:\n`);
      io.print(`${documented.doc}\n${documented.signature}`);
    }
    const code =
      documented && (await steps.run(generate, [place(io, dir, documented), '-n', '2', ...model]));

    io.print('\nTry next:');
    io.print(
      `  batcoder train ${shown} --minutes 20     train longer; the better of the two models stays in use`,
    );
    io.print(`  batcoder document FILE --write   document a whole file`);
    io.print(
      `  batcoder generate --language python --doc 'Counts the words of a text.' --signature 'def count_words(text):'`,
    );
    io.print(
      '(`batcoder` is `node dist/cli.js` here, or `npx batcoder`; `npm run package` makes the VS Code extension.)',
    );
    return { corpus: report, train: trained, document: docs ?? null, generate: code ?? null };
  },
};

/** Runs commands one after another, each under the line that a person would type. */
class Steps {
  constructor(private readonly io: Io) {}

  run(command: Command, argv: string[]): Promise<unknown> {
    this.io.print(`\n$ batcoder ${[command.name, ...argv].join(' ')}`);
    return command.run(parseArgs(command, argv), this.io);
  }
}

/** A short function to show: one of a held-out file where there is any, always the same for the same folder. */
function choose(
  units: readonly CorpusUnit[],
  wanted: (unit: CorpusUnit) => boolean,
): CorpusUnit | undefined {
  const fitting = units.filter((unit) => {
    const lines = unit.code.split('\n').length;
    return wanted(unit) && lines >= FEWEST_LINES && lines <= MOST_LINES;
  });
  return fitting.find((unit) => unit.split === 'held-out') ?? fitting[0];
}

/** `FILE:LINE` of a unit, relative to where the person stands. */
function place(io: Io, dir: string, unit: CorpusUnit): string {
  return `${relative(io.cwd, join(dir, unit.file))}:${unit.signatureRange.start.line + 1}`;
}
