import { tensor, type Variable } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { Adapter } from '../../../server/model/adapter.js';
import {
  lossAndGradients,
  nextTokenLoss,
  trainableParameters,
} from '../../../server/model/loss.js';
import { configForSize } from '../../../server/model/presets.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { AdamW } from '../../../server/tensor/adamw.js';
import { packGroups } from '../../../server/training/batch.js';
import { onEachBackend, useBackend } from './backends.js';
import { meanWeights, packAll } from './batches.js';
import { goldenDir } from './golden.js';

function set(variable: Variable, values: Float32Array): void {
  const next = tensor(values.slice(), variable.shape);
  variable.assign(next);
  next.dispose();
}

onEachBackend('the loss', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each([false, true])(
    'has the gradients that finite differences say (adapter: %s)',
    (adapted) => {
      const model = Qwen2Model.load(goldenDir('tied'));
      model.adapter = adapted ? Adapter.load(goldenDir('adapter'), model.config) : null;
      const { batch } = packGroups([
        {
          prompt: [5, 17, 80, 3],
          answers: [
            [44, 9, 61],
            [2, 8],
          ],
        },
      ]);
      const weights = Float32Array.from(batch.targets, (_, i) => ((i * 7) % 5) / 5 - 0.3);
      const loss = (): number => nextTokenLoss(model, batch, weights).dataSync()[0];
      const { gradients } = lossAndGradients(model, () => nextTokenLoss(model, batch, weights));
      for (const { name, variable } of trainableParameters(model)) {
        // Along the gradient itself, where the change is largest against rounding.
        const gradient = gradients.get(name)!.dataSync<'float32'>();
        const norm = Math.hypot(...gradient);
        const start = variable.dataSync<'float32'>().slice();
        const at = (step: number): number => {
          set(
            variable,
            start.map((value, i) => value + (step * gradient[i]) / norm),
          );
          return loss();
        };
        const step = 0.01;
        const slope = (at(step) - at(-step)) / (2 * step);
        set(variable, start);
        expect(Math.abs(slope - norm) / Math.max(norm, 0.1), name).toBeLessThan(0.01);
      }
    },
  );

  test.each([false, true])('falls when trained on (adapter: %s)', (adapted) => {
    const model = Qwen2Model.init(configForSize('tiny', 64, 0), 1);
    model.adapter = adapted ? Adapter.init(model.config, { rank: 4 }, 2) : null;
    const frozen = model.variables().get('model.layers.0.mlp.up_proj.weight')!.dataSync().slice();
    const optimizer = new AdamW(trainableParameters(model), { lr: 1e-2 });
    const batch = packAll([
      [1, 2, 3, 4, 5, 6, 7],
      [9, 8, 7, 6, 5],
    ]);
    const losses = Array.from({ length: 12 }, () => {
      const { loss, gradients } = lossAndGradients(model, () =>
        nextTokenLoss(model, batch, meanWeights(batch)),
      );
      optimizer.step(gradients, { clipNorm: 1 });
      gradients.forEach((gradient) => gradient.dispose());
      return loss;
    });
    expect(losses[0]).toBeCloseTo(Math.log(64), 0);
    expect(losses[11]).toBeLessThan(0.75 * losses[0]);
    const now = model.variables().get('model.layers.0.mlp.up_proj.weight')!.dataSync();
    expect(now.every((value, i) => value === frozen[i])).toBe(adapted);
  });

  test.each([false, true])(
    'is the same, bit for bit, with activations computed again (adapter: %s)',
    (adapted) => {
      const model = Qwen2Model.load(goldenDir('untied'));
      model.adapter = adapted ? Adapter.init(model.config, { rank: 4 }, 2) : null;
      const batch = packAll([
        [1, 2, 3, 4, 5, 6, 7],
        [9, 8, 7, 6, 5],
      ]);
      const run = (): [number, Map<string, Float32Array>] => {
        const { loss, gradients } = lossAndGradients(model, () =>
          nextTokenLoss(model, batch, meanWeights(batch)),
        );
        return [
          loss,
          new Map([...gradients].map(([name, g]) => [name, g.dataSync<'float32'>().slice()])),
        ];
      };
      const kept = run();
      model.recompute = true;
      expect(run()).toEqual(kept);
    },
  );

  test('what is trained: all of the model, or its adapter; decay on matrices only', () => {
    const model = Qwen2Model.load(goldenDir('untied'));
    const decayed = (): Map<string, boolean> =>
      new Map(trainableParameters(model).map(({ name, decay }) => [name, decay]));
    expect(decayed().size).toBe(15);
    expect(decayed().get('model.layers.0.self_attn.q_proj.weight')).toBe(true);
    expect(decayed().get('model.layers.0.self_attn.q_proj.bias')).toBe(false);
    expect(decayed().get('model.norm.weight')).toBe(false);
    model.adapter = Adapter.init(model.config, {}, 1);
    expect(decayed().size).toBe(14);
    expect(
      [...decayed().keys()].every((name) =>
        /^base_model\.model\..*\.lora_[AB]\.weight$/.test(name),
      ),
    ).toBe(true);
  });
});
