import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenWeights } from '../../../server/training/aggregation.js';
import { k3 } from '../../../server/training/kl.js';
import { policyLoss, type PolicyTokens } from '../../../server/training/policyLoss.js';

const tokens = (rows: [number, number, number, number, number][]): PolicyTokens => ({
  logProbs: Float32Array.from(rows, (row) => row[0]),
  oldLogProbs: Float32Array.from(rows, (row) => row[1]),
  referenceLogProbs: Float32Array.from(rows, (row) => row[2]),
  advantages: Float32Array.from(rows, (row) => row[3]),
  weights: Float32Array.from(rows, (row) => row[4]),
});

describe('k3', () => {
  it('is exp(d) - d - 1 with d = ref - p', () => {
    // d = -1 - -2 = 1: e - 2 = 0.718282, slope 1 - e.
    expect(k3(-2, -1).value).toBeCloseTo(Math.E - 2, 12);
    expect(k3(-2, -1).slope).toBeCloseTo(1 - Math.E, 12);
    expect(k3(-1, -1)).toEqual({ value: 0, slope: 0 });
  });

  it('is never negative', () => {
    const logProb = fc.double({ min: -20, max: 0, noNaN: true });
    fc.assert(
      fc.property(logProb, logProb, (p, ref) => {
        expect(k3(p, ref).value).toBeGreaterThan(-1e-12);
      }),
    );
  });
});

describe('policyLoss', () => {
  it('is the plain policy gradient while the policy has not moved', () => {
    const result = policyLoss(
      tokens([
        [-1, -1, -1, 2, 0.5],
        [-3, -3, -3, -1, 0.25],
      ]),
      0.2,
      0,
    );
    // -(2 x 0.5) - (-1 x 0.25) = -0.75.
    expect(result.loss).toBeCloseTo(-0.75, 6);
    expect([...result.gradient]).toEqual([-1, 0.25]);
    expect(result.clipShare).toBe(0);
  });

  it('clips only where that lowers the gain', () => {
    const up = Math.log(1.5);
    const result = policyLoss(
      tokens([
        [up, 0, 0, 1, 1], // ratio 1.5, A 1: min(1.5, 1.2) = 1.2, no gradient
        [up, 0, 0, -1, 1], // ratio 1.5, A -1: min(-1.5, -1.2) = -1.5, gradient
        [-up, 0, 0, 1, 1], // ratio 0.667, A 1: min(0.667, 0.8), gradient
        [-up, 0, 0, -1, 1], // ratio 0.667, A -1: min(-0.667, -0.8) = -0.8, no gradient
      ]),
      0.2,
      0,
    );
    expect(result.loss).toBeCloseTo(-1.2 + 1.5 - 2 / 3 + 0.8, 5);
    expect(result.gradient[0]).toBe(0);
    expect(result.gradient[1]).toBeCloseTo(1.5, 5);
    expect(result.gradient[2]).toBeCloseTo(-2 / 3, 5);
    expect(result.gradient[3]).toBe(0);
    expect(result.clipShare).toBe(0.5);
  });

  it('adds beta times k3', () => {
    const result = policyLoss(tokens([[-2, -2, -1, 0, 1]]), 0.2, 0.1);
    expect(result.loss).toBeCloseTo(0.1 * (Math.E - 2), 6);
    expect(result.kl).toBeCloseTo(Math.E - 2, 6);
    expect(result.gradient[0]).toBeCloseTo(0.1 * (1 - Math.E), 6);
  });

  it('has the gradient of its own loss', () => {
    const value = fc.double({ min: -4, max: -0.1, noNaN: true });
    const advantage = fc.double({ min: -2, max: 2, noNaN: true });
    fc.assert(
      fc.property(value, value, value, advantage, (p, old, ref, a) => {
        const at = (logProb: number): number => {
          const ratio = Math.exp(logProb - old);
          const bounded = Math.min(Math.max(ratio, 0.8), 1.2);
          const gap = ref - logProb;
          return -Math.min(ratio * a, bounded * a) + 0.05 * (Math.exp(gap) - gap - 1);
        };
        const ratio = Math.exp(p - old);
        fc.pre(
          Math.abs(ratio - 0.8) > 1e-3 &&
            Math.abs(ratio - 1.2) > 1e-3 &&
            ratio < 20 &&
            ref - p < 3.5,
        );
        const numeric = (at(p + 1e-5) - at(p - 1e-5)) / 2e-5;
        const { gradient } = policyLoss(tokens([[p, old, ref, a, 1]]), 0.2, 0.05);
        expect(Math.abs(gradient[0] - numeric)).toBeLessThan(1e-3 * Math.max(1, Math.abs(numeric)));
      }),
    );
  });
});

describe('tokenWeights', () => {
  it('dapo: every token the same', () => {
    expect(tokenWeights([1, 3], 'dapo', 10)).toEqual([0.25, 0.25]);
  });
  it('dr_grpo: divides by the longest allowed', () => {
    expect(tokenWeights([1, 3], 'dr_grpo', 10)).toEqual([0.05, 0.05]);
  });
  it('grpo: every completion the same', () => {
    expect(tokenWeights([1, 4], 'grpo', 10)).toEqual([0.5, 0.125]);
  });
});
