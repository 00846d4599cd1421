import { beforeAll, expect, test } from 'vitest';
import { Adapter } from '../../../server/model/adapter.js';
import { generate } from '../../../server/model/generation.js';
import {
  lossAndGradients,
  nextTokenLoss,
  trainableParameters,
} from '../../../server/model/loss.js';
import { configForSize } from '../../../server/model/presets.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { AdamW } from '../../../server/tensor/adamw.js';
import { jsKernelCounts, resetJsKernelCounts } from '../../../server/tensor/counters.js';
import { wasmAddon } from '../../../server/tensor/wasmAddon.js';
import { packGroups } from '../../../server/training/batch.js';
import { onCompiled, useBackend } from './backends.js';
import { meanWeights } from './batches.js';

/** Token ids, positions and segments: no weights, activations or gradients. */
const MOST_COPIED_BYTES = 20_000;

onCompiled('JavaScript kernels', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each([false, true])('none runs in a training step (adapter: %s)', (adapted) => {
    const model = Qwen2Model.init(configForSize('tiny', 512, 0), 1);
    model.adapter = adapted ? Adapter.init(model.config, {}, 2) : null;
    const optimizer = new AdamW(trainableParameters(model), { lr: 1e-3 });
    const { batch } = packGroups([
      {
        prompt: [5, 17, 80, 3],
        answers: [
          [44, 9, 61],
          [2, 8],
        ],
      },
    ]);
    resetJsKernelCounts();
    const copied = wasmAddon().copiedBytes();
    const { gradients } = lossAndGradients(model, () =>
      nextTokenLoss(model, batch, meanWeights(batch)),
    );
    optimizer.step(gradients, { clipNorm: 1 });
    gradients.forEach((gradient) => gradient.dispose());
    expect(jsKernelCounts()).toEqual({});
    expect(wasmAddon().copiedBytes() - copied).toBeLessThan(MOST_COPIED_BYTES);
  });

  test.each([false, true])('none runs in decoding (adapter: %s)', async (adapted) => {
    const model = Qwen2Model.init(configForSize('tiny', 512, 0), 1);
    model.adapter = adapted ? Adapter.init(model.config, {}, 2) : null;
    resetJsKernelCounts();
    const copied = wasmAddon().copiedBytes();
    await generate(model, [[1, 2, 3], [4], [1, 2, 3]], {
      maxNewTokens: 4,
      topP: 0.9,
      temperature: [0, 0.7, 1],
    });
    expect(jsKernelCounts()).toEqual({});
    expect(wasmAddon().copiedBytes() - copied).toBeLessThan(MOST_COPIED_BYTES);
  });
});
