import { Adapter } from '../../model/adapter.js';
import type { Qwen2Config } from '../../model/config.js';
import { lossAndGradients, nextTokenLoss, trainableParameters } from '../../model/loss.js';
import { parameterCount } from '../../model/parameters.js';
import { AdamW } from '../../tensor/adamw.js';
import type { BackendReport } from '../../tensor/backend.js';
import { segmentsOf } from '../../tensor/segments.js';
import { UsageError } from '../../util/errors.js';
import type { Io, ParsedArgs } from '../command.js';
import { startKernelClock } from './kernelTimes.js';
import { quantizeAs } from './quantize.js';
import { randomModel, someIds } from './randomModel.js';
import { measureRounds, since } from './rounds.js';
import { shapeOf, shapeReported } from './sizes.js';
import { line, summarize } from './summary.js';

/** Whole steps, of all weights or of an adapter: forward, backward and AdamW. */
export async function benchTraining(args: ParsedArgs, io: Io, backend: BackendReport) {
  const batch = args.number('batch') ?? 8;
  const length = args.number('length') ?? 256;
  const rank = args.number('lora') ?? null;
  if (rank === null && args.string('base') !== undefined) {
    throw new UsageError('--base is of frozen weights: it belongs to --lora.');
  }
  const config = shapeOf(args, length);
  const model = randomModel(config);
  model.recompute = args.flag('recompute');
  const base = quantizeAs(model, args.string('base'));
  if (rank !== null) {
    model.adapter = Adapter.init(config, { rank, alpha: 2 * rank }, 1);
  }
  const tokens = batch * length;
  const ids = someIds(tokens, config.vocabSize);
  const packed = {
    ids,
    positions: ids.map((_, i) => i % length),
    segments: segmentsOf(new Array<number>(batch).fill(length)),
    targets: ids.map((_, i) => ids[(i + 1) % tokens]),
  };
  const weights = new Float32Array(tokens).fill(1 / tokens);
  const parameters = trainableParameters(model);
  const trained = parameters.reduce((sum, { variable }) => sum + variable.size, 0);
  const optimizer = new AdamW(parameters, { lr: 1e-4 });
  const step = (): void => {
    const { gradients } = lossAndGradients(model, () => nextTokenLoss(model, packed, weights));
    optimizer.step(gradients, { clipNorm: 1 });
    gradients.forEach((gradient) => gradient.dispose());
  };
  const { seconds } = await measureRounds(args, io, () => {
    const start = performance.now();
    step();
    return { step: since(start) };
  });
  const work = trainingWork(config, trained, rank !== null, tokens, length);
  const result = {
    what: 'train',
    parameters: parameterCount(config),
    trained,
    ...summarize({ tokens, seconds: seconds.step, work }, backend),
    ...(args.flag('profile') && profile(step)),
    ...shapeReported(config),
    batch,
    length,
    lora: rank,
    base,
    recompute: model.recompute,
  };
  io.print(line(result));
  optimizer.dispose();
  model.adapter?.dispose();
  model.dispose();
  return result;
}

/**
 * Three products for each trained weight and token (forward, by the input, by the weight), two for a frozen one, and
 * causal attention's, of which half is seen.
 */
function trainingWork(
  config: Qwen2Config,
  trained: number,
  frozen: boolean,
  tokens: number,
  length: number,
): number {
  const attention = 6 * config.layers * tokens * length * config.heads * config.headSize;
  return 6 * trained * tokens + (frozen ? 4 * parameterCount(config) * tokens : 0) + attention;
}

const PROFILED_STEPS = 3;

/** Where the time of a step goes: in each kernel, and outside all of them. */
function profile(step: () => void) {
  const stop = startKernelClock();
  const start = performance.now();
  for (let i = 0; i < PROFILED_STEPS; i++) {
    step();
  }
  const total = since(start);
  const kernels = stop().map(({ kernel, calls, seconds }) => ({
    kernel,
    calls: calls / PROFILED_STEPS,
    seconds: seconds / PROFILED_STEPS,
    share: seconds / total,
  }));
  const inKernels = kernels.reduce((sum, { seconds }) => sum + seconds, 0);
  return { kernels, dispatchSeconds: total / PROFILED_STEPS - inKernels };
}
