/** How the losses of tokens become one number. */
export const AGGREGATIONS = ['dapo', 'dr_grpo', 'grpo'] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

/**
 * The weight of each token's loss, one number per completion.
 *
 * - `dapo`: every token of the batch counts the same: 1 / all tokens (Yu et al. 2025, arXiv 2503.14476, section 3.3).
 * - `dr_grpo`: 1 / (completions x longest allowed), so that length earns nothing (Liu et al. 2025, arXiv 2503.20783).
 * - `grpo`: every completion counts the same: 1 / (completions x own tokens); it favours short right answers.
 *
 * @param lengths tokens of each completion
 * @param longest the cap on a completion's tokens
 */
export function tokenWeights(
  lengths: readonly number[],
  kind: Aggregation,
  longest: number,
): number[] {
  switch (kind) {
    case 'dapo': {
      const total = lengths.reduce((sum, length) => sum + length, 0);
      return lengths.map(() => 1 / Math.max(total, 1));
    }
    case 'dr_grpo':
      return lengths.map(() => 1 / (lengths.length * Math.max(longest, 1)));
    case 'grpo':
      return lengths.map((length) => 1 / (lengths.length * Math.max(length, 1)));
  }
}
