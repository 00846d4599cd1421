import { add, setBackend, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { freeArray, placeArray } from '../../../server/tensor/kernelMemory.js';
import { wasmAddon } from '../../../server/tensor/wasmAddon.js';
import { expectClose, randomValues, startBackends } from './support.js';

beforeAll(async () => {
  await startBackends();
  await setBackend('wasm');
});

test('the committed file is what its sources give', () => {
  const script = join(import.meta.dirname, '../../../scripts/build-wasm.mjs');
  execFileSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
}, 240_000);

test('blocks are aligned, lie apart from each other, and make room for others when given back', () => {
  const { memory } = wasmAddon();
  const size = fc.integer({ min: 1, max: 500_000 });
  fc.assert(
    fc.property(fc.array(fc.record({ size, drop: fc.nat(3) }), { maxLength: 30 }), (asks) => {
      const held: { offset: number; size: number; bytes: Uint8Array; mark: number }[] = [];
      asks.forEach(({ size: bytes, drop }, mark) => {
        const { buffer, offset } = memory.take(bytes);
        expect(offset % 64).toBe(0);
        held.push({ offset, size: bytes, mark, bytes: new Uint8Array(buffer, offset, bytes) });
        held[held.length - 1].bytes.fill(mark + 1);
        for (const block of held.splice(0, drop === 0 ? 2 : 0)) {
          expect(block.bytes.every((b) => b === block.mark + 1)).toBe(true);
          memory.give({ buffer, offset: block.offset }, block.size);
        }
      });
      for (const { bytes, mark, offset, size: length } of held) {
        expect(bytes.every((b) => b === mark + 1)).toBe(true);
        memory.give({ buffer: bytes.buffer, offset }, length);
      }
    }),
    { numRuns: 30 },
  );
  // All is one piece again: as much as was there fits without growth.
  const before = memory.take(1).buffer.byteLength;
  const block = memory.take(8 << 20);
  expect(block.buffer.byteLength).toBe(before);
  memory.give(block, 8 << 20);
});

test('tensors stay what they are while the memory grows', () => {
  const first = tensor(randomValues(1000, 1));
  const { memory } = wasmAddon();
  const bytes = 100 << 20;
  const block = memory.take(bytes);
  const second = tensor(randomValues(1000, 2));
  const sum = add(first, second).dataSync<'float32'>();
  const [a, b] = [randomValues(1000, 1), randomValues(1000, 2)];
  expectClose(
    sum,
    a.map((x, i) => x + b[i]),
    1e-6,
  );
  memory.give(block, bytes);
});

test('more than there can be is refused, and the next call works', () => {
  const { memory, gemm } = wasmAddon();
  expect(() => memory.take(2 ** 32 - 2 ** 17)).toThrow(RangeError);
  expect(() => memory.take(2 ** 33)).toThrow('is full');
  const c = new Float32Array(1);
  gemm(Float32Array.of(3), Float32Array.of(4), c, 1, 1, 1, false, false, 1, 0, 0, 1, false, null);
  expect(c[0]).toBe(12);
});

test('an argument of the wrong kind is named', () => {
  const { swiglu } = wasmAddon();
  const x = new Float32Array(1);
  expect(() => swiglu(x, new Float64Array(1) as unknown as Float32Array, x)).toThrow(
    'Argument 1 of a native kernel must be a Float32Array.',
  );
});

test('a placed array is not copied at each call, others are copied in and out', () => {
  const addon = wasmAddon();
  const [m, n] = [30, 40];
  const [a, b, c] = [randomValues(m * n, 1), randomValues(n * n, 2), new Float32Array(m * n)];
  const multiply = (x: Float32Array, y: Float32Array, z: Float32Array) => {
    const before = addon.copiedBytes();
    addon.gemm(x, y, z, m, n, n, false, false, 1, 0, 0, 1, false, null);
    return addon.copiedBytes() - before;
  };
  expect(multiply(a, b, c)).toBe(4 * (a.length + b.length + c.length));
  const placed = [a, b, new Float32Array(m * n)].map((x) => placeArray(x));
  expect(multiply(placed[0], placed[1], placed[2])).toBe(0);
  expect([...placed[2]]).toEqual([...c]);
  expect(placeArray(placed[0])).toBe(placed[0]);
  placed.forEach(freeArray);
  const again = placeArray(new Float32Array(64));
  expect(again.every((x) => x === 0)).toBe(true);
  freeArray(again);
});
