import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NARROW, WIDEN, type FloatDtype } from '../../../server/model/weights/dtypes.js';
import { nativeAddon } from '../../../server/tensor/addon.js';

function narrow(dtype: 'F16' | 'BF16', value: number): number {
  const into = new Uint16Array(1);
  NARROW[dtype](new Float32Array([value]), into);
  return into[0];
}

function widen(dtype: FloatDtype, bits: number): number {
  const into = new Float32Array(1);
  WIDEN[dtype]?.(new Uint8Array(new Uint16Array([bits]).buffer), into);
  return into[0];
}

describe.each(['F16', 'BF16'] as const)('%s', (dtype) => {
  it('comes back bit for bit: all 65,536 values', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = widen(dtype, bits);
      if (Number.isNaN(value)) {
        expect(widen(dtype, narrow(dtype, value))).toBeNaN();
      } else {
        expect(narrow(dtype, value)).toBe(bits);
      }
    }
  });

  it('is rounded to the nearest value, ties to even', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const bits = narrow(dtype, value);
        const rounded = widen(dtype, bits);
        if (!Number.isFinite(rounded)) {
          // Half of the last step beyond the largest finite value.
          const limit = dtype === 'F16' ? 65520 : 2 ** 128 * (1 - 2 ** -9);
          expect(Math.abs(value)).toBeGreaterThanOrEqual(limit);
          return;
        }
        const error = Math.abs(rounded - value);
        for (const neighbour of [bits - 1, bits + 1]) {
          const other = Math.abs(widen(dtype, neighbour & 0xffff) - value);
          if (Number.isFinite(other)) {
            expect(error < other || (error === other && bits % 2 === 0) || other === 0).toBe(true);
          }
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('keeps signs, infinities and NaN', () => {
    for (const value of [0, -0, Infinity, -Infinity, NaN]) {
      expect(widen(dtype, narrow(dtype, value))).toBe(value);
    }
    const signalling = new Float32Array(new Uint32Array([0x7f800001]).buffer);
    const into = new Uint16Array(1);
    NARROW[dtype](signalling, into);
    expect(widen(dtype, into[0])).toBeNaN();
  });
});

it('the addon widens BF16 as JavaScript does, bit for bit, many at a time', () => {
  const count = 0x10000 * 3 + 1;
  const halves = Uint16Array.from({ length: count }, (_, i) => i % 0x10000);
  const bytes = new Uint8Array(halves.buffer);
  const [into, expected] = [new Float32Array(count + 1), new Float32Array(count)];
  nativeAddon().bfloatsToFloats(bytes, into.subarray(1));
  WIDEN.BF16!(bytes, expected);
  expect(new Uint32Array(into.buffer, 4)).toEqual(new Uint32Array(expected.buffer));
  expect(() => nativeAddon().bfloatsToFloats(bytes, expected.subarray(1))).toThrow('outside');
});
