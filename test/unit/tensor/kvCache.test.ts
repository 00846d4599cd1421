import { setBackend, tensor2d, type Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { attention } from '../../../server/tensor/ops/attention.js';
import { KvCache } from '../../../server/tensor/ops/kvCache.js';
import type { BackendName } from '../../../server/tensor/backend.js';
import { segmentsOf } from '../../../server/tensor/segments.js';
import { onWebgpu, useBackend } from '../model/backends.js';
import { COMPILED, expectClose, randomValues, startBackends } from './support.js';

beforeAll(startBackends);

const [HEADS, KV_HEADS, SIZE, CAPACITY] = [6, 2, 20, 40];
const matrix = (rows: number, width: number, seed: number): Tensor2D =>
  tensor2d(randomValues(rows * width, seed), [rows, width]);

function testsOn(backend: BackendName): void {
  beforeAll(() => useBackend(backend));

  test('attends as attention over the whole sequences does, at odd lengths', async () => {
    await setBackend(backend);
    const lengths = [1, 17, 33];
    const n = 51;
    const q = matrix(n, HEADS * SIZE, 1);
    const k = matrix(n, KV_HEADS * SIZE, 2);
    const v = matrix(n, KV_HEADS * SIZE, 3);
    const whole = attention(q, k, v, segmentsOf(lengths), HEADS, KV_HEADS);
    // The sequences lie in the cache rows 2, 0 and 1.
    const rows = Int32Array.from(
      lengths.flatMap((length, s) => new Array<number>(length).fill([2, 0, 1][s])),
    );
    const positions = Int32Array.from(
      lengths.flatMap((length) => Array.from({ length }, (_, i) => i)),
    );
    const cache = new KvCache(2, 3, CAPACITY, KV_HEADS, SIZE);
    cache.append(1, k, v, rows, positions);
    const attended = cache.attend(1, q, rows, positions);
    expectClose(attended.dataSync(), whole.dataSync());
    expectClose(cache.attendPlainly(1, q, rows, positions).dataSync(), whole.dataSync());
    expect(cache.bytes).toBe(2 * 2 * 4 * 3 * CAPACITY * KV_HEADS * SIZE);
  });

  test('a copied row gives what its source gives, up to the copied length', async () => {
    await setBackend(backend);
    const cache = new KvCache(1, 3, CAPACITY, KV_HEADS, SIZE);
    const positions = Int32Array.from({ length: 9 }, (_, i) => i);
    cache.append(
      0,
      matrix(9, KV_HEADS * SIZE, 1),
      matrix(9, KV_HEADS * SIZE, 2),
      new Int32Array(9),
      positions,
    );
    cache.copyRow(0, [1, 2], 8);
    const one = randomValues(HEADS * SIZE, 3);
    const q = tensor2d([...one, ...one, ...one], [3, HEADS * SIZE]);
    const out = cache.attend(0, q, Int32Array.of(0, 1, 2), Int32Array.of(7, 7, 7)).dataSync();
    const width = HEADS * SIZE;
    expect(out.slice(width, 2 * width)).toEqual(out.slice(0, width));
    expect(out.slice(2 * width)).toEqual(out.slice(0, width));
  });

  test('places outside the cache are refused', async () => {
    await setBackend(backend);
    const cache = new KvCache(1, 2, 4, KV_HEADS, SIZE);
    const q = matrix(1, HEADS * SIZE, 1);
    expect(() => cache.attend(0, q, Int32Array.of(2), Int32Array.of(0))).toThrow('row 2');
    expect(() => cache.attend(0, q, Int32Array.of(0), Int32Array.of(4))).toThrow('Place 4');
  });
}

describe.each(['cpu', ...COMPILED] as const)('KvCache on %s', testsOn);
onWebgpu('KvCache', () => testsOn('webgpu'));
