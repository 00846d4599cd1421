import { addonInUse } from '../../tensor/addon.js';
import { toHalves } from '../../util/halfFloat.js';

/** Element types of safetensors, with their sizes in bytes. */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;

export type Dtype = keyof typeof DTYPE_BYTES;

/** The types that floats are written in. */
export type FloatDtype = 'F32' | 'F16' | 'BF16';

export function isDtype(name: unknown): name is Dtype {
  return typeof name === 'string' && Object.hasOwn(DTYPE_BYTES, name);
}

/** Converts little-endian elements to 32-bit floats; `bytes` starts at a multiple of 8 in its buffer. */
type Widen = (bytes: Uint8Array, into: Float32Array) => void;

/** How each type that can be read becomes 32-bit floats. I32 and I64 lose what 24 bits cannot hold. */
export const WIDEN: Readonly<Partial<Record<Dtype, Widen>>> = {
  F32: (bytes, into) => into.set(new Float32Array(bytes.buffer, bytes.byteOffset, into.length)),
  F16: (bytes, into) => {
    const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, into.length);
    const table = halfTable();
    for (let i = 0; i < into.length; i++) {
      into[i] = table[halves[i]];
    }
  },
  BF16: (bytes, into) => {
    const addon = addonInUse();
    if (addon) {
      addon.bfloatsToFloats(bytes.subarray(0, 2 * into.length), into);
      return;
    }
    const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, into.length);
    const words = new Uint32Array(into.buffer, into.byteOffset, into.length);
    for (let i = 0; i < into.length; i++) {
      words[i] = halves[i] << 16;
    }
  },
  I8: (bytes, into) => into.set(new Int8Array(bytes.buffer, bytes.byteOffset, into.length)),
  U8: (bytes, into) => into.set(bytes),
  I32: (bytes, into) => into.set(new Int32Array(bytes.buffer, bytes.byteOffset, into.length)),
  I64: (bytes, into) => {
    const integers = new BigInt64Array(bytes.buffer, bytes.byteOffset, into.length);
    for (let i = 0; i < into.length; i++) {
      into[i] = Number(integers[i]);
    }
  },
};

/** Narrows 32-bit floats to `into`, round to nearest even; NaN stays NaN, what is too large becomes infinite. */
export const NARROW: Readonly<
  Record<'F16' | 'BF16', (from: Float32Array, into: Uint16Array) => void>
> = {
  F16: toHalves,
  BF16: (from, into) => {
    const words = new Uint32Array(from.buffer, from.byteOffset, from.length);
    for (let i = 0; i < from.length; i++) {
      const word = words[i];
      const isNaN = (word & 0x7fffffff) > 0x7f800000;
      // Adding just under a half, and the last kept bit, rounds to nearest even.
      into[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
    }
  },
};

let halves: Float32Array | null = null;

/** The value of each of the 65,536 half floats. */
function halfTable(): Float32Array {
  if (!halves) {
    halves = new Float32Array(0x10000);
    for (let bits = 0; bits < 0x10000; bits++) {
      const exponent = (bits >>> 10) & 0x1f;
      const fraction = bits & 0x3ff;
      let value: number;
      if (exponent === 0) {
        value = fraction * 2 ** -24;
      } else if (exponent === 0x1f) {
        value = fraction === 0 ? Infinity : NaN;
      } else {
        value = (1 + fraction / 1024) * 2 ** (exponent - 15);
      }
      halves[bits] = bits & 0x8000 ? -value : value;
    }
  }
  return halves;
}
