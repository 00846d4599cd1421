export type QuantizedKind = 'int8' | 'int4';

/** Neighbours of a row that share a scale in 4-bit weights. */
export const INT4_GROUP = 32;

/** The numbers of native/weights.h. */
export const WEIGHT_KINDS = { f32: 0, int8: 1, int4: 2 } as const;

/**
 * A frozen weight matrix in 8 or 4 bits. int8: each row has one scale, values are in [-127, 127]. int4: every 32
 * neighbours of a row have one, and lie in 16 bytes: byte j holds value j in its low half and value j + 16 in its
 * high half, each plus 8.
 */
export class QuantizedMatrix {
  constructor(
    readonly kind: QuantizedKind,
    /** [out, in] */
    readonly shape: readonly [number, number],
    /** Int8Array for int8, Uint8Array for int4. */
    readonly values: Int8Array | Uint8Array,
    /** [out], or [out, in / 32] */
    readonly scales: Float32Array,
  ) {
    const [out, input] = shape;
    const int8 = kind === 'int8';
    if (!int8 && input % INT4_GROUP !== 0) {
      throw new Error(`4-bit weights need rows of a multiple of ${INT4_GROUP}, not of ${input}.`);
    }
    const fits =
      values instanceof (int8 ? Int8Array : Uint8Array) &&
      values.length === (out * input) / (int8 ? 1 : 2) &&
      scales.length === (int8 ? out : (out * input) / INT4_GROUP);
    if (!fits) {
      throw new Error(
        `An ${kind} matrix [${shape.join(', ')}] cannot have ${values.length} values and ${scales.length} scales.`,
      );
    }
  }

  /**
   * Rounds to the nearest: int8 by the largest magnitude of each row; int4 by the value of the largest magnitude in
   * each group, which becomes -8.
   * @param values [out, in]
   */
  static quantize(
    values: Float32Array,
    shape: readonly [number, number],
    kind: QuantizedKind,
  ): QuantizedMatrix {
    return kind === 'int8' ? toInt8(values, shape) : toInt4(values, shape);
  }

  /** The matrix that these integers stand for, [out, in]. */
  dequantize(): Float32Array {
    const { values, scales } = this;
    const [out, input] = this.shape;
    const result = new Float32Array(out * input);
    if (this.kind === 'int8') {
      for (let i = 0; i < result.length; i++) {
        result[i] = values[i] * scales[Math.floor(i / input)];
      }
      return result;
    }
    for (let pair = 0; pair < values.length; pair++) {
      const group = pair >> 4;
      const at = group * INT4_GROUP + (pair & 15);
      result[at] = ((values[pair] & 15) - 8) * scales[group];
      result[at + 16] = ((values[pair] >> 4) - 8) * scales[group];
    }
    return result;
  }
}

function toInt8(values: Float32Array, shape: readonly [number, number]): QuantizedMatrix {
  const [out, input] = shape;
  const integers = new Int8Array(out * input);
  const scales = new Float32Array(out);
  for (let row = 0; row < out; row++) {
    let top = 0;
    for (let i = row * input; i < (row + 1) * input; i++) {
      top = Math.max(top, Math.abs(values[i]));
    }
    scales[row] = top / 127;
    const inverse = scales[row] > 0 ? 1 / scales[row] : 0;
    for (let i = row * input; i < (row + 1) * input; i++) {
      integers[i] = Math.max(-127, Math.min(127, Math.round(values[i] * inverse)));
    }
  }
  return new QuantizedMatrix('int8', shape, integers, scales);
}

function toInt4(values: Float32Array, shape: readonly [number, number]): QuantizedMatrix {
  const [out, input] = shape;
  const groups = (out * input) / INT4_GROUP;
  const pairs = new Uint8Array((out * input) / 2);
  const scales = new Float32Array(groups);
  for (let group = 0; group < groups; group++) {
    let top = 0;
    for (let i = 0; i < INT4_GROUP; i++) {
      const value = values[group * INT4_GROUP + i];
      top = Math.abs(value) > Math.abs(top) ? value : top;
    }
    scales[group] = top === 0 ? 0 : top / -8;
    const inverse = scales[group] === 0 ? 0 : 1 / scales[group];
    const four = (at: number): number =>
      Math.max(0, Math.min(15, Math.round(values[group * INT4_GROUP + at] * inverse) + 8));
    for (let i = 0; i < 16; i++) {
      pairs[group * 16 + i] = four(i) | (four(i + 16) << 4);
    }
  }
  return new QuantizedMatrix('int4', shape, pairs, scales);
}
