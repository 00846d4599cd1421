import {
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readSafetensors,
  writeSafetensors,
  type TensorData,
} from '../../../server/model/weights/safetensors.js';
import { UserError } from '../../../server/util/errors.js';
import { bits, fileBytes, temporaryFolder } from './support.js';

const GOLDENS = join(import.meta.dirname, '../../goldens');
const golden = JSON.parse(readFileSync(join(GOLDENS, 'small.safetensors.json'), 'utf8')) as Record<
  'f32' | 'f16' | 'f16Bits' | 'bf16' | 'bf16Bits',
  number[]
>;
const folder = temporaryFolder();
const file = join(folder, 'x.safetensors');

describe('a file of the reference library', () => {
  it('is read with its values, shapes, types and metadata', () => {
    const weights = readSafetensors(join(GOLDENS, 'small.safetensors'));
    const read = (name: string) => weights.tensors.get(name)?.read() as Float32Array;
    expect(weights.metadata).toEqual({ format: 'pt', naïve: '漢字' });
    expect(bits(read('f32'))).toEqual(golden.f32);
    expect(bits(read('f16'))).toEqual(golden.f16);
    expect(bits(read('bf16'))).toEqual(golden.bf16);
    expect([...read('i8')]).toEqual([-128, 0, 127]);
    expect([...read('u8')]).toEqual([0, 128, 255]);
    expect([...read('i32')]).toEqual([-(2 ** 31), 2 ** 24]);
    expect([...read('i64')]).toEqual([-3, 2 ** 40]);
    expect([...read('empty')]).toEqual([]);
    expect([...read('scalar')]).toEqual([2.5]);
    expect([...read('__proto__')]).toEqual([-7]);
    expect(weights.tensors.get('bf16')).toMatchObject({ dtype: 'BF16', shape: [8, 5] });
    expect(weights.tensors.get('scalar')?.shape).toEqual([]);
    expect(() => read('f64')).toThrow(/small\.safetensors.*"f64".*F64/);
    weights.close();
  });

  it('rounds to half and brain floats as numpy does', () => {
    const data = new Float32Array(new Uint32Array(golden.f32).buffer);
    for (const dtype of ['F16', 'BF16'] as const) {
      writeSafetensors(file, new Map([['x', { shape: [data.length], data, dtype }]]));
      const bytes = readFileSync(file);
      const words = new Uint16Array(new Uint8Array(bytes.subarray(-2 * data.length)).buffer);
      expect([...words]).toEqual(dtype === 'F16' ? golden.f16Bits : golden.bf16Bits);
    }
  });
});

