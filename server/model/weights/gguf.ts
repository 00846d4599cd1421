import { writeFileAtomicWith, writeFully } from '../../store/atomic.js';
import { NARROW } from './dtypes.js';

/** How matrices are stored. q8_0: 32 neighbours share a half-precision scale. */
export const GGUF_TYPES = ['f32', 'f16', 'q8_0'] as const;
export type GgufType = (typeof GGUF_TYPES)[number];

/** A value of the file's metadata. */
export type GgufValue =
  | { type: 'uint32' | 'float32'; value: number }
  | { type: 'bool'; value: boolean }
  | { type: 'string'; value: string }
  | { type: 'strings'; value: readonly string[] }
  | { type: 'int32s'; value: readonly number[] };

export interface GgufTensor {
  name: string;
  /** Row-major, outermost first. */
  shape: readonly number[];
  /** q8_0 only where rows are a multiple of 32 long. */
  type: GgufType;
  data: Float32Array;
}

/** Numbers of value types and tensor types in the file. */
const VALUE_TYPE = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
const TENSOR_TYPE: Record<GgufType, number> = { f32: 0, f16: 1, q8_0: 8 };

const ALIGNMENT = 32;
const VERSION = 3;
export const Q8_GROUP = 32;
const Q8_BYTES = 2 + Q8_GROUP;
/** How many elements are converted at once; a multiple of a group. */
const CONVERTED_AT_ONCE = 2 ** 20;

/** Writes a GGUF file of version 3, as llama.cpp reads it, atomically. */
export function writeGguf(
  file: string,
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
): void {
  const header = new Bytes();
  header.text('GGUF');
  header.uint32(VERSION);
  header.uint64(tensors.length);
  header.uint64(metadata.size);
  for (const [key, value] of metadata) {
    header.string(key);
    header.value(value);
  }
  let offset = 0;
  for (const { name, shape, type, data } of tensors) {
    header.string(name);
    header.uint32(shape.length);
    [...shape].reverse().forEach((size) => header.uint64(size));
    header.uint32(TENSOR_TYPE[type]);
    header.uint64(offset);
    offset += aligned(storedBytes(type, data.length));
  }
  writeFileAtomicWith(file, (fd) => {
    const start = header.bytes();
    writeFully(fd, start);
    writeFully(fd, new Uint8Array(aligned(start.length) - start.length));
    for (const { type, data } of tensors) {
      for (let done = 0; done < data.length; done += CONVERTED_AT_ONCE) {
        writeFully(fd, convert(type, data.subarray(done, done + CONVERTED_AT_ONCE)));
      }
      const size = storedBytes(type, data.length);
      writeFully(fd, new Uint8Array(aligned(size) - size));
    }
  });
}

function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

function storedBytes(type: GgufType, count: number): number {
  return type === 'q8_0' ? (count / Q8_GROUP) * Q8_BYTES : count * (type === 'f16' ? 2 : 4);
}

function convert(type: GgufType, data: Float32Array): Uint8Array {
  if (type === 'f32') {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (type === 'q8_0') {
    return toQ8(data);
  }
  const halves = new Uint16Array(data.length);
  NARROW.F16(data, halves);
  return new Uint8Array(halves.buffer);
}

/** Each group: the largest magnitude over 127 in half precision, then the values over it, rounded away from zero. */
function toQ8(data: Float32Array): Uint8Array {
  const groups = data.length / Q8_GROUP;
  const out = new Uint8Array(groups * Q8_BYTES);
  const scales = Float32Array.from({ length: groups }, (_, g) => {
    let top = 0;
    for (let i = g * Q8_GROUP; i < (g + 1) * Q8_GROUP; i++) {
      top = Math.max(top, Math.abs(data[i]));
    }
    return top / 127;
  });
  const halves = new Uint16Array(groups);
  NARROW.F16(scales, halves);
  for (let g = 0; g < groups; g++) {
    const at = g * Q8_BYTES;
    out[at] = halves[g] & 255;
    out[at + 1] = halves[g] >> 8;
    const inverse = scales[g] > 0 ? 1 / scales[g] : 0;
    for (let i = 0; i < Q8_GROUP; i++) {
      const x = data[g * Q8_GROUP + i] * inverse;
      out[at + 2 + i] = Math.sign(x) * Math.round(Math.abs(x));
    }
  }
  return out;
}

/** Little-endian bytes that grow. */
class Bytes {
  private readonly parts: Uint8Array[] = [];

  bytes(): Uint8Array {
    return Buffer.concat(this.parts);
  }

  text(value: string): void {
    this.parts.push(Buffer.from(value, 'utf8'));
  }

  string(value: string): void {
    const bytes = Buffer.from(value, 'utf8');
    this.uint64(bytes.length);
    this.parts.push(bytes);
  }

  uint32(value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    this.parts.push(bytes);
  }

  uint64(value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    this.parts.push(bytes);
  }

  value(each: GgufValue): void {
    switch (each.type) {
      case 'uint32':
        this.uint32(VALUE_TYPE.uint32);
        this.uint32(each.value);
        break;
      case 'float32':
        this.uint32(VALUE_TYPE.float32);
        this.parts.push(Buffer.from(Float32Array.of(each.value).buffer));
        break;
      case 'bool':
        this.uint32(VALUE_TYPE.bool);
        this.parts.push(Uint8Array.of(each.value ? 1 : 0));
        break;
      case 'string':
        this.uint32(VALUE_TYPE.string);
        this.string(each.value);
        break;
      case 'strings':
        this.array(VALUE_TYPE.string, each.value.length);
        each.value.forEach((text) => this.string(text));
        break;
      case 'int32s':
        this.array(VALUE_TYPE.int32, each.value.length);
        this.parts.push(new Uint8Array(Int32Array.from(each.value).buffer));
        break;
    }
  }

  private array(type: number, length: number): void {
    this.uint32(VALUE_TYPE.array);
    this.uint32(type);
    this.uint64(length);
  }
}
