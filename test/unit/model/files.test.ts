import type { Variable } from '@tensorflow/tfjs-core';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Adapter } from '../../../server/model/adapter.js';
import { parameterCount } from '../../../server/model/parameters.js';
import { configForSize } from '../../../server/model/presets.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { UserError } from '../../../server/util/errors.js';
import { useBackend } from './backends.js';
import { goldenDir } from './golden.js';

let dir: string;
beforeAll(() => useBackend('cpu'));
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'batcoder-model-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function valuesOf(variables: ReadonlyMap<string, Variable>): [string, Float32Array][] {
  return [...variables].map(([name, variable]) => [name, variable.dataSync<'float32'>()]);
}

test.each(['tied', 'untied'] as const)('a saved model (%s) loads as it was', (name) => {
  const model = Qwen2Model.load(goldenDir(name));
  model.save(dir);
  const again = Qwen2Model.load(dir);
  expect(again.config).toEqual(model.config);
  expect(valuesOf(again.variables())).toEqual(valuesOf(model.variables()));
  expect(again.variables().has('lm_head.weight')).toBe(name === 'untied');
});

test('a model in several files loads by their index', () => {
  const source = goldenDir('untied');
  cpSync(source, dir, { recursive: true });
  renameSync(join(dir, 'model.safetensors'), join(dir, 'model-00001-of-00001.safetensors'));
  expect(() => Qwen2Model.load(dir)).toThrow(/holds no weights/);
  const index = join(dir, 'model.safetensors.index.json');
  const names = [...Qwen2Model.load(source).variables().keys()];
  const write = (file: string): void =>
    writeFileSync(
      index,
      JSON.stringify({ weight_map: Object.fromEntries(names.map((name) => [name, file])) }),
    );
  write('model-00001-of-00001.safetensors');
  expect(valuesOf(Qwen2Model.load(dir).variables())).toEqual(
    valuesOf(Qwen2Model.load(source).variables()),
  );
  write('../elsewhere.safetensors');
  expect(() => Qwen2Model.load(dir)).toThrow(/no file of its folder/);
});

test('weights that do not fit the configuration are refused by name', () => {
  Qwen2Model.load(goldenDir('tied')).save(dir);
  const file = join(dir, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const load = (change: Record<string, unknown>) => () => {
    writeFileSync(file, JSON.stringify({ ...config, ...change }));
    return Qwen2Model.load(dir);
  };
  expect(load({ vocab_size: 97 })).toThrow(
    /model\.embed_tokens\.weight should be \[97, 32\], but is \[96, 32\]/,
  );
  expect(load({ num_hidden_layers: 3 })).toThrow(
    /model\.layers\.2\.input_layernorm\.weight should be \[32\], but is missing/,
  );
  expect(load({})).not.toThrow();
});

test('a saved adapter loads as it was', () => {
  const { config } = Qwen2Model.load(goldenDir('tied'));
  const adapter = Adapter.load(goldenDir('adapter'), config);
  adapter.save(dir, 'some/base');
  const again = Adapter.load(dir, config);
  expect(again.config).toEqual(adapter.config);
  expect(valuesOf(again.variables())).toEqual(valuesOf(adapter.variables()));
});

test('an adapter for another model is refused', () => {
  const { config } = Qwen2Model.load(goldenDir('tied'));
  const load = (change: object) => () =>
    Adapter.load(goldenDir('adapter'), { ...config, ...change });
  expect(load({ layers: 1 })).toThrow(/no part of a LoRA adapter for this model/);
  expect(load({ layers: 3 })).toThrow(
    /layers\.2\.self_attn\.q_proj\.lora_A\.weight should be \[4, 32\], but is missing/,
  );
  expect(load({ innerSize: 64 })).toThrow(
    /gate_proj\.lora_B\.weight should be \[64, 4\], but is \[48, 4\]/,
  );
  expect(() => Adapter.load(dir, config)).toThrow(UserError);
});

test('a new adapter has uniform A within 1 / sqrt(in), zero B, and only its targets', () => {
  const config = configForSize('small', 512, 0);
  const adapter = Adapter.init(config, { rank: 8, targets: ['q_proj', 'down_proj'] }, 5);
  expect(adapter.pair(0, 'k_proj')).toBeNull();
  expect(adapter.pair(3, 'down_proj')?.scale).toBe(4);
  const a = adapter.pair(3, 'down_proj')!.a.dataSync();
  const bound = 1 / Math.sqrt(config.innerSize);
  expect(Math.max(...a)).toBeLessThanOrEqual(bound);
  expect(Math.max(...a)).toBeGreaterThan(0.98 * bound);
  expect(Math.min(...a)).toBeLessThan(-0.98 * bound);
  expect(
    adapter
      .pair(3, 'down_proj')!
      .b.dataSync()
      .every((value) => value === 0),
  ).toBe(true);
  expect(adapter.variables().size).toBe(2 * 2 * config.layers);
});

test('the same seed makes the same model, another seed another', () => {
  const config = configForSize('tiny', 300, 0);
  const make = (seed: number) => valuesOf(Qwen2Model.init(config, seed).variables());
  expect(make(1)).toEqual(make(1));
  expect(make(1)).not.toEqual(make(2));
});

test('new weights have the deviations that they should', () => {
  const config = configForSize('small', 1024, 0);
  const weights = new Map(valuesOf(Qwen2Model.init(config, 7).variables()));
  const deviation = (name: string): number => {
    const values = weights.get(name)!;
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  };
  expect(deviation('model.embed_tokens.weight')).toBeCloseTo(0.02, 3);
  expect(deviation('model.layers.1.mlp.up_proj.weight')).toBeCloseTo(0.02, 3);
  expect(deviation('model.layers.1.mlp.down_proj.weight')).toBeCloseTo(0.02 / Math.sqrt(8), 3);
  expect(deviation('model.layers.0.self_attn.q_proj.bias')).toBe(0);
  expect(deviation('model.norm.weight')).toBe(1);
});

test.each([
  ['tiny', 0.36],
  ['small', 1.6],
  ['medium', 4.4],
  ['base', 12.6],
  ['large', 34.8],
] as const)('size %s has about %s million parameters beside its embedding', (size, millions) => {
  const config = configForSize(size, 8192, 3);
  const blocks = parameterCount(config) - 8192 * config.hiddenSize;
  expect(blocks / 1e6).toBeGreaterThan(millions * 0.9);
  expect(blocks / 1e6).toBeLessThan(millions * 1.1);
  expect(config.headSize % 16).toBe(0);
  expect(config.eosIds).toEqual([3]);
});
