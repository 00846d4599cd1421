import type { Validity } from './validity.js';

/** The samples of one doc: its validity and the similarity of each code made from it. */
export interface Sampled {
  validity: Validity;
  similarities: readonly number[];
}

/**
 * The reward of a doc: R_doc times the mean similarity of its reconstructions (BatCoder, arXiv 2602.02554,
 * R = R_sim x R_doc; the mean over K codes is ours). Without a reconstruction it is 0.
 */
export function docReward(sampled: Sampled): number {
  const count = sampled.similarities.length;
  const sum = sampled.similarities.reduce((total, similarity) => total + similarity, 0);
  return count === 0 ? 0 : (sampled.validity * sum) / count;
}

/** The reward of a code: its similarity alone, since R_doc is the same for all codes of a doc. */
export function codeRewards(sampled: Sampled): number[] {
  return [...sampled.similarities];
}
