import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkSampling, draw, likeliest } from '../../../server/model/sampling.js';

/** Probabilities that sum to 1, ties and zeros among them. */
const distribution = fc
  .array(fc.oneof(fc.double({ min: 0, max: 30, noNaN: true }), fc.constant(1), fc.constant(200)), {
    minLength: 1,
    maxLength: 40,
  })
  .map((distances) => {
    const weights = distances.map((distance) => Math.exp(-distance));
    const total = weights.reduce((a, b) => a + b, 0);
    return Float32Array.from(weights, (weight) => weight / total);
  })
  .filter((probabilities) => !Number.isNaN(probabilities[0]));
const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function sum(values: Iterable<number>): number {
  return [...values].reduce((a, b) => a + b, 0);
}

test('the likeliest is the first of the largest', () => {
  expect(likeliest(Float32Array.of(0.1, 0.4, 0.1, 0.4))).toBe(1);
});

test('without topP, the uniform number picks by cumulative probability', () => {
  fc.assert(
    fc.property(distribution, uniform, (p, u) => {
      const id = draw(p, 1, u);
      expect(p[id]).toBeGreaterThan(0);
      const below = sum(p.slice(0, id));
      expect(below).toBeLessThanOrEqual(u);
      if (u < 1 - 1e-5) {
        expect(below + p[id]).toBeGreaterThan(u);
      }
    }),
  );
});

test('topP draws from the smallest set of the likeliest that has the mass, in proportion', () => {
  fc.assert(
    fc.property(distribution, fc.double({ min: 0.01, max: 0.999, noNaN: true }), (p, topP) => {
      const order = [...p.keys()].sort((a, b) => p[b] - p[a] || a - b);
      const nucleus: number[] = [];
      while (nucleus.length < p.length && sum(nucleus.map((i) => p[i])) < topP - 1e-9) {
        nucleus.push(order[nucleus.length]);
      }
      const mass = sum(nucleus.map((i) => p[i]));
      fc.pre(Math.abs(mass - topP) > 1e-6 && Math.abs(mass - p[nucleus.at(-1)!] - topP) > 1e-6);
      let below = 0;
      for (const id of nucleus.sort((a, b) => a - b)) {
        if (p[id] > 1e-6) {
          expect(draw(p, topP, (below + p[id] / 2) / mass)).toBe(id);
        }
        below += p[id];
      }
    }),
  );
});

test('frequencies follow the distribution', () => {
  const p = Float32Array.of(0.5, 0.1, 0, 0.4);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 1000; i++) {
    counts[draw(p, 1, (i + 0.5) / 1000)]++;
  }
  expect(counts).toEqual([500, 100, 0, 400]);
  for (let i = 0; i < 900; i++) {
    counts[draw(p, 0.8, (i + 0.5) / 900)]++;
  }
  expect(counts).toEqual([1000, 100, 0, 800]);
});

test('a row of a larger array is read at its own place', () => {
  const rows = Float32Array.of(0.9, 0.1, 0, 0.05, 0.15, 0.8);
  expect(draw(rows.subarray(3), 0.7, 0.5)).toBe(2);
});

test.each([
  { temperature: -1, topP: 1 },
  { temperature: NaN, topP: 1 },
  { temperature: 1, topP: 0 },
  { temperature: 1, topP: 1.1 },
])('refuses %j', (options) => {
  expect(() => checkSampling(options)).toThrow(RangeError);
});
