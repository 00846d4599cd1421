import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advantages, hasZeroSpread } from '../../../server/training/advantage.js';

const close = (actual: number[][], expected: number[][]): void => {
  expect(actual.length).toBe(expected.length);
  actual.forEach((group, i) => {
    expect(group.length).toBe(expected[i].length);
    group.forEach((value, j) => expect(value).toBeCloseTo(expected[i][j], 4));
  });
};

describe('advantages', () => {
  const rewards = [
    [1, 0, 0, 1],
    [0.5, 0.5, 0.5, 0.5],
  ];

  it('grpo: group mean and deviation with n - 1', () => {
    // Mean 0.5, squares 4 x 0.25 = 1, over 3: deviation 0.57735; 0.5 / (0.57735 + 0.0001) = 0.865875.
    close(advantages(rewards, 'grpo'), [
      [0.865875, -0.865875, -0.865875, 0.865875],
      [0, 0, 0, 0],
    ]);
  });

  it('dr_grpo: group mean only', () => {
    close(advantages(rewards, 'dr_grpo'), [
      [0.5, -0.5, -0.5, 0.5],
      [0, 0, 0, 0],
    ]);
  });

  it('rloo: mean of the others', () => {
    // 1 - (0 + 0 + 1) / 3 = 2/3.
    close(advantages(rewards, 'rloo'), [
      [2 / 3, -2 / 3, -2 / 3, 2 / 3],
      [0, 0, 0, 0],
    ]);
  });

  it('reinforce++: mean and deviation of the batch', () => {
    // Mean 0.5, variance (4 x 0.25 + 4 x 0) / 8 = 0.125, deviation 0.353553: 0.5 / 0.353553 = 1.414214.
    close(advantages(rewards, 'reinforce++'), [
      [Math.SQRT2, -Math.SQRT2, -Math.SQRT2, Math.SQRT2],
      [0, 0, 0, 0],
    ]);
  });

  it('reinforce++_baseline: group mean, then the deviation of the batch', () => {
    // Centred: [0.3, -0.3], [0.1, -0.1]; variance (0.09 x 2 + 0.01 x 2) / 4 = 0.05, deviation 0.223607.
    const values = advantages(
      [
        [0.9, 0.3],
        [0.3, 0.1],
      ],
      'reinforce++_baseline',
    );
    close(values, [
      [1.341641, -1.341641],
      [0.447214, -0.447214],
    ]);
  });

  it('gives nothing where no reward differs', () => {
    for (const kind of [
      'reinforce++_baseline',
      'reinforce++',
      'grpo',
      'dr_grpo',
      'rloo',
    ] as const) {
      close(advantages([[0.25, 0.25], [0.25]], kind), [[0, 0], [0]]);
    }
  });

  it('rloo is G / (G - 1) times dr_grpo', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 8 }),
        (group) => {
          const [loo] = advantages([group], 'rloo');
          const [plain] = advantages([group], 'dr_grpo');
          const factor = group.length / (group.length - 1);
          loo.forEach((value, i) => expect(value).toBeCloseTo(plain[i] * factor, 9));
        },
      ),
    );
  });
});

describe('hasZeroSpread', () => {
  it('tells equal rewards from different ones', () => {
    expect(hasZeroSpread([0.5, 0.5])).toBe(true);
    expect(hasZeroSpread([0.5, 0.5001])).toBe(false);
    expect(hasZeroSpread([0])).toBe(true);
  });
});
