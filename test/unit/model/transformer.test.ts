import { memory, tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Adapter } from '../../../server/model/adapter.js';
import { lossAndGradients, nextTokenLoss, targetLogProbs } from '../../../server/model/loss.js';
import { Qwen2Model, type PackedBatch } from '../../../server/model/transformer.js';
import { KvCache } from '../../../server/tensor/ops/kvCache.js';
import { anyLinear } from '../../../server/tensor/ops/quantizedLinear.js';
import { packGroups } from '../../../server/training/batch.js';
import { onEachBackendAndGpu, useBackend } from './backends.js';
import { meanWeights, packAll } from './batches.js';
import { goldenDir, readGolden, relativeError } from './golden.js';

const TOLERANCE = 1e-4;

function logits(model: Qwen2Model, batch: PackedBatch): Float32Array {
  const result = tidy(() => anyLinear(model.hidden(batch), model.headWeight()));
  const values = result.dataSync<'float32'>().slice();
  result.dispose();
  return values;
}

onEachBackendAndGpu('a Qwen2 model', (backend) => {
  beforeAll(() => useBackend(backend));

  describe.each(['tied', 'untied', 'adapter'] as const)('golden %s', (name) => {
    let model: Qwen2Model;
    const golden = readGolden(name);

    beforeAll(() => {
      model = Qwen2Model.load(name === 'adapter' ? goldenDir('tied') : golden.dir);
      model.adapter = name === 'adapter' ? Adapter.load(golden.dir, model.config) : null;
    });
    afterAll(() => {
      model.adapter?.dispose();
      model.dispose();
    });

    test('logits of packed sequences equal those of transformers', () => {
      const packed = logits(model, packAll(golden.sequences));
      const expected = golden.sequences.flatMap((_, row) => [...golden.tensor(`logits.${row}`)]);
      expect(relativeError(packed, expected)).toBeLessThan(TOLERANCE);
    });

    test('log-probabilities of the tokens equal those of transformers', () => {
      const batch = packAll(golden.sequences);
      const values = tidy(() =>
        targetLogProbs(model, batch).logProbs.dataSync<'float32'>().slice(),
      );
      const picked = values.filter((_, i) => batch.targets[i] >= 0);
      const expected = golden.sequences.flatMap((_, row) => [...golden.tensor(`log_probs.${row}`)]);
      expect(relativeError(picked, expected)).toBeLessThan(TOLERANCE);
    });

    test('loss and gradients equal those of transformers', () => {
      const batch = packAll(golden.sequences);
      const { loss, gradients } = lossAndGradients(model, () =>
        nextTokenLoss(model, batch, meanWeights(batch)),
      );
      expect(Math.abs(loss - golden.loss) / golden.loss).toBeLessThan(TOLERANCE);
      const expected = golden.under('gradient.');
      expect(expected.size).toBeGreaterThan(2);
      if (name !== 'untied') {
        expect([...gradients.keys()].sort()).toEqual([...expected.keys()].sort());
      }
      for (const [parameter, values] of expected) {
        const error = relativeError(gradients.get(parameter)!.dataSync(), values);
        expect(error, parameter).toBeLessThan(TOLERANCE);
      }
      gradients.forEach((gradient) => gradient.dispose());
    });

    test('a shared prompt gives the log-probabilities and gradients of separate sequences', () => {
      const prompt = golden.sequences[0].slice(0, 7);
      const answers = [golden.sequences[0].slice(7), [3], [44, 9, 2, 60]];
      const other = { prompt: [12], answers: [[4, 5, 6], [8]] };
      const shared = packGroups([{ prompt, answers }, other]);
      const whole = packGroups([
        ...answers.map((answer) => ({ prompt, answers: [answer] })),
        ...other.answers.map((answer) => ({ prompt: other.prompt, answers: [answer] })),
      ]);
      expect(shared.batch.ids.length).toBeLessThan(whole.batch.ids.length);
      const [a, b] = [shared, whole].map(({ batch, spans }) => {
        const run = lossAndGradients(model, () => nextTokenLoss(model, batch, meanWeights(batch)));
        const values = tidy(() =>
          targetLogProbs(model, batch).logProbs.dataSync<'float32'>().slice(),
        );
        return {
          ...run,
          logProbs: spans.flatMap(({ start, length }) => [
            ...values.subarray(start, start + length),
          ]),
        };
      });
      expect(relativeError(a.logProbs, b.logProbs)).toBeLessThan(TOLERANCE);
      expect(Math.abs(a.loss - b.loss)).toBeLessThan(TOLERANCE);
      for (const [parameter, gradient] of a.gradients) {
        expect(
          relativeError(gradient.dataSync(), b.gradients.get(parameter)!.dataSync()),
          parameter,
        ).toBeLessThan(TOLERANCE);
      }
      [...a.gradients.values(), ...b.gradients.values()].forEach((gradient) => gradient.dispose());
    });

    test('through a cache, in pieces and with rows mixed, hidden states are the same', () => {
      const { layers, kvHeads, headSize, hiddenSize } = model.config;
      const batch = packAll(golden.sequences);
      const whole = tidy(() => model.hidden(batch).dataSync<'float32'>().slice());
      const cache = new KvCache(layers, golden.sequences.length + 1, 12, kvHeads, headSize);
      const cached = new Float32Array(whole.length);
      const rows = golden.sequences.flatMap((ids, row) => ids.map(() => row + 1));
      // First tokens of all rows, then larger pieces.
      const ends = [2, 3, 8, 12];
      ends.forEach((end, piece) => {
        const start = piece === 0 ? 0 : ends[piece - 1];
        const tokens = [...batch.ids.keys()].filter(
          (i) => batch.positions[i] >= start && batch.positions[i] < end,
        );
        const pick = (values: ArrayLike<number>): Int32Array =>
          Int32Array.from(tokens, (i) => values[i]);
        const part = { ids: pick(batch.ids), positions: pick(batch.positions), rows: pick(rows) };
        const hidden = tidy(() => model.hiddenCached(part, cache).dataSync<'float32'>().slice());
        tokens.forEach((i, at) =>
          cached.set(hidden.subarray(at * hiddenSize, (at + 1) * hiddenSize), i * hiddenSize),
        );
      });
      expect(relativeError(cached, whole)).toBeLessThan(1e-5);
    });

    test('leaks no tensors', () => {
      const batch = packAll(golden.sequences);
      const before = memory().numTensors;
      logits(model, batch);
      const { gradients } = lossAndGradients(model, () =>
        nextTokenLoss(model, batch, meanWeights(batch)),
      );
      gradients.forEach((gradient) => gradient.dispose());
      expect(memory().numTensors).toBe(before);
    });
  });

  test('without its adapter a model computes the reference exactly', () => {
    const model = Qwen2Model.load(goldenDir('tied'));
    const batch = packAll(readGolden('tied').sequences);
    const reference = logits(model, batch);
    model.adapter = Adapter.load(goldenDir('adapter'), model.config);
    expect(relativeError(logits(model, batch), reference)).toBeGreaterThan(0.01);
    model.adapter = null;
    expect(logits(model, batch)).toEqual(reference);
  });

  test('a new adapter changes nothing, and a merged one as much as before', () => {
    const golden = readGolden('adapter');
    const model = Qwen2Model.load(goldenDir('tied'));
    const batch = packAll(golden.sequences);
    const reference = logits(model, batch);
    model.adapter = Adapter.init(model.config, { rank: 3 }, 1);
    expect(relativeError(logits(model, batch), reference)).toBeLessThan(1e-6);
    model.adapter = Adapter.load(golden.dir, model.config);
    const adapted = logits(model, batch);
    model.mergeAdapter();
    expect(model.adapter).toBeNull();
    expect(relativeError(logits(model, batch), adapted)).toBeLessThan(TOLERANCE);
  });
});
