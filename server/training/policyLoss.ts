import { k3 } from './kl.js';

/** One value per token: what a policy-gradient loss reads. */
export interface PolicyTokens {
  /** Log-probabilities under the policy as it is now. */
  logProbs: Float32Array;
  /** Log-probabilities that the sampler reported. */
  oldLogProbs: Float32Array;
  /** Log-probabilities under the reference; not read where beta is 0. */
  referenceLogProbs: Float32Array;
  advantages: Float32Array;
  /** From `tokenWeights`: the loss is the weighted sum. */
  weights: Float32Array;
}

export interface PolicyLoss {
  loss: number;
  /** The loss's derivative by each log-probability; each token's loss depends on its own alone. */
  gradient: Float32Array;
  /** Mean k3 per token; null where beta is 0, since nothing was compared with the reference. */
  kl: number | null;
  /** Share of tokens whose ratio was clipped, so that they give no gradient. */
  clipShare: number;
}

/**
 * The clipped policy-gradient loss with a KL term (PPO, Schulman et al. 2017, arXiv 1707.06347, equation 7; GRPO's
 * form of it, Shao et al. 2024, arXiv 2402.03300, equation 3), and its derivative by the log-probabilities:
 *
 *     ratio = exp(logp - old)
 *     loss  = sum of weight * ( -min(ratio * A, clip(ratio, 1 - eps, 1 + eps) * A) + beta * k3(logp, ref) )
 */
export function policyLoss(tokens: PolicyTokens, clip: number, beta: number): PolicyLoss {
  const count = tokens.logProbs.length;
  const gradient = new Float32Array(count);
  let loss = 0;
  let klSum = 0;
  let clipped = 0;
  for (let i = 0; i < count; i++) {
    const advantage = tokens.advantages[i];
    const ratio = Math.exp(tokens.logProbs[i] - tokens.oldLogProbs[i]);
    const bounded = Math.min(Math.max(ratio, 1 - clip), 1 + clip);
    const free = ratio * advantage <= bounded * advantage;
    let value = -(free ? ratio : bounded) * advantage;
    let slope = free ? -ratio * advantage : 0;
    if (!free) {
      clipped++;
    }
    if (beta > 0) {
      const divergence = k3(tokens.logProbs[i], tokens.referenceLogProbs[i]);
      value += beta * divergence.value;
      slope += beta * divergence.slope;
      klSum += divergence.value;
    }
    loss += tokens.weights[i] * value;
    gradient[i] = tokens.weights[i] * slope;
  }
  const share = 1 / Math.max(count, 1);
  return { loss, gradient, kl: beta > 0 ? klSum * share : null, clipShare: clipped * share };
}
