import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { scanCorpus } from '../../corpus/scan.js';
import { builtInModel } from '../../inference/builtInModel.js';
import { openEngine } from '../../inference/engine.js';
import { UserError } from '../../util/errors.js';
import { Random } from '../../util/random.js';
import type { Io, ParsedArgs } from '../command.js';
import { median, since } from './rounds.js';

/** Functions that are hovered over. */
const HOVERS = 20;

/** How long a hover takes: opening the model once, then the docs of undocumented functions, each with its round trip. */
export async function benchHover(args: ParsedArgs, io: Io) {
  const from = args.string('from');
  if (from === undefined) {
    throw new UserError('bench hover needs code: --from DIR.');
  }
  const root = resolve(io.cwd, from);
  const given = args.string('model');
  const model = given === undefined ? builtInModel() : resolve(io.cwd, given);
  const corpus = await scanCorpus(root, { seed: 0, signal: io.signal });
  const bare = corpus.units.filter(({ doc }) => doc === null);
  const chosen = new Random(args.number('seed') ?? 1).shuffle(bare).slice(0, HOVERS);
  const start = performance.now();
  const engine = await openEngine({ model, adapter: null });
  const load = since(start);
  try {
    const seconds: number[] = [];
    for (const { file, language, signatureRange } of chosen) {
      const text = readFileSync(join(root, file), 'utf8');
      const asked = performance.now();
      try {
        await engine.document({ text, language, line: signatureRange.start.line }, io.signal);
        seconds.push(since(asked));
      } catch (error) {
        if (!(error instanceof UserError)) {
          throw error;
        }
      }
    }
    if (seconds.length === 0) {
      throw new UserError(`${from} holds no undocumented function that this model can document.`);
    }
    const [first] = seconds;
    const { parameters, backend } = engine.info();
    const result = {
      what: 'hover',
      model,
      parameters,
      backend: backend.name,
      threads: backend.threads,
      functions: seconds.length,
      loadSeconds: load,
      firstSeconds: first,
      secondsPerStep: median(seconds),
      slowestSeconds: Math.max(...seconds),
    };
    io.print(
      `${seconds.length} hovers: ${result.secondsPerStep.toFixed(2)} s each at the median, ` +
        `${result.slowestSeconds.toFixed(2)} s at most; the model opened in ${load.toFixed(2)} s, ` +
        `the first doc came ${first.toFixed(2)} s later`,
    );
    return result;
  } finally {
    engine.dispose();
  }
}
