import { basename } from 'node:path';
import { promptsFor } from '../../inference/prompts.js';
import { generate } from '../../model/generation.js';
import { parameterCount } from '../../model/parameters.js';
import { loadTokenizer } from '../../model/tokenizer/load.js';
import { Qwen2Model } from '../../model/transformer.js';
import type { BackendReport } from '../../tensor/backend.js';
import type { Io, ParsedArgs } from '../command.js';
import { quantizeAs } from './quantize.js';
import { measureRounds, median, since } from './rounds.js';
import { SAMPLES } from './samples.js';
import { shapeReported } from './sizes.js';
import { line, summarize } from './summary.js';

/** Greedy answers of a trained model to requests for docs and for code, one after another. */
export async function benchAnswers(dir: string, args: ParsedArgs, io: Io, backend: BackendReport) {
  const model = Qwen2Model.load(dir);
  const weights = quantizeAs(model, args.string('weights'));
  const speculate = args.flag('speculate');
  const prompts = promptsFor(await loadTokenizer(dir));
  const requests = SAMPLES.flatMap(({ language, name, doc, signature, rest }) => [
    { wanted: 'docs' as const, ids: prompts.document({ language, name, code: signature + rest }) },
    { wanted: 'code' as const, ids: prompts.generate(language, doc, signature) },
  ]);
  let tokens = { docs: 0, code: 0 };
  const { seconds } = await measureRounds(args, io, async () => {
    tokens = { docs: 0, code: 0 };
    const took = { docs: 0, code: 0 };
    for (const { wanted, ids: request } of requests) {
      let first = 0;
      const [{ ids }] = await generate(model, [request], {
        maxNewTokens: args.number('length') ?? 128,
        temperature: 0,
        stopIds: prompts.stopIds,
        speculate,
        stop: () => {
          first ||= performance.now();
          return false;
        },
      });
      took[wanted] += since(first);
      tokens[wanted] += ids.length - 1;
    }
    return { ...took, decode: took.docs + took.code };
  });
  const all = tokens.docs + tokens.code;
  const work = 2 * parameterCount(model.config) * all;
  const result = {
    what: 'decode',
    model: basename(dir),
    parameters: parameterCount(model.config),
    weights,
    speculate,
    ...summarize({ tokens: all, seconds: seconds.decode, work }, backend),
    ...shapeReported(model.config),
    requests: requests.length,
    tokens: all,
    docTokens: tokens.docs,
    codeTokens: tokens.code,
    docTokensPerSecond: tokens.docs / median(seconds.docs),
    codeTokensPerSecond: tokens.code / median(seconds.code),
  };
  io.print(line(result));
  model.dispose();
  return result;
}
