import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random, type RandomState } from '../../../server/util/random.js';

describe('Random', () => {
  it('gives the sequence of xoshiro128** for a known state', () => {
    const random = new Random([1, 2, 3, 4]);
    const words = Array.from({ length: 10 }, () => random.uint32());
    expect(words).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597,
      4258142804,
    ]);
    expect(random.state).toEqual([939045227, 1864939416, 1451579149, 2199351389]);
  });

  it('is the same for the same seed and different for others', () => {
    const first = (seed: number) => new Random(seed).next();
    expect(first(7)).toBe(first(7));
    expect(first(0)).toBe(first(-0));
    const seeds = Array.from({ length: 1000 }, (_, i) => i - 500);
    expect(new Set(seeds.map(first)).size).toBe(1000);
    expect(first(0.5)).not.toBe(first(0));
  });

  it('continues exactly from a saved state, also through JSON', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(50), (seed, skip) => {
        const random = new Random(seed);
        for (let i = 0; i < skip; i++) {
          random.normal();
        }
        const copy = new Random(JSON.parse(JSON.stringify(random.state)) as RandomState);
        const draw = (r: Random) => [r.next(), r.int(10), r.normal(), r.shuffle([1, 2, 3, 4])];
        expect(draw(copy)).toEqual(draw(random));
      }),
    );
  });

  it('is uniform: chi-square over 64 cells for next() and over 7 for int(7)', () => {
    const random = new Random(42);
    const chiSquare = (cells: number, draw: () => number) => {
      const counts = new Array<number>(cells).fill(0);
      const total = 200_000;
      for (let i = 0; i < total; i++) {
        counts[draw()]++;
      }
      const expected = total / cells;
      return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    };
    // 99.99 % points of chi-square with 63 and 6 degrees of freedom.
    expect(chiSquare(64, () => Math.floor(random.next() * 64))).toBeLessThan(112);
    expect(chiSquare(7, () => random.int(7))).toBeLessThan(28);
  });

  it('has no remainder bias where n does not divide 2^32', () => {
    const random = new Random(3);
    const n = 3 * 2 ** 30; // a plain remainder would hit the lowest third twice as often
    let low = 0;
    for (let i = 0; i < 30_000; i++) {
      low += random.int(n) < 2 ** 30 ? 1 : 0;
    }
    expect(low / 30_000).toBeCloseTo(1 / 3, 1);
  });

  it('draws normals of mean 0 and variance 1', () => {
    const random = new Random(1);
    const draws = Array.from({ length: 100_000 }, () => random.normal());
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
    const variance = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
    expect(draws.every(Number.isFinite)).toBe(true);
  });

  it('shuffles to a permutation, every order equally often', () => {
    const random = new Random(9);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const key = random.shuffle(['a', 'b', 'c', 'd']).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const count of counts.values()) {
      expect(Math.abs(count - 1000)).toBeLessThan(160);
    }
  });

  it('refuses what is not a seed, a state or a range', () => {
    expect(() => new Random(NaN)).toThrow(RangeError);
    expect(() => new Random([0, 0, 0, 0])).toThrow(RangeError);
    expect(() => new Random([1, 2, 3, -4])).toThrow(RangeError);
    for (const n of [0, -1, 1.5, 2 ** 33, NaN]) {
      expect(() => new Random(1).int(n)).toThrow(RangeError);
    }
  });
});
