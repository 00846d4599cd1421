import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Objective, TokenFile } from '../../corpus/pretraining/tokenFile.js';
import type { Qwen2Model } from '../../model/transformer.js';
import { JsonlLog } from '../../store/jsonl.js';
import { UserError } from '../../util/errors.js';
import { arraysUnder, loadArrays, prefixed, saveArrays } from '../arrays.js';
import { Random } from '../../util/random.js';
import { Policy } from '../policy.js';
import { type DataPosition, PretrainingData } from './data.js';
import { PretrainingOptimizer } from './optimizer.js';
import { rateAt, type Schedule } from './schedule.js';
import { answerLosses, pretrainingGradients, type StepSettings } from './step.js';

export interface PretrainSettings extends StepSettings {
  /** Tokens of a step at the beginning and at most: a thousandth of what was seen lies between. */
  stepTokens: readonly [least: number, most: number];
  weightDecay: number;
  /** Tokens between two checkpoints, each with a measurement on the evaluation sequences. */
  checkpointEvery: number;
  /** Tokens of the evaluation file that are measured. */
  evaluationTokens: number;
}

export const PRETRAIN_DEFAULTS: PretrainSettings = {
  stepTokens: [2048, 8192],
  microBatchTokens: 8192,
  vocabularySample: 2560,
  weightDecay: 0.01,
  checkpointEvery: 1_000_000,
  evaluationTokens: 60_000,
};

/** A line of `log.jsonl`: one for every step, one with the losses for every checkpoint. */
export interface PretrainMetrics {
  step: number;
  tokens: number;
  epoch: number;
  answerLoss: number;
  gradNorm: number;
  learningRate: number;
  tokensPerSecond: number;
  evaluation?: Record<Objective, number | null>;
}

interface State {
  step: number;
  tokens: number;
  position: DataPosition;
  logLines: number;
  tokenizerHash: string;
}

export interface PretrainOptions {
  /** Holds config.json, and at the end the weights; its checkpoints and its log lie in it too. */
  folder: string;
  /** A new model with this shape where the folder has no checkpoint. */
  makeModel: () => Qwen2Model;
  train: TokenFile;
  evaluation: TokenFile;
  schedule: Schedule;
  settings: PretrainSettings;
  signal?: AbortSignal;
  onStep?: (metrics: PretrainMetrics) => void;
}

const WEIGHTS_FILE = 'model.safetensors';
const WEIGHTS = 'weights/';
const OPTIMIZER = 'optimizer/';
const KEPT = 2;

/**
 * Next-token training on a token file until the schedule's tokens were seen or the signal is aborted, from the
 * newest checkpoint where there is one. What follows a checkpoint depends on it alone.
 * @returns the model's state at the end; the weights lie in the folder
 * @throws UserError where the checkpoint and the token file are of different tokenizers, or where the folder's model
 * would be written over
 */
export async function pretrain(
  options: PretrainOptions,
): Promise<{ ended: 'done' | 'stopped'; step: number; tokens: number; epoch: number }> {
  const { folder, schedule, settings, train, signal } = options;
  const checkpoints = join(folder, 'checkpoints');
  const found = loadArrays(checkpoints);
  if (found === null && existsSync(join(folder, WEIGHTS_FILE))) {
    throw new UserError(
      `${folder} holds a model, but no sound checkpoint to go on from: give another folder.`,
    );
  }
  const state = found ? (found.state as State) : newState(train);
  if (state.tokenizerHash !== train.header.tokenizerHash) {
    throw new UserError(
      `${folder} was trained with another tokenizer than ${train.file}: give it another folder.`,
    );
  }
  const policy = new Policy(options.makeModel(), null);
  const optimizer = new PretrainingOptimizer(policy.model, schedule.peak, settings.weightDecay);
  if (found) {
    policy.restore(arraysUnder(WEIGHTS, found.arrays));
    optimizer.restore(arraysUnder(OPTIMIZER, found.arrays));
  }
  const log = new JsonlLog(join(folder, 'log.jsonl'), state.logLines);
  const data = new PretrainingData(train, state.position);
  const evaluation = new PretrainingData(options.evaluation).take(settings.evaluationTokens);
  const save = (): void => {
    state.logLines = log.lines;
    const arrays = new Map([
      ...prefixed(WEIGHTS, policy.weights()),
      ...prefixed(OPTIMIZER, optimizer.state()),
    ]);
    saveArrays(checkpoints, state, arrays, KEPT);
    policy.model.save(folder);
  };
  let lastSaved = state.tokens;
  try {
    while (state.tokens < schedule.total && !signal?.aborted) {
      const metrics = await step(policy.model, optimizer, data, state, options);
      if (metrics === null) {
        break;
      }
      const due =
        state.tokens - lastSaved >= settings.checkpointEvery || state.tokens >= schedule.total;
      if (due) {
        metrics.evaluation = answerLosses(policy.model, evaluation, settings.microBatchTokens);
      }
      log.append(metrics);
      options.onStep?.(metrics);
      if (due) {
        save();
        lastSaved = state.tokens;
      }
    }
    if (lastSaved < state.tokens) {
      save();
    }
    const ended = state.tokens < schedule.total ? 'stopped' : 'done';
    return { ended, step: state.step, tokens: state.tokens, epoch: data.position.epoch };
  } finally {
    log.close();
    optimizer.dispose();
    policy.dispose();
  }
}

/** One update, or null where the signal came first; then nothing has changed but the position, which is put back. */
async function step(
  model: Qwen2Model,
  optimizer: PretrainingOptimizer,
  data: PretrainingData,
  state: State,
  { schedule, settings, signal }: PretrainOptions,
): Promise<PretrainMetrics | null> {
  const started = performance.now();
  const before = { ...data.position };
  const computed = await pretrainingGradients(
    model,
    data.take(stepTokens(settings, state.tokens)),
    settings,
    new Random(state.step),
    signal,
  );
  if (computed === null) {
    Object.assign(data.position, before);
    return null;
  }
  const { gradients, answerLoss, tokens } = computed;
  try {
    const learningRate = rateAt(schedule, state.tokens);
    const { gradNorm } = optimizer.step(gradients.gradients, learningRate);
    state.step++;
    state.tokens += tokens;
    return {
      step: state.step,
      tokens: state.tokens,
      epoch: data.position.epoch,
      answerLoss,
      gradNorm,
      learningRate,
      tokensPerSecond: (1000 * tokens) / (performance.now() - started),
    };
  } finally {
    gradients.dispose();
  }
}

/** Early on, gradients of few tokens agree enough, and more steps help more (McCandlish et al. 2018, arXiv 1812.06162). */
function stepTokens({ stepTokens: [least, most] }: PretrainSettings, seen: number): number {
  return Math.min(Math.max(seen / 1000, least), most);
}

function newState(train: TokenFile): State {
  return {
    step: 0,
    tokens: 0,
    position: { epoch: 0, index: 0 },
    logLines: 0,
    tokenizerHash: train.header.tokenizerHash,
  };
}
