import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { formOfWeights, openWeights } from '../../../server/model/weights/folder.js';
import { type TensorData, writeSafetensors } from '../../../server/model/weights/safetensors.js';
import { UserError } from '../../../server/util/errors.js';
import { temporaryFolder } from './support.js';

const folder = join(temporaryFolder(), 'model');
const index = join(folder, 'model.safetensors.index.json');

function writeShard(name: string, tensor: string, value: number): void {
  const data = new Float32Array([value]);
  writeSafetensors(join(folder, name), new Map([[tensor, { shape: [1], data }]]));
}

function writeIndex(weightMap: unknown): void {
  writeFileSync(index, JSON.stringify({ metadata: { total_size: 8 }, weight_map: weightMap }));
}

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
});

describe('openWeights', () => {
  it('opens a single file', () => {
    writeShard('model.safetensors', 'a', 3);
    const weights = openWeights(folder);
    expect([...(weights.tensors.get('a')?.read() ?? [])]).toEqual([3]);
    weights.close();
    expect(() => weights.tensors.get('a')?.read()).toThrow(/was closed/);
  });

  it('opens the files of an index as one', () => {
    writeShard('model-1.safetensors', 'a', 1);
    writeShard('model-2.safetensors', 'b', 2);
    writeIndex({ a: 'model-1.safetensors', b: 'model-2.safetensors' });
    const weights = openWeights(folder);
    expect([...weights.tensors.keys()]).toEqual(['a', 'b']);
    expect([...weights.tensors.values()].map((tensor) => tensor.read()[0])).toEqual([1, 2]);
    weights.close();
    expect(() => weights.tensors.get('b')?.read()).toThrow(/was closed/);
  });

  it.each<[string, unknown, RegExp]>([
    ['no map', undefined, /weight_map/],
    ['a missing tensor', { c: 'model-1.safetensors' }, /"c"; it does not/],
    ['a missing file', { a: 'model-9.safetensors' }, /model-9/],
    ['a file elsewhere', { a: '../model-1.safetensors' }, /no file of its folder/],
    ['a number for a file', { a: 1 }, /no file of its folder/],
  ])('refuses an index with %s', (_, weightMap, message) => {
    writeShard('model-1.safetensors', 'a', 1);
    writeIndex(weightMap);
    expect(() => openWeights(folder)).toThrow(UserError);
    expect(() => openWeights(folder)).toThrow(message);
  });

  it('says what is missing in a folder without weights', () => {
    expect(() => openWeights(folder)).toThrow(/holds no weights/);
  });
});

describe('formOfWeights', () => {
  const norm: TensorData = { shape: [2], data: new Float32Array(2) };
  const half: TensorData = { shape: [1, 2], data: new Float32Array(2), dtype: 'BF16' };
  const integers: TensorData = { shape: [1, 2], data: new Int8Array(2), dtype: 'I8' };
  it.each([
    ['32-bit floats', [norm]],
    ['16-bit floats', [norm, half]],
    ['8-bit integers', [norm, half, integers]],
  ])('says %s', (form, tensors) => {
    const named = tensors.map((tensor, i): [string, TensorData] => [`${i}`, tensor]);
    writeSafetensors(join(folder, 'model.safetensors'), new Map(named));
    expect(formOfWeights(folder)).toBe(form);
  });
});
