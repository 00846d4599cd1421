import { basename, resolve } from 'node:path';
import { writeFileAtomic } from '../store/atomic.js';
import { qualityPage } from '../training/pretraining/evaluation/page.js';
import { measureQuality, type Quality } from '../training/pretraining/evaluation/quality.js';
import type { Command } from './command.js';
import type { Progress } from './progress.js';
import { folder } from './train.js';

export const pretrainEval: Command = {
  name: 'pretrain-eval',
  summary: 'measure a model on the sources that pretraining set aside, beside simple baselines',
  usage:
    'PREPARED --model DIR [--functions N] [--codes N] [--seed N] [--samples N] [--suite FILE] [--out FILE.md] [--json]',
  example: 'batcoder pretrain-eval prepared --model model --out docs/model/quality.md',
  options: [
    { name: 'model', value: 'string', placeholder: 'DIR', summary: 'the model to measure' },
    {
      name: 'functions',
      value: 'integer',
      min: 1,
      summary: 'documented functions to draw, over all languages (default 2250)',
    },
    {
      name: 'codes',
      value: 'integer',
      min: 1,
      summary: 'of these, how many to write the code of (default 900)',
    },
    { name: 'seed', value: 'integer', min: 0, summary: 'seed of the draw (default 1)' },
    {
      name: 'samples',
      value: 'integer',
      min: 0,
      summary: 'functions to show with every answer, drawn by the seed (default 50)',
    },
    {
      name: 'suite',
      value: 'string',
      placeholder: 'FILE',
      summary:
        'also pass@1 and pass@10 on a HumanEval or MBPP file: RUNS the code that the model writes',
    },
    {
      name: 'out',
      value: 'string',
      placeholder: 'FILE.md',
      summary: 'write the figures and samples as a page',
    },
  ],
  positionals: { min: 1, max: 1 },
  async run(args, io) {
    const prepared = folder(io, args.positionals[0]);
    const modelDir = folder(io, args.string('model') ?? 'model');
    let bar: Progress | null = null;
    let shown = '';
    const suite = args.string('suite');
    const quality = await measureQuality({
      prepared,
      modelDir,
      units: args.number('functions') ?? 2250,
      codes: args.number('codes') ?? 900,
      seed: args.number('seed') ?? 1,
      samples: args.number('samples') ?? 50,
      suite: suite === undefined ? undefined : resolve(io.cwd, suite),
      signal: io.signal,
      onProgress(phase, share) {
        if (phase !== shown) {
          bar?.end();
          bar = io.progress(phase);
          shown = phase;
        }
        bar?.update(Math.round(100 * share), 100);
      },
    });
    (bar as Progress | null)?.end();
    const out = args.string('out');
    if (out !== undefined) {
      const { units, codes, seed } = quality;
      const command =
        `batcoder pretrain-eval PREPARED --model DIR --functions ${units} ` +
        `--codes ${codes.rows.at(-1)!.units} --seed ${seed}` +
        (suite === undefined ? '' : ` --suite ${basename(suite)}`);
      const date = new Date().toISOString().slice(0, 10);
      writeFileAtomic(resolve(io.cwd, out), `${qualityPage(quality, command, date)}\n`);
    }
    describe(quality).forEach((line) => io.print(line));
    return quality;
  },
};

/** The figures over all languages, a line each. */
function describe({ units, docs, codes, losses, parameterCounts, suite }: Quality): string[] {
  const lines = [`${units} functions, in percent`];
  for (const { systems, measures, rows } of [docs, codes]) {
    const all = rows[rows.length - 1];
    for (const system of systems) {
      const figures = measures.map((measure) => {
        const of = all.figures as Record<string, Record<string, { mean: number }>>;
        return `${measure} ${(100 * of[measure][system].mean).toFixed(1)}`;
      });
      lines.push(`${system.padEnd(10)} ${figures.join('  ')}`);
    }
  }
  if (suite !== null) {
    const { name, greedy, sampled } = suite;
    const [one, ten] = [sampled.passAt1, sampled.passAt10].map(({ mean }) =>
      (100 * mean).toFixed(1),
    );
    lines.push(
      `${name}: pass@1 ${(100 * greedy.mean).toFixed(1)} greedy, ${one} sampled, pass@10 ${ten}`,
    );
  }
  for (const [objective, loss] of Object.entries(losses ?? {})) {
    lines.push(`${objective.padEnd(10)} ${loss?.toFixed(3) ?? '-'} nats a token`);
  }
  const { docs: given, named, parameters, invented } = parameterCounts.model.all!;
  lines.push(`${given} docs with ${named} of their ${parameters} parameters, ${invented} invented`);
  return lines;
}
