/** The farthest apart that two log-probabilities count as: exp of more would drown all other tokens. */
const FARTHEST = 10;

/**
 * The k3 estimator of KL(policy || reference) from one sampled token (Schulman 2020, "Approximating KL divergence";
 * GRPO, arXiv 2402.03300, equation 4): exp(ref - p) - (ref - p) - 1. It is never negative and unbiased.
 * @returns its value, and its derivative by the policy's log-probability: 1 - exp(ref - p)
 */
export function k3(logProb: number, reference: number): { value: number; slope: number } {
  const gap = reference - logProb;
  if (gap > FARTHEST) {
    const top = Math.exp(FARTHEST);
    return { value: top - FARTHEST - 1, slope: 1 - top };
  }
  const ratio = Math.exp(gap);
  return { value: ratio - gap - 1, slope: 1 - ratio };
}
