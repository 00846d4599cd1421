import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sampler } from '../../../server/model/sampling.js';

const logitsArbitrary = fc
  .array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 40 })
  .map((values) => Float32Array.from(values));
const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function probabilities(logits: Float32Array, temperature: number): number[] {
  const top = Math.max(...logits);
  const weights = [...logits].map((logit) => Math.exp((logit - top) / temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

test('temperature 0 takes the first of the likeliest', () => {
  const sampler = new Sampler(5, { temperature: 0, topP: 1 });
  expect(sampler.sample(Float32Array.of(0, 3, 1, 3, -2), 0.99).id).toBe(1);
});

test('the log-probability is that of temperature 1, whatever was drawn with', () => {
  fc.assert(
    fc.property(
      logitsArbitrary,
      uniform,
      fc.constantFrom(0, 0.3, 1, 2),
      fc.constantFrom(0.5, 1),
      (logits, u, temperature, topP) => {
        const { id, logProb } = new Sampler(logits.length, { temperature, topP }).sample(logits, u);
        expect(logProb).toBeCloseTo(Math.log(probabilities(logits, 1)[id]), 4);
      },
    ),
  );
});

test('without topP, the uniform number picks by cumulative probability', () => {
  fc.assert(
    fc.property(
      logitsArbitrary,
      uniform,
      fc.constantFrom(0.5, 1, 1.7),
      (logits, u, temperature) => {
        const { id } = new Sampler(logits.length, { temperature, topP: 1 }).sample(logits, u);
        const below = probabilities(logits, temperature).slice(0, id);
        const start = below.reduce((a, b) => a + b, 0);
        expect(start).toBeLessThanOrEqual(u + 1e-5);
        expect(start + probabilities(logits, temperature)[id]).toBeGreaterThanOrEqual(u - 1e-5);
      },
    ),
  );
});

test('topP draws only from the smallest set that has the mass', () => {
  fc.assert(
    fc.property(
      logitsArbitrary,
      uniform,
      fc.double({ min: 0.05, max: 0.99, noNaN: true }),
      (logits, u, topP) => {
        const { id } = new Sampler(logits.length, { temperature: 1, topP }).sample(logits, u);
        const p = probabilities(logits, 1);
        const likelier = p.filter((other) => other > p[id] * (1 + 1e-6)).reduce((a, b) => a + b, 0);
        expect(likelier).toBeLessThan(topP + 1e-5);
      },
    ),
  );
});

test('frequencies follow the distribution', () => {
  const logits = Float32Array.of(1, 0, 2, -1);
  const sampler = new Sampler(4, { temperature: 1, topP: 1 });
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 1000; i++) {
    counts[sampler.sample(logits, (i + 0.5) / 1000).id]++;
  }
  probabilities(logits, 1).forEach((p, id) => expect(counts[id] / 1000).toBeCloseTo(p, 2));
});

test('odd options and damaged weights are said', () => {
  expect(() => new Sampler(3, { temperature: -1, topP: 1 })).toThrow(RangeError);
  expect(() => new Sampler(3, { temperature: 1, topP: 0 })).toThrow(RangeError);
  const sampler = new Sampler(3, { temperature: 1, topP: 1 });
  expect(() => sampler.sample(Float32Array.of(1, NaN, 0), 0.5)).toThrow(/no finite logits/);
  expect(() => sampler.sample(Float32Array.of(NaN, NaN, NaN), 0.5)).toThrow(/no finite logits/);
});
