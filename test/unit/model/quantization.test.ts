import { tidy } from '@tensorflow/tfjs-core';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Adapter } from '../../../server/model/adapter.js';
import { generate } from '../../../server/model/generation.js';
import { lossAndGradients, nextTokenLoss, targetLogProbs } from '../../../server/model/loss.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { readSafetensors } from '../../../server/model/weights/safetensors.js';
import { jsKernelCounts, resetJsKernelCounts } from '../../../server/tensor/counters.js';
import { onCompiled, useBackend } from './backends.js';
import { meanWeights, packAll } from './batches.js';
import { goldenDir, relativeError } from './golden.js';

const BATCH = packAll([
  [5, 17, 80, 3, 44, 9, 61],
  [2, 8, 11],
]);
const folder = mkdtempSync(join(tmpdir(), 'batcoder-quantized-'));
afterAll(() => rmSync(folder, { recursive: true }));

const logProbsOf = (model: Qwen2Model): Float32Array =>
  tidy(() => targetLogProbs(model, BATCH).logProbs.dataSync<'float32'>().slice());

onCompiled('a quantised model', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each(['tied', 'untied'] as const)('is saved and loaded as it is (%s)', (name) => {
    const model = Qwen2Model.load(goldenDir(name));
    const exact = logProbsOf(model);
    model.quantize('int8');
    const quantized = logProbsOf(model);
    expect(relativeError(quantized, exact)).toBeLessThan(0.02);
    expect(quantized).not.toEqual(exact);

    const dir = join(folder, name);
    model.save(dir);
    const file = readSafetensors(join(dir, 'model.safetensors'));
    const q = file.tensors.get('model.layers.0.self_attn.q_proj.weight')!;
    expect(q.dtype).toBe('I8');
    expect(file.tensors.get('model.layers.0.self_attn.q_proj.weight.scale')!.shape).toEqual([
      q.shape[0],
    ]);
    expect(() => file.tensors.get('model.norm.weight')!.readInt8()).toThrow('F32, not I8');
    file.close();

    const again = Qwen2Model.load(dir);
    expect([...again.matrices().keys()]).toEqual([...model.matrices().keys()]);
    expect(logProbsOf(again)).toEqual(quantized);
    const matrix = again.matrices().get('model.embed_tokens.weight')!;
    expect(matrix.values).toBeInstanceOf(Int8Array);
  });

  test('is loaded as floats where the backend knows no integers', async () => {
    const dir = join(folder, 'tied');
    const model = Qwen2Model.load(dir);
    const compiled = logProbsOf(model);
    await useBackend('cpu');
    const plain = Qwen2Model.load(dir);
    expect(plain.matrices().size).toBe(0);
    expect(relativeError(compiled, logProbsOf(plain))).toBeLessThan(0.02);
    expect(() => plain.quantize('int8')).toThrow('floats only');
    await useBackend(backend);
  });

  test('becomes floats again, the ones that it stands for', () => {
    const model = Qwen2Model.load(join(folder, 'tied'));
    const values = model.matrices().get('model.layers.1.mlp.up_proj.weight')!.dequantize();
    model.dequantize();
    expect(model.matrices().size).toBe(0);
    const variable = model.variables().get('model.layers.1.mlp.up_proj.weight')!;
    expect(variable.dataSync()).toEqual(values);
  });

  test('trains an adapter, with gradients near those of its floats, and nothing else', () => {
    const model = Qwen2Model.load(goldenDir('tied'));
    model.quantize('int8');
    const loss = () => nextTokenLoss(model, BATCH, meanWeights(BATCH));
    expect(() => lossAndGradients(model, loss)).toThrow('frozen');
    model.adapter = Adapter.load(goldenDir('adapter'), model.config);
    resetJsKernelCounts();
    const quantized = lossAndGradients(model, loss);
    expect(jsKernelCounts()).toEqual({});
    model.dequantize();
    const exact = lossAndGradients(model, loss);
    expect(Math.abs(quantized.loss / exact.loss - 1)).toBeLessThan(0.01);
    for (const [name, gradient] of quantized.gradients) {
      const [g, e] = [
        gradient.dataSync<'float32'>(),
        exact.gradients.get(name)!.dataSync<'float32'>(),
      ];
      const [dot, gg, ee] = g.reduce(
        ([d, a, b], value, i) => [d + value * e[i], a + value * value, b + e[i] * e[i]],
        [0, 0, 0],
      );
      expect(dot / Math.sqrt(gg * ee), name).toBeGreaterThan(0.99);
    }
  });

  test.each(['int8', 'int4'] as const)('generates in %s', async (kind) => {
    const model = Qwen2Model.load(goldenDir('tied'));
    model.quantize(kind);
    const [answer] = await generate(model, [[5, 17, 80]], {
      maxNewTokens: 8,
      temperature: 0,
      topP: 1,
      stopIds: [],
      seed: 1,
    });
    expect(answer.ids.length).toBe(8);
    expect(answer.logProbs.every((p) => Number.isFinite(p) && p <= 0)).toBe(true);
  });

  test('in 4 bits keeps tables in 8, and is not saved', () => {
    const model = Qwen2Model.load(goldenDir('untied'));
    model.quantize('int4');
    const kinds = new Map([...model.matrices()].map(([name, { kind }]) => [name, kind]));
    expect(kinds.get('lm_head.weight')).toBe('int8');
    expect(kinds.get('model.layers.0.self_attn.q_proj.weight')).toBe('int4');
    expect(() => model.save(join(folder, 'four'))).toThrow('4 bits');
  });
});
