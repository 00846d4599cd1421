import type { Random } from '../../util/random.js';

/** Some rows of a vocabulary that stand for all of it. */
export interface VocabularySample {
  /** [S], ascending. */
  ids: Int32Array;
  /** [S], added to the logits: -log of the chance that the row had. */
  shift: Float32Array;
  /** [N], the targets as places in `ids`; negative ones as they were. */
  targets: Int32Array;
}

/** Gathering the rows and their gradients has its cost, too. */
const LEAST_FACTOR = 1.5;

/**
 * Draws the rows that a softmax over the vocabulary is estimated with: every target, and each other token with a
 * chance that falls with its id, as byte pair ids are by falling frequency. With the shift, the mean of the sum of
 * e^logit over all draws is the true one (Jean et al. 2015, arXiv 1412.2007, section 3; each token drawn by itself).
 * @param targets [N]
 * @param count how many of the other rows are drawn, about; at least 1
 * @returns null where the vocabulary is not much larger than that: then all of it costs less
 */
export function sampleVocabulary(
  targets: Int32Array,
  vocab: number,
  count: number,
  random: Random,
): VocabularySample | null {
  if (vocab < LEAST_FACTOR * count) {
    return null;
  }
  const sure = sureRows(vocab, count);
  const place = new Int32Array(vocab).fill(-1);
  for (const target of targets) {
    if (target >= 0) {
      place[target] = 0;
    }
  }
  const ids: number[] = [];
  const shift: number[] = [];
  for (let id = 0; id < vocab; id++) {
    const chance = Math.min(1, sure / (id + 1));
    const drawn = random.next() < chance;
    if (drawn || place[id] === 0) {
      shift.push(place[id] === 0 ? 0 : -Math.log(chance));
      place[id] = ids.length;
      ids.push(id);
    }
  }
  return {
    ids: Int32Array.from(ids),
    shift: Float32Array.from(shift),
    targets: targets.map((target) => (target < 0 ? target : place[target])),
  };
}

/** The s for which the chances min(1, s / (id + 1)) add up to `count`, to within a row. */
function sureRows(vocab: number, count: number): number {
  let [low, high] = [0, vocab];
  while (high - low > 0.5) {
    const s = (low + high) / 2;
    const sum = s < 1 ? s * (1 + Math.log(vocab)) : s * (1 + Math.log(vocab / s));
    [low, high] = sum < count ? [s, high] : [low, s];
  }
  return high;
}
