import { resolve } from 'node:path';
import { generate } from '../../model/generation.js';
import { parameterCount } from '../../model/parameters.js';
import type { BackendReport } from '../../tensor/backend.js';
import type { Io, ParsedArgs } from '../command.js';
import { benchAnswers } from './answers.js';
import { quantizeAs } from './quantize.js';
import { randomModel, saveRandomModel, someIds } from './randomModel.js';
import { measureRounds, median, since } from './rounds.js';
import { shapeOf, shapeReported } from './sizes.js';
import { line, summarize } from './summary.js';

const SHORT_PROMPT = 32;
const LONG_PROMPT = 512;

/**
 * Sampling at temperature 1 with random weights: the rate from the first token on, for all rows together; and beside
 * it how fast a long prompt is read, which is the time to the first token.
 */
export async function benchDecoding(args: ParsedArgs, io: Io, backend: BackendReport) {
  const dir = args.string('model');
  if (dir !== undefined) {
    return benchAnswers(dir, args, io, backend);
  }
  const batch = args.number('batch') ?? 1;
  const length = args.number('length') ?? 128;
  const promptLength = args.number('prompt') ?? SHORT_PROMPT;
  const config = shapeOf(args, Math.max(promptLength, LONG_PROMPT) + length + 1);
  const model = randomModel(config);
  const save = args.string('save');
  if (save !== undefined) {
    saveRandomModel(model, resolve(io.cwd, save));
  }
  const weights = quantizeAs(model, args.string('weights'));
  const speculate = args.flag('speculate');
  // New prompts each time, or the prefix cache would hold them already.
  let drawn = 0;
  const newPrompt = (tokens: number): number[] => [
    ...someIds(tokens, config.vocabSize, (drawn += tokens)),
  ];
  let seed = 0;
  const { seconds } = await measureRounds(args, io, async () => {
    const start = performance.now();
    await generate(model, [newPrompt(LONG_PROMPT)], { maxNewTokens: 1 });
    const prompt = since(start);
    const prompts = Array.from({ length: batch }, () => newPrompt(promptLength));
    let first = 0;
    await generate(model, prompts, {
      maxNewTokens: length + 1,
      seed: seed++,
      speculate,
      stop: () => {
        first ||= performance.now();
        return false;
      },
    });
    return { decode: since(first), prompt };
  });
  const tokens = batch * length;
  const work = 2 * parameterCount(config) * tokens;
  const result = {
    what: 'decode',
    parameters: parameterCount(config),
    weights,
    speculate,
    ...summarize({ tokens, seconds: seconds.decode, work }, backend),
    promptTokensPerSecond: LONG_PROMPT / median(seconds.prompt),
    firstTokenSeconds: median(seconds.prompt),
    ...shapeReported(config),
    batch,
    prompt: promptLength,
    length,
  };
  io.print(line(result));
  io.print(
    `A prompt of ${LONG_PROMPT}: ${result.promptTokensPerSecond.toFixed(0)} tokens/s, ` +
      `first token after ${(1000 * result.firstTokenSeconds).toFixed(0)} ms`,
  );
  model.dispose();
  return result;
}
