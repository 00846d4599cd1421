import { setImmediate } from 'node:timers/promises';
import {
  OBJECTIVES,
  type Objective,
  type TokenSequence,
} from '../../corpus/pretraining/tokenFile.js';
import type { Qwen2Model } from '../../model/transformer.js';
import { sampleVocabulary } from '../../tensor/ops/vocabularySample.js';
import type { Random } from '../../util/random.js';
import { packSequences } from '../batch.js';
import { GradientSum, scoreTokens } from '../gradients.js';

/**
 * What a prompt's token weighs against an answer's. Prompts are code and docs too, and cost their forward pass
 * anyway; but at full weight most of the gradient would come from text that is only ever given.
 */
const PROMPT_WEIGHT = 0.2;

/** Docs are a tenth of the answers' tokens and what people see first: each counts double. */
const ANSWER_WEIGHT: Record<Objective, number> = { document: 2, generate: 1, code: 1, fill: 1 };

export interface StepSettings {
  /** Tokens of one forward and backward pass: it bounds the memory. */
  microBatchTokens: number;
  /** Rows of the vocabulary that each pass draws besides its targets. */
  vocabularySample: number;
}

export interface StepLoss {
  /** Mean of -log p over the answers' tokens; an estimate where the vocabulary is sampled. */
  answerLoss: number;
  tokens: number;
}

/**
 * Sums the gradients of the weighted mean loss of some sequences; the caller steps with them and disposes them. The
 * event loop gets a turn before every micro-batch.
 * @param random draws the samples of the vocabulary
 * @returns null where the signal was aborted first
 */
export async function pretrainingGradients(
  model: Qwen2Model,
  sequences: readonly TokenSequence[],
  { microBatchTokens, vocabularySample }: StepSettings,
  random: Random,
  signal?: AbortSignal,
): Promise<(StepLoss & { gradients: GradientSum }) | null> {
  const weights = sequences.map(targetWeights);
  const scale = 1 / weights.reduce((sum, each) => each.reduce((a, b) => a + b, sum), 0);
  const gradients = new GradientSum(model);
  let [loss, answers, tokens] = [0, 0, 0];
  try {
    for (const [from, to] of microBatches(sequences, microBatchTokens)) {
      await setImmediate();
      if (signal?.aborted) {
        gradients.dispose();
        return null;
      }
      const part = sequences.slice(from, to);
      const batch = packSequences(part.map(({ ids }) => Array.from(ids)));
      const slopes = weights
        .slice(from, to)
        .flatMap((each) => each.map((weight) => -weight * scale));
      const { vocabSize } = model.config;
      const sample = sampleVocabulary(batch.targets, vocabSize, vocabularySample, random);
      const { logProbs } = gradients.addWeighted(batch, Float32Array.from(slopes), sample);
      let next = 0;
      for (let s = from; s < to; s++) {
        for (let i = 1; i <= weights[s].length; i++, next++) {
          if (i >= sequences[s].answerStart) {
            loss -= logProbs[next];
            answers++;
          }
        }
      }
      tokens += next;
    }
  } catch (error) {
    gradients.dispose();
    throw error;
  }
  return { gradients, answerLoss: loss / Math.max(answers, 1), tokens };
}

/** The mean of -log p over the answers' tokens, by objective; null where there is none. */
export function answerLosses(
  model: Qwen2Model,
  sequences: readonly TokenSequence[],
  microBatchTokens: number,
): Record<Objective, number | null> {
  const totals = new Map(OBJECTIVES.map((name) => [name, { loss: 0, tokens: 0 }]));
  for (const [from, to] of microBatches(sequences, microBatchTokens)) {
    const part = sequences.slice(from, to);
    const { logProbs } = scoreTokens(model, packSequences(part.map(({ ids }) => Array.from(ids))));
    let next = 0;
    for (const { ids, answerStart, objective } of part) {
      const total = totals.get(objective)!;
      for (let i = 1; i < ids.length; i++, next++) {
        if (i >= answerStart) {
          total.loss -= logProbs[next];
          total.tokens++;
        }
      }
    }
  }
  return Object.fromEntries(
    [...totals].map(([name, { loss, tokens }]) => [name, tokens > 0 ? loss / tokens : null]),
  ) as Record<Objective, number | null>;
}

/** The weight of each target of a sequence: the token after each but the last. */
function targetWeights({ ids, answerStart, objective }: TokenSequence): number[] {
  return Array.from({ length: ids.length - 1 }, (_, i) =>
    i + 1 >= answerStart ? ANSWER_WEIGHT[objective] : PROMPT_WEIGHT,
  );
}

function microBatches(sequences: readonly TokenSequence[], limit: number): [number, number][] {
  const bounds: [number, number][] = [];
  let [from, room] = [0, limit];
  sequences.forEach(({ ids }, i) => {
    if (i > from && ids.length > room) {
      bounds.push([from, i]);
      [from, room] = [i, limit];
    }
    room -= ids.length;
  });
  bounds.push([from, sequences.length]);
  return bounds;
}
