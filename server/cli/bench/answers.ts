import { basename } from 'node:path';
import { promptsFor } from '../../inference/prompts.js';
import { generate } from '../../model/generation.js';
import { parameterCount } from '../../model/parameters.js';
import { loadTokenizer } from '../../model/tokenizer/load.js';
import { Qwen2Model } from '../../model/transformer.js';
import type { BackendReport } from '../../tensor/backend.js';
import type { Io, ParsedArgs } from '../command.js';
import { quantizeAs } from './quantize.js';
import { measureRounds, since } from './rounds.js';
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
    prompts.document({ language, name, code: signature + rest }),
    prompts.generate(language, doc, signature),
  ]);
  let tokens = 0;
  const { seconds } = await measureRounds(args, io, async () => {
    tokens = 0;
    let decode = 0;
    for (const request of requests) {
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
      decode += since(first);
      tokens += ids.length - 1;
    }
    return { decode };
  });
  const work = 2 * parameterCount(model.config) * tokens;
  const result = {
    what: 'decode',
    model: basename(dir),
    parameters: parameterCount(model.config),
    weights,
    speculate,
    ...summarize({ tokens, seconds: seconds.decode, work }, backend),
    ...shapeReported(model.config),
    requests: requests.length,
    tokens,
  };
  io.print(line(result));
  model.dispose();
  return result;
}
