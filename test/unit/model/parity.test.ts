import { expect, test } from 'vitest';
import { Adapter } from '../../../server/model/adapter.js';
import type { Qwen2Config } from '../../../server/model/config.js';
import {
  lossAndGradients,
  nextTokenLoss,
  targetLogProbs,
  trainableParameters,
} from '../../../server/model/loss.js';
import { configForSize } from '../../../server/model/presets.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { nativeValues } from '../../../server/tensor/addon.js';
import type { BackendName } from '../../../server/tensor/backend.js';
import { packGroups, type Group } from '../../../server/training/batch.js';
import { Random } from '../../../server/util/random.js';
import { onCompiled, useBackend } from './backends.js';
import { meanWeights } from './batches.js';
import { relativeError } from './golden.js';

/** Small, and no kernel's tile size divides them. */
const BASE: Qwen2Config = {
  ...configForSize('tiny', 130, 0),
  hiddenSize: 40,
  innerSize: 56,
  headSize: 10,
};
const SHAPES: Record<string, Partial<Qwen2Config>> = {
  'even widths': {},
  'odd widths': {
    hiddenSize: 75,
    innerSize: 101,
    heads: 5,
    kvHeads: 1,
    headSize: 14,
    vocabSize: 331,
    layers: 1,
  },
  'one head': { hiddenSize: 34, innerSize: 7, heads: 1, kvHeads: 1, headSize: 34, layers: 1 },
  'a key-value head for each head': { heads: 3, kvHeads: 3, headSize: 6, tiedEmbeddings: false },
};

function randomGroups(random: Random, vocab: number): Group[] {
  const ids = (length: number): number[] => Array.from({ length }, () => random.int(vocab));
  return [1, 2, 21, 17].map((length) => ({
    prompt: ids(length),
    answers: Array.from({ length: 1 + random.int(3) }, () => ids(1 + random.int(20))),
  }));
}

async function compute(
  backend: BackendName,
  config: Qwen2Config,
  adapted: boolean,
): Promise<Map<string, Float32Array>> {
  await useBackend(backend);
  const model = Qwen2Model.init(config, 3);
  model.adapter = adapted ? Adapter.init(config, { rank: 5 }, 4) : null;
  // Away from the initial zeros and ones, so that no term is lost.
  const random = new Random(5);
  for (const { variable } of trainableParameters(model)) {
    const values = nativeValues(variable);
    values.forEach((value, i) => (values[i] = value + 0.05 * random.normal()));
  }
  const { batch } = packGroups(randomGroups(new Random(6), config.vocabSize));
  const { logProbs, entropy } = targetLogProbs(model, batch);
  const { gradients } = lossAndGradients(model, () =>
    nextTokenLoss(model, batch, meanWeights(batch)),
  );
  const results = new Map([
    ...gradients,
    ['log-probabilities', logProbs] as const,
    ['entropy', entropy] as const,
  ]);
  const values = new Map(
    [...results].map(([name, tensor]) => [name, tensor.dataSync<'float32'>().slice()]),
  );
  results.forEach((tensor) => tensor.dispose());
  model.adapter?.dispose();
  model.dispose();
  return values;
}

onCompiled('a model computes what it does on cpu', (backend) => {
  test.each(
    Object.keys(SHAPES).flatMap((shape) => [false, true].map((adapted) => ({ shape, adapted }))),
  )('$shape (adapter: $adapted)', async ({ shape, adapted }) => {
    const config = { ...BASE, ...SHAPES[shape] };
    const expected = await compute('cpu', config, adapted);
    const actual = await compute(backend, config, adapted);
    expect([...actual.keys()]).toEqual([...expected.keys()]);
    for (const [name, values] of expected) {
      expect(relativeError(actual.get(name)!, values), name).toBeLessThan(1e-4);
    }
  });
});