describe('writeSafetensors', () => {
  it('is read back bit for bit', () => {
    const tensor = fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        data: fc.float32Array({
          minLength: shape.reduce((a, b) => a * b, 1),
          maxLength: shape.reduce((a, b) => a * b, 1),
          noNaN: true,
        }),
      }),
    );
    const name = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant('__proto__'));
    const all = fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key });
    fc.assert(
      fc.property(all, fc.dictionary(fc.string(), fc.string()), (entries, metadata) => {
        fc.pre(entries.every(([key]) => key !== '__metadata__'));
        writeSafetensors(file, new Map(entries), metadata);
        const weights = readSafetensors(file);
        expect({ ...weights.metadata }).toEqual({ ...metadata });
        expect([...weights.tensors.keys()].sort()).toEqual(entries.map(([key]) => key).sort());
        for (const [key, { shape, data }] of entries) {
          const found = weights.tensors.get(key);
          expect(found?.shape).toEqual(shape);
          expect(bits(found?.read() as Float32Array)).toEqual(bits(data));
        }
        weights.close();
      }),
    );
  });

  it('writes part of a larger array, types mixed, all elements aligned', () => {
    const whole = Float32Array.from({ length: 10 }, (_, i) => i);
    const tensors = new Map<string, TensorData>([
      ['half', { shape: [3], data: whole.subarray(1, 4), dtype: 'F16' }],
      ['brain', { shape: [1, 2], data: whole.subarray(4, 6), dtype: 'BF16' }],
      ['full', { shape: [3], data: whole.subarray(6, 9) }],
    ]);
    writeSafetensors(file, tensors);
    const bytes = readFileSync(file);
    expect(Number(bytes.readBigUInt64LE()) % 8).toBe(0);
    const weights = readSafetensors(file);
    expect(weights.metadata).toEqual({ format: 'pt' });
    expect([...(weights.tensors.get('half')?.read() ?? [])]).toEqual([1, 2, 3]);
    expect([...(weights.tensors.get('brain')?.read() ?? [])]).toEqual([4, 5]);
    expect([...(weights.tensors.get('full')?.read() ?? [])]).toEqual([6, 7, 8]);
    weights.close();
  });

  it('converts more elements than fit in one piece', () => {
    const data = Float32Array.from({ length: 2 ** 20 * 2 + 3 }, (_, i) => i % 251);
    for (const dtype of ['F32', 'F16', 'BF16'] as const) {
      writeSafetensors(file, new Map([['x', { shape: [data.length], data, dtype }]]));
      const weights = readSafetensors(file);
      const read = weights.tensors.get('x')?.read() as Float32Array;
      expect(Buffer.compare(Buffer.from(read.buffer), Buffer.from(data.buffer))).toBe(0);
      weights.close();
    }
  });

  it('refuses data that does not fit the shape, and leaves the old file', () => {
    writeSafetensors(file, new Map([['x', { shape: [1], data: new Float32Array([5]) }]]));
    const before = readFileSync(file);
    for (const shape of [[2], [1, -1], [0.5, 2]]) {
      const tensors = new Map([['x', { shape, data: new Float32Array(1) }]]);
      expect(() => writeSafetensors(file, tensors)).toThrow(/"x".*1 elements/);
    }
    const reserved = new Map([['__metadata__', { shape: [1], data: new Float32Array(1) }]]);
    expect(() => writeSafetensors(file, reserved)).toThrow(/__metadata__/);
    expect(readFileSync(file)).toEqual(before);
    expect(readdirSync(folder)).toEqual(['x.safetensors']);
  });
});

