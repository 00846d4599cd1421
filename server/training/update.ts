import type { TargetBatch } from '../model/loss.js';
import type { AdamW } from '../tensor/adamw.js';
import { advantages, hasZeroSpread } from './advantage.js';
import { tokenWeights } from './aggregation.js';
import { microBatches, packGroups, type AnswerSpan, type Group } from './batch.js';
import { GradientSum, scoreTokens, type TokenScores } from './gradients.js';
import type { Policy, Reference } from './policy.js';
import { policyLoss } from './policyLoss.js';
import { codeRewards } from './reward.js';
import type { UnitRollout } from './rollout.js';
import type { Settings } from './settings.js';

/** Answers to one prompt with what the loss needs of each. */
export interface LearningGroup extends Group {
  oldLogProbs: Float32Array[];
  advantages: number[];
  /** Weight of each answer's tokens in the loss. */
  weights: number[];
}

/** The groups of a step that teach something, and how many of each direction had no spread. */
export interface LearningGroups {
  groups: LearningGroup[];
  docGroups: number;
  codeGroups: number;
  flatDocs: number;
  flatCodes: number;
}

export interface UpdateMetrics {
  loss: number;
  /** Null where beta is 0: the reference's forward pass is saved then. */
  kl: number | null;
  entropy: number;
  clipShare: number;
  gradNorm: number;
  /** Largest |sampler's log-probability - forward pass's| of the first pass. */
  samplerGap: number;
  tokens: number;
  referenceSeconds: number;
  seconds: number;
}

interface RawGroup extends Group {
  oldLogProbs: Float32Array[];
  rewards: number[];
}

/**
 * Makes a step's learning groups: advantages and token weights per direction, so that the more and longer codes do
 * not drown the docs. Groups without any advantage are left out (as DAPO does, arXiv 2503.14476, section 3.2).
 */
export function learningGroups(units: readonly UnitRollout[], settings: Settings): LearningGroups {
  const docs: RawGroup[] = units.map(({ example, docs: sampled }) => ({
    prompt: example.documentPrompt,
    answers: sampled.map((doc) => doc.generation.ids),
    oldLogProbs: sampled.map((doc) => doc.generation.logProbs),
    rewards: sampled.map((doc) => doc.reward),
  }));
  const codes: RawGroup[] = units
    .flatMap(({ docs: sampled }) => sampled)
    .filter((doc) => doc.codes.length > 0)
    .map((doc) => ({
      prompt: doc.prompt,
      answers: doc.codes.map((code) => code.generation.ids),
      oldLogProbs: doc.codes.map((code) => code.generation.logProbs),
      rewards: codeRewards({
        validity: doc.validity,
        similarities: doc.codes.map((code) => code.reward),
      }),
    }));
  const docCap = Math.max(1, ...units.map(({ example }) => example.docCap));
  const codeCap = Math.max(1, ...units.map(({ example }) => example.codeCap));
  return {
    groups: [...weigh(docs, settings, docCap), ...weigh(codes, settings, codeCap)],
    docGroups: docs.length,
    codeGroups: codes.length,
    flatDocs: docs.filter((group) => hasZeroSpread(group.rewards)).length,
    flatCodes: codes.filter((group) => hasZeroSpread(group.rewards)).length,
  };
}

function weigh(raw: readonly RawGroup[], settings: Settings, longest: number): LearningGroup[] {
  const values = advantages(
    raw.map((group) => group.rewards),
    settings.advantage,
  );
  const kept = raw
    .map(({ prompt, answers, oldLogProbs }, i) => ({
      prompt,
      answers,
      oldLogProbs,
      advantages: values[i],
    }))
    .filter((group) => group.advantages.some((advantage) => Math.abs(advantage) > 1e-6))
    .map(withoutEmptyAnswers);
  const lengths = kept.flatMap((group) => group.answers.map((answer) => answer.length));
  const weights = tokenWeights(lengths, settings.aggregation, longest);
  let next = 0;
  return kept.map((group) => ({ ...group, weights: group.answers.map(() => weights[next++]) }));
}

function withoutEmptyAnswers<T extends Omit<LearningGroup, 'weights'>>(group: T): T {
  const full = group.answers.map((answer) => answer.length > 0);
  const pick = <V>(items: readonly V[]): V[] => items.filter((_, i) => full[i]);
  return {
    ...group,
    answers: pick(group.answers),
    oldLogProbs: pick(group.oldLogProbs),
    advantages: pick(group.advantages),
  };
}

interface MicroBatch {
  batch: TargetBatch;
  spans: AnswerSpan[];
  groups: LearningGroup[];
  reference: Float32Array | null;
}

/**
 * One update of the policy from a rollout: micro-batches forward and back, their gradients summed, then AdamW; so for
 * each pass. An update that throws leaves policy and optimizer as they were.
 * @param pause awaited before each micro-batch; it throws to abort
 */
