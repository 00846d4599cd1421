/** What a step of reinforcement learning reports; one JSON line each. Shares are in [0, 1], times in seconds. */
export interface StepMetrics {
  phase: 'learning';
  step: number;
  /** Mean and deviation of the rewards of docs and of codes. */
  docReward: number;
  docRewardDeviation: number;
  codeReward: number;
  codeRewardDeviation: number;
  /** Mean similarity of the codes as it is; the reward counts from that of an empty body up. */
  similarity: number;
  /** Groups whose samples all had the same reward. */
  zeroSpreadDocs: number;
  zeroSpreadCodes: number;
  /** Units none of whose groups had a spread. */
  zeroSpreadUnits: number;
  /** This one and the next five are null where no group had a spread: nothing was updated. */
  loss: number | null;
  /** Mean k3 per token against the reference; null also where beta is 0. */
  kl: number | null;
  /** Mean entropy per sampled token, nats. */
  entropy: number | null;
  clipShare: number | null;
  gradNorm: number | null;
  /** Largest difference of the sampler's log-probabilities from those of the forward pass. */
  samplerGap: number | null;
  learningRate: number;
  docTokens: number;
  codeTokens: number;
  truncatedDocs: number;
  truncatedCodes: number;
  /** Docs with R_doc 1, and with R_doc above 0. */
  wholeDocs: number;
  validDocs: number;
  leakRate: number;
  parseRate: number;
  /** Of the docs that the reference re-read: mean similarity of what each reader rebuilt; null without such a doc. */
  rereadTrained: number | null;
  rereadFrozen: number | null;
  /** The first less the second. */
  frozenGap: number | null;
  rolloutTokensPerSecond: number;
  trainingTokensPerSecond: number;
  seconds: {
    documents: number;
    codes: number;
    scores: number;
    reread: number;
    reference: number;
    update: number;
  };
}

/** What a step of warm-up reports. */
interface WarmupMetrics {
  phase: 'warm-up';
  step: number;
  epoch: number;
  /** Nats per token of the answers, and of all tokens. */
  answerLoss: number;
  loss: number;
  gradNorm: number;
  learningRate: number;
  tokens: number;
  tokensPerSecond: number;
}

export type Metrics = StepMetrics | WarmupMetrics;

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The population's deviation. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}

/** The share of the items that the test holds for. */
export function shareOf<T>(items: readonly T[], test: (item: T) => boolean): number {
  return items.length === 0 ? 0 : items.filter(test).length / items.length;
}