describe('a file that is not sound', () => {
  const f32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [begin, end],
  });
  const eight = new Uint8Array(8);

  it.each<[string, Buffer, RegExp]>([
    ['empty', Buffer.alloc(0), /0 bytes long/],
    ['a length only', Buffer.alloc(8), /not JSON/],
    ['a header longer than the file', fileBytes('{}', eight, 1000n), /1000 bytes/],
    ['a header of 2^63 bytes', fileBytes('{}', eight, 2n ** 63n), /header/],
    ['a header that is no JSON', fileBytes('{"a":', eight), /not JSON/],
    ['a header that is no UTF-8', fileBytes('{}', eight, 10n), /not JSON/],
    ['a header that is a list', fileBytes([], eight), /no JSON object/],
    ['metadata that is no text', fileBytes({ __metadata__: { a: 1 } }, eight), /__metadata__/],
    ['a tensor that is null', fileBytes({ a: null }, eight), /"a".*type/],
    ['an unknown type', fileBytes({ a: { ...f32(0, 8), dtype: 'F13' } }, eight), /"F13"/],
    [
      'a type from the prototype',
      fileBytes({ a: { ...f32(0, 8), dtype: 'toString' } }, eight),
      /"toString"/,
    ],
    ['no shape', fileBytes({ a: f32(0, 8, null) }, eight), /impossible shape/],
    ['a negative size', fileBytes({ a: f32(0, 8, [-2]) }, eight), /impossible shape/],
    ['a fraction of a size', fileBytes({ a: f32(0, 8, [0.5, 4]) }, eight), /impossible shape/],
    [
      'a shape that overflows',
      fileBytes({ a: f32(0, 8, [2 ** 40, 2 ** 40]) }, eight),
      /impossible shape/,
    ],
    [
      'a size in bytes that overflows',
      fileBytes({ a: f32(0, 8, [2 ** 52]) }, eight),
      /impossible shape/,
    ],
    [
      'offsets that are no pair',
      fileBytes({ a: { ...f32(0, 8), data_offsets: [0] } }, eight),
      /offsets/,
    ],
    [
      'negative offsets',
      fileBytes({ a: { ...f32(0, 8), data_offsets: [-8, 0] } }, eight),
      /offsets/,
    ],
    [
      'offsets in reverse',
      fileBytes({ a: { ...f32(0, 8), data_offsets: [8, 0] } }, eight),
      /takes -8/,
    ],
    [
      'too few bytes for the shape',
      fileBytes({ a: f32(0, 8, [3]) }, eight),
      /takes 8 bytes.*need 12/,
    ],
    ['an overlap', fileBytes({ a: f32(0, 8), b: f32(4, 8) }, eight), /"b" overlaps/],
    ['a hole', fileBytes({ a: f32(0, 4), b: f32(8, 12) }, new Uint8Array(12)), /"b" leaves a hole/],
    ['a cut', fileBytes({ a: f32(0, 12) }, eight), /cut off/],
    ['a tail', fileBytes({ a: f32(0, 4) }, eight), /4 bytes at its end/],
  ])('is refused with its name: %s', (_, bytes, message) => {
    writeFileSync(file, bytes);
    expect(() => readSafetensors(file)).toThrow(UserError);
    expect(() => readSafetensors(file)).toThrow(message);
    expect(() => readSafetensors(file)).toThrow(file);
  });

  it('never gives anything but a reading or an error with the name, whatever is changed', () => {
    const sound = readFileSync(join(GOLDENS, 'small.safetensors'));
    const change = fc.tuple(fc.nat(sound.length - 1), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.nat(sound.length),
        (changes, cut) => {
          const bytes = Buffer.from(sound);
          changes.forEach(([at, value]) => (bytes[at] = value));
          writeFileSync(file, cut % 4 === 0 ? bytes.subarray(0, cut) : bytes);
          try {
            const weights = readSafetensors(file);
            try {
              weights.tensors.forEach((tensor) => tensor.read());
            } finally {
              weights.close();
            }
          } catch (error) {
            expect(error).toBeInstanceOf(UserError);
            expect((error as Error).message).toContain(file);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('is named where it is missing, closed, or cut while open', () => {
    expect(() => readSafetensors(join(folder, 'none'))).toThrow(/Cannot read the weights .*none/);
    writeSafetensors(file, new Map([['x', { shape: [4], data: new Float32Array(4) }]]));
    const weights = readSafetensors(file);
    const fd = openSync(file, 'r+');
    ftruncateSync(fd, 100);
    closeSync(fd);
    expect(() => weights.tensors.get('x')?.read()).toThrow(/ended while it was read/);
    weights.close();
    weights.close();
    expect(() => weights.tensors.get('x')?.read()).toThrow(/was closed/);
  });
});

it('reads tensors that lie beyond 4 GB', () => {
  const big = 5 * 2 ** 30;
  const header = fileBytes(
    {
      a: { dtype: 'U8', shape: [big], data_offsets: [0, big] },
      b: { dtype: 'F32', shape: [2], data_offsets: [big, big + 8] },
    },
    new Uint8Array(0),
  );
  const sparse = join(folder, 'sparse.safetensors');
  const fd = openSync(sparse, 'w');
  writeSync(fd, header, 0, header.length, 0);
  writeSync(fd, new Uint8Array(new Float32Array([1.5, -2]).buffer), 0, 8, header.length + big);
  closeSync(fd);
  const weights = readSafetensors(sparse);
  expect([...(weights.tensors.get('b')?.read() ?? [])]).toEqual([1.5, -2]);
  weights.close();
});