export async function update(
  policy: Policy,
  reference: Reference,
  optimizer: AdamW,
  learning: readonly LearningGroup[],
  settings: Settings,
  learningRate: number,
  pause: () => Promise<void>,
): Promise<UpdateMetrics> {
  const began = performance.now();
  const metrics: UpdateMetrics = {
    loss: 0,
    kl: null,
    entropy: 0,
    clipShare: 0,
    gradNorm: 0,
    samplerGap: 0,
    tokens: 0,
    referenceSeconds: 0,
    seconds: 0,
  };
  if (learning.length === 0) {
    return metrics;
  }
  const batches: MicroBatch[] = microBatches(learning, settings.microBatchTokens, part).map(
    (groups) => ({ ...packGroups(groups), groups, reference: null }),
  );
  const answerTokens = learning.reduce((sum, group) => sum + sumLengths(group.answers), 0);
  // A single pass changes nothing before its end; one that follows another finds the weights changed.
  const before =
    settings.epochs > 1 ? { weights: policy.weights(), moments: optimizer.state() } : null;
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    const gradients = new GradientSum(policy.model);
    try {
      for (const micro of batches) {
        await pause();
        if (settings.beta > 0 && micro.reference === null) {
          const start = performance.now();
          micro.reference = await reference.use(
            (model) => scoreTokens(model, micro.batch).logProbs,
          );
          metrics.referenceSeconds += (performance.now() - start) / 1000;
        }
        gradients.add(micro.batch, (scores) => {
          const part = derivative(micro, scores, settings, metrics, epoch === 0);
          const share = part.tokens / (answerTokens * settings.epochs);
          metrics.kl = part.kl === null ? null : (metrics.kl ?? 0) + part.kl * share;
          metrics.clipShare += part.clipShare * share;
          metrics.entropy += part.entropy * share;
          metrics.loss += part.loss / settings.epochs;
          return part.slopes;
        });
        metrics.tokens += micro.batch.ids.length;
      }
      const step = { lr: learningRate, clipNorm: settings.clipNorm };
      metrics.gradNorm = optimizer.step(gradients.gradients, step).gradNorm;
    } catch (error) {
      if (before !== null) {
        policy.restore(before.weights);
        optimizer.restore(before.moments);
      }
      throw error;
    } finally {
      gradients.dispose();
    }
  }
  metrics.seconds = (performance.now() - began) / 1000;
  return metrics;
}

function part(group: LearningGroup, from: number, to: number): LearningGroup {
  return {
    prompt: group.prompt,
    answers: group.answers.slice(from, to),
    oldLogProbs: group.oldLogProbs.slice(from, to),
    advantages: group.advantages.slice(from, to),
    weights: group.weights.slice(from, to),
  };
}

/** The loss of a micro-batch and its derivative by the log-probability of every token, [N]. */
function derivative(
  micro: MicroBatch,
  scores: TokenScores,
  settings: Settings,
  metrics: UpdateMetrics,
  compare: boolean,
): {
  loss: number;
  kl: number | null;
  clipShare: number;
  entropy: number;
  tokens: number;
  slopes: Float32Array;
} {
  const tokens = micro.spans.reduce((sum, span) => sum + span.length, 0);
  const picked = {
    logProbs: new Float32Array(tokens),
    oldLogProbs: new Float32Array(tokens),
    referenceLogProbs: new Float32Array(tokens),
    advantages: new Float32Array(tokens),
    weights: new Float32Array(tokens),
  };
  let next = 0;
  let entropy = 0;
  for (const { group: g, answer, start, length } of micro.spans) {
    const group = micro.groups[g];
    picked.logProbs.set(scores.logProbs.subarray(start, start + length), next);
    picked.oldLogProbs.set(group.oldLogProbs[answer], next);
    if (micro.reference !== null) {
      picked.referenceLogProbs.set(micro.reference.subarray(start, start + length), next);
    }
    picked.advantages.fill(group.advantages[answer], next, next + length);
    picked.weights.fill(group.weights[answer], next, next + length);
    for (let i = 0; i < length; i++) {
      entropy += scores.entropy[start + i];
      if (compare) {
        const gap = Math.abs(picked.logProbs[next + i] - picked.oldLogProbs[next + i]);
        metrics.samplerGap = Math.max(metrics.samplerGap, gap);
      }
    }
    next += length;
  }
  const { gradient, ...loss } = policyLoss(picked, settings.clip, settings.beta);
  const slopes = new Float32Array(micro.batch.ids.length);
  next = 0;
  for (const { start, length } of micro.spans) {
    slopes.set(gradient.subarray(next, next + length), start);
    next += length;
  }
  return { ...loss, entropy: entropy / Math.max(tokens, 1), tokens, slopes };
}

function sumLengths(answers: readonly (readonly number[])[]): number {
  return answers.reduce((sum, answer) => sum + answer.length, 0);
}
