import type { Prompts } from '../inference/prompts.js';
import type { AdamW } from '../tensor/adamw.js';
import { sampleVocabulary } from '../tensor/ops/vocabularySample.js';
import { Random } from '../util/random.js';
import { packSequences } from './batch.js';
import type { Example } from './examples.js';
import { GradientSum } from './gradients.js';
import type { Policy } from './policy.js';
import type { Settings } from './settings.js';

/** What a warm-up learns from. */
export interface WarmupCorpus {
  examples: readonly Example[];
  /** A doc for each example, whole: {@link warmupDocs}. */
  docs: readonly string[];
  prompts: Prompts;
}

/** A sequence to predict, and where the answer in it begins. */
export interface WarmupSequence {
  ids: number[];
  answerStart: number;
  /** Weight of the answer's tokens; the prompt's weigh `promptWeight` of it. */
  weight: number;
}

/** Where the warm-up stands in its data: it shuffles anew for each epoch, by the seed and the epoch's number. */
export interface WarmupPosition {
  epoch: number;
  index: number;
}

/**
 * The sequences of one epoch, shuffled: for every unit code -> doc and doc -> code. Units without a doc take part
 * with the one made for them, at less weight; now and then the doc or the signature is left empty, as they may be
 * later.
 */
export function warmupEpoch(
  { examples, docs, prompts }: WarmupCorpus,
  settings: Settings,
  epoch: number,
): WarmupSequence[] {
  const random = new Random(settings.seed * 7919 + epoch);
  const sequences: WarmupSequence[] = [];
  const push = (prompt: number[], answer: number[], weight: number): void => {
    sequences.push({ ids: [...prompt, ...answer], answerStart: prompt.length, weight });
  };
  for (const [i, { view, documentPrompt }] of examples.entries()) {
    const weight = view.doc === null ? settings.madeDocWeight : 1;
    const doc = docs[i];
    const empty = random.next() < settings.emptyDocShare;
    if (weight > 0) {
      push(documentPrompt, prompts.docAnswer(doc), weight);
    }
    const bare = random.next() < settings.bareShare;
    if (bare && weight > 0) {
      push(prompts.generate(view.language, doc, ''), prompts.codeAnswer(view.code), 1);
    } else {
      const given = empty || weight === 0 ? '' : doc;
      push(
        prompts.generate(view.language, given, view.signature),
        prompts.codeAnswer(view.rest),
        1,
      );
    }
  }
  return random.shuffle(sequences);
}

/** Takes sequences from the epochs one after another. */
export class WarmupData {
  private sequences: WarmupSequence[];

  constructor(
    private readonly corpus: WarmupCorpus,
    private readonly settings: Settings,
    readonly position: WarmupPosition,
  ) {
    this.sequences = warmupEpoch(corpus, settings, position.epoch);
  }

  /** Epochs that are done, the part of the one that runs counted. */
  get epochs(): number {
    return this.position.epoch + this.position.index / this.sequences.length;
  }

  /** Sequences of about `tokens` tokens, at least one. */
  take(tokens: number): WarmupSequence[] {
    const taken: WarmupSequence[] = [];
    for (let room = tokens; taken.length === 0 || room > 0; ) {
      if (this.position.index >= this.sequences.length) {
        this.position.epoch++;
        this.position.index = 0;
        this.sequences = warmupEpoch(this.corpus, this.settings, this.position.epoch);
      }
      const sequence = this.sequences[this.position.index++];
      taken.push(sequence);
      room -= sequence.ids.length;
    }
    return taken;
  }
}

/**
 * One step of next-token training; the weights change after its last micro-batch.
 * @param random draws the samples of the vocabulary
 */
export async function warmupStep(
  policy: Policy,
  optimizer: AdamW,
  sequences: readonly WarmupSequence[],
  settings: Settings,
  learningRate: number,
  random: Random,
  pause: () => Promise<void>,
): Promise<{ loss: number; answerLoss: number; gradNorm: number; tokens: number }> {
  const targets = sequences.map((sequence) => targetWeights(sequence, settings.promptWeight));
  const scale = 1 / targets.reduce((sum, weights) => sum + weights.reduce((a, b) => a + b, 0), 0);
  const gradients = new GradientSum(policy.model);
  const totals = { loss: 0, answerLoss: 0, tokens: 0, answerTokens: 0 };
  try {
    for (const [from, to] of chunks(sequences, settings.microBatchTokens)) {
      await pause();
      const batch = packSequences(sequences.slice(from, to).map(({ ids }) => ids));
      const slopes = targets
        .slice(from, to)
        .flatMap((each) => each.map((weight) => -weight * scale));
      const sample = sampleVocabulary(
        batch.targets,
        policy.model.config.vocabSize,
        settings.vocabularySample,
        random,
      );
      const { logProbs } = gradients.addWeighted(batch, Float32Array.from(slopes), sample);
      let next = 0;
      for (let s = from; s < to; s++) {
        for (let i = 0; i < targets[s].length; i++, next++) {
          totals.loss -= logProbs[next];
          if (i + 1 >= sequences[s].answerStart) {
            totals.answerLoss -= logProbs[next];
            totals.answerTokens++;
          }
        }
      }
      totals.tokens += next;
    }
    const { gradNorm } = optimizer.step(gradients.gradients, {
      lr: learningRate,
      clipNorm: settings.clipNorm,
    });
    return {
      loss: totals.loss / totals.tokens,
      answerLoss: totals.answerLoss / totals.answerTokens,
      gradNorm,
      tokens: totals.tokens,
    };
  } finally {
    gradients.dispose();
  }
}

/** The weight of each target of a sequence: the token after each but the last. */
function targetWeights(sequence: WarmupSequence, promptWeight: number): number[] {
  return sequence.ids
    .slice(1)
    .map((_, i) => (i + 1 >= sequence.answerStart ? 1 : promptWeight) * sequence.weight);
}

function chunks(sequences: readonly WarmupSequence[], limit: number): [number, number][] {
  const bounds: [number, number][] = [];
  let from = 0;
  let room = limit;
  sequences.forEach(({ ids }, i) => {
    if (i > from && ids.length > room) {
      bounds.push([from, i]);
      from = i;
      room = limit;
    }
    room -= ids.length;
  });
  bounds.push([from, sequences.length]);
  return bounds;
}
