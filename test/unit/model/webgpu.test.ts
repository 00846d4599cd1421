import { beforeAll, expect, test } from 'vitest';
import {
  lossAndGradients,
  nextTokenLoss,
  trainableParameters,
} from '../../../server/model/loss.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { AdamW } from '../../../server/tensor/adamw.js';
import type { BackendName } from '../../../server/tensor/backend.js';
import { expectGoldenAnswers } from './answers.js';
import { onNative, onWebgpu, useBackend } from './backends.js';
import { meanWeights, packAll } from './batches.js';
import { goldenDir, readGolden, relativeError } from './golden.js';

onWebgpu('generation', () => {
  beforeAll(() => useBackend('webgpu'));

  test.each(['tied', 'untied', 'adapter'] as const)(
    'golden %s: greedy answers equal those of transformers',
    expectGoldenAnswers,
  );
});

/** The weights after two steps of training, by name, and what the steps said. */
async function train(backend: BackendName): Promise<Map<string, Float32Array>> {
  await useBackend(backend);
  const model = Qwen2Model.load(goldenDir('tied'));
  const batch = packAll(readGolden('tied').sequences);
  const optimizer = new AdamW(trainableParameters(model), { lr: 0.01 });
  const said: number[] = [];
  for (let step = 0; step < 2; step++) {
    const { loss, gradients } = lossAndGradients(model, () =>
      nextTokenLoss(model, batch, meanWeights(batch)),
    );
    const { gradNorm } = optimizer.step(gradients, { clipNorm: 0.5 });
    said.push(loss, gradNorm);
    gradients.forEach((gradient) => gradient.dispose());
  }
  const values = [...model.variables()].map(
    ([name, variable]) => [name, variable.dataSync<'float32'>().slice()] as const,
  );
  const result = new Map([...values, ...optimizer.state(), ['said', Float32Array.from(said)]]);
  optimizer.dispose();
  model.dispose();
  return result;
}

onNative('a training step', () => {
  onWebgpu('is the same', () => {
    test('weights, moments, losses and norms', async () => {
      const expected = await train('native');
      const actual = await train('webgpu');
      expect([...actual.keys()]).toEqual([...expected.keys()]);
      for (const [name, values] of expected) {
        expect(relativeError(actual.get(name)!, values), name).toBeLessThan(1e-3);
      }
    });
  });
});
