import { tensor2d, type Tensor2D, variable } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { valueAndGrads } from '../../../server/tensor/autodiff.js';
import { initBackend } from '../../../server/tensor/backend.js';
import { sampledLogProbs, weightedLogProbs } from '../../../server/tensor/ops/logProbs.js';
import { sampleVocabulary } from '../../../server/tensor/ops/vocabularySample.js';
import { QuantizedMatrix } from '../../../server/tensor/weights.js';
import { Random } from '../../../server/util/random.js';
import { expectClose, randomValues } from './support.js';

const VOCAB = 300;
const TARGETS = Int32Array.of(250, 3, -1, 250, 120);

describe('sampleVocabulary', () => {
  it('holds each target, with no shift, and about as many others as asked, the common ones more often', () => {
    const random = new Random(1);
    const seen = new Float64Array(VOCAB);
    let drawn = 0;
    for (let round = 0; round < 400; round++) {
      const { ids, shift, targets } = sampleVocabulary(TARGETS, VOCAB, 60, random)!;
      expect(Array.from(targets, (place) => (place < 0 ? -1 : ids[place]))).toEqual([...TARGETS]);
      expect(targets.every((place) => place < 0 || shift[place] === 0)).toBe(true);
      expect([...ids].sort((a, b) => a - b)).toEqual([...ids]);
      ids.forEach((id) => seen[id]++);
      drawn += ids.length;
    }
    expect(drawn / 400).toBeGreaterThan(57);
    expect(drawn / 400).toBeLessThan(66);
    expect(seen[5]).toBe(400);
    expect(seen[100]).toBeGreaterThan(seen[299]);
  });

  it('is not worth it for a vocabulary that is hardly larger', () => {
    expect(sampleVocabulary(TARGETS, VOCAB, 250, new Random(1))).toBeNull();
  });

  it('estimates the sum over the whole vocabulary without bias', () => {
    const random = new Random(2);
    const logits = randomValues(VOCAB, 7);
    const whole = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    const rounds = 3000;
    let [total, squares] = [0, 0];
    for (let round = 0; round < rounds; round++) {
      const { ids, shift } = sampleVocabulary(TARGETS, VOCAB, 40, random)!;
      const sum = ids.reduce((part, id, i) => part + Math.exp(logits[id] + shift[i]), 0);
      total += sum;
      squares += sum * sum;
    }
    const mean = total / rounds;
    const error = Math.sqrt((squares / rounds - mean ** 2) / rounds);
    expect(error).toBeLessThan(0.02 * whole);
    expect(Math.abs(mean - whole)).toBeLessThan(4 * error);
  });
});

describe('sampledLogProbs', () => {
  it('is the whole softmax where every row is drawn, and its gradients too', async () => {
    await initBackend();
    const [n, width] = [TARGETS.length, 16];
    const hidden = tensor2d(randomValues(n * width, 3), [n, width]);
    const table = variable(tensor2d(randomValues(VOCAB * width, 4), [VOCAB, width]));
    const weights = Float32Array.of(0.5, -1, 2, 1, 0.25);
    const ids = Int32Array.from({ length: VOCAB }, (_, id) => id);
    const sample = { ids, shift: new Float32Array(VOCAB), targets: TARGETS };
    const [whole, sampled] = [
      () => weightedLogProbs(hidden, table as Tensor2D, TARGETS, weights).total,
      () => sampledLogProbs(hidden, table as Tensor2D, sample, weights).total,
    ].map((loss) => {
      const { value, grads } = valueAndGrads(loss, [table]);
      return [value, grads.get(table)!].map((each) => each.dataSync<'float32'>().slice());
    });
    sampled.forEach((values, i) => expectClose(values, whole[i], 1e-5));
  });

  it('takes the rows of a table in 8 bits as the floats that they stand for', async () => {
    await initBackend();
    const width = 16;
    const hidden = variable(
      tensor2d(randomValues(TARGETS.length * width, 3), [TARGETS.length, width]),
    );
    const table = QuantizedMatrix.quantize(randomValues(VOCAB * width, 4), [VOCAB, width], 'int8');
    const weights = Float32Array.of(0.5, -1, 2, 1, 0.25);
    const sample = sampleVocabulary(TARGETS, VOCAB, 60, new Random(3))!;
    const floats = tensor2d(table.dequantize(), [VOCAB, width]);
    const [quantized, plain] = [table, floats].map((each) => {
      const loss = () => sampledLogProbs(hidden, each, sample, weights).total;
      const { value, grads } = valueAndGrads(loss, [hidden]);
      return [value, grads.get(hidden)!].map((x) => x.dataSync<'float32'>().slice());
    });
    quantized.forEach((values, i) => expectClose(values, plain[i], 1e-6));
  });
});
