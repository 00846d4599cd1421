/** Narrows 32-bit floats to 16 bits, round to nearest even; NaN stays NaN, what is too large becomes infinite. */
export function toHalves(from: Float32Array, into: Uint16Array): void {
  const words = new Uint32Array(from.buffer, from.byteOffset, from.length);
  for (let i = 0; i < from.length; i++) {
    into[i] = toHalf(words[i], from[i]);
  }
}

function toHalf(word: number, value: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    return sign | 0x7e00;
  }
  // From 2^16 on: infinite.
  if (magnitude >= 0x47800000) {
    return sign | 0x7c00;
  }
  // Below 2^-14: a multiple of 2^-24; adding and taking away 2^52 rounds a double to nearest even.
  if (magnitude < 0x38800000) {
    return sign | (Math.abs(value) * 2 ** 24 + 2 ** 52 - 2 ** 52);
  }
  const kept = (magnitude - 0x38000000) >>> 13;
  const rest = magnitude & 0x1fff;
  const up = rest > 0x1000 || (rest === 0x1000 && (kept & 1) === 1);
  // A carry into the exponent is right, up to infinity.
  return sign | (up ? kept + 1 : kept);
}
