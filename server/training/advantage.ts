/** How rewards become advantages; `reinforce++_baseline` is the default. */
export const ADVANTAGES = [
  'reinforce++_baseline',
  'reinforce++',
  'grpo',
  'dr_grpo',
  'rloo',
] as const;
export type AdvantageKind = (typeof ADVANTAGES)[number];

/** Added to a group's deviation before dividing, so that equal rewards do not blow up (GRPO as trl has it). */
const GROUP_EPSILON = 1e-4;
/** The least variance of a batch that is divided by. */
const LEAST_VARIANCE = 1e-8;

/**
 * Advantages of one direction.
 *
 * - `reinforce++_baseline`: the group's mean is subtracted, then the batch's deviation divides
 *   (REINFORCE++, Hu et al. 2025, arXiv 2501.03262, the variant with a group baseline).
 * - `reinforce++`: the batch's mean and deviation only (the same, section 3).
 * - `grpo`: the group's mean and deviation, n - 1 in the denominator (Shao et al. 2024, arXiv 2402.03300, section 4.1).
 * - `dr_grpo`: the group's mean only (Liu et al. 2025, arXiv 2503.20783, section 3.2).
 * - `rloo`: the mean of the other samples of the group (Ahmadian et al. 2024, arXiv 2402.14740, section 3).
 *
 * @param rewards one list per group: the samples of one prompt
 * @returns advantages in the same shape; a group of one has 0 wherever the group is the baseline
 */
export function advantages(
  rewards: readonly (readonly number[])[],
  kind: AdvantageKind,
): number[][] {
  switch (kind) {
    case 'grpo':
      return rewards.map((group) => {
        const mean = meanOf(group);
        const deviation = sampleDeviation(group);
        return group.map((reward) => (reward - mean) / (deviation + GROUP_EPSILON));
      });
    case 'dr_grpo':
      return rewards.map(centred);
    case 'rloo':
      return rewards.map((group) => {
        const sum = group.reduce((total, reward) => total + reward, 0);
        return group.map((reward) =>
          group.length < 2 ? 0 : reward - (sum - reward) / (group.length - 1),
        );
      });
    case 'reinforce++':
      return scaledByBatch(rewards.map((group) => [...group]));
    case 'reinforce++_baseline':
      return scaledByBatch(rewards.map(centred));
  }
}

function scaledByBatch(values: number[][]): number[][] {
  const flat = values.flat();
  const mean = meanOf(flat);
  const variance = meanOf(flat.map((value) => (value - mean) ** 2));
  const scale = 1 / Math.sqrt(Math.max(variance, LEAST_VARIANCE));
  return values.map((group) => group.map((value) => (value - mean) * scale));
}

function centred(group: readonly number[]): number[] {
  const mean = meanOf(group);
  return group.map((value) => value - mean);
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sampleDeviation(values: readonly number[]): number {
  if (values.length < 2) {
    return 0;
  }
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** Whether all samples of a group have the same reward: then it teaches nothing. */
export function hasZeroSpread(group: readonly number[]): boolean {
  return group.every((reward) => Math.abs(reward - group[0]) < 1e-9);
}
