import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { passAtK } from '../../../server/training/suite/passAtK.js';

describe('passAtK', () => {
  it('agrees with numbers worked by hand', () => {
    expect(passAtK(5, 2, 1)).toBeCloseTo(2 / 5, 12);
    // 1 - C(3, 2) / C(5, 2)
    expect(passAtK(5, 2, 2)).toBeCloseTo(1 - 3 / 10, 12);
    // 1 - C(7, 5) / C(10, 5)
    expect(passAtK(10, 3, 5)).toBeCloseTo(1 - 21 / 252, 12);
    expect(passAtK(10, 0, 10)).toBe(0);
    expect(passAtK(10, 1, 10)).toBe(1);
    expect(passAtK(200, 200, 100)).toBe(1);
  });

  it('is the share of the draws of k that hold a right one', () => {
    const cases = fc
      .integer({ min: 1, max: 8 })
      .chain((n) =>
        fc.tuple(fc.constant(n), fc.integer({ min: 0, max: n }), fc.integer({ min: 1, max: n })),
      );
    fc.assert(
      fc.property(cases, ([n, c, k]) => {
        let [draws, right] = [0, 0];
        for (let set = 0; set < 2 ** n; set++) {
          const drawn = Array.from({ length: n }, (_, i) => (set >> i) & 1);
          if (drawn.reduce((a, b) => a + b) === k) {
            draws++;
            right += drawn.slice(0, c).includes(1) ? 1 : 0;
          }
        }
        expect(passAtK(n, c, k)).toBeCloseTo(right / draws, 10);
      }),
    );
  });

  it('refuses what is no draw', () => {
    expect(() => passAtK(5, 2, 6)).toThrow(RangeError);
    expect(() => passAtK(5, 6, 1)).toThrow(RangeError);
    expect(() => passAtK(5, 2, 0)).toThrow(RangeError);
  });
});
