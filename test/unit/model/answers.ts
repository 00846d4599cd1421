import { expect } from 'vitest';
import { Adapter } from '../../../server/model/adapter.js';
import { generate } from '../../../server/model/generation.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { goldenDir, readGolden } from './golden.js';

/** That a golden model answers greedily what transformers says, on the backend in use. */
export async function expectGoldenAnswers(name: 'tied' | 'untied' | 'adapter'): Promise<void> {
  const golden = readGolden(name);
  const model = Qwen2Model.load(goldenDir(name === 'untied' ? 'untied' : 'tied'));
  model.adapter = name === 'adapter' ? Adapter.load(golden.dir, model.config) : null;
  const answers = await generate(model, golden.sequences, { maxNewTokens: 12, temperature: 0 });
  expect(answers.map(({ ids }) => ids)).toEqual(golden.greedy);
  expect(answers.every(({ finish }) => finish === 'length')).toBe(true);
}
