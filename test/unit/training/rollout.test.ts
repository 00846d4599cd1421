import { beforeAll, expect, it } from 'vitest';
import type { Prompts } from '../../../server/inference/prompts.js';
import { initBackend } from '../../../server/tensor/backend.js';
import { rollout } from '../../../server/training/rollout.js';
import { Random } from '../../../server/util/random.js';
import { SIMILARITIES, tiny } from './tiny.js';

beforeAll(async () => {
  await initBackend();
});

it('lets the reader see of a doc what a person would be shown, and no more', async () => {
  const { policy, prompts, settings, examples } = tiny();
  const seen: string[] = [];
  const context = {
    model: policy.model,
    prompts: {
      ...prompts,
      readDoc: () => 'Doubles a\nnumber.\n@private return x * 2\n@returns one\n@returns twice x',
      generate: (...[language, doc, signature]: Parameters<Prompts['generate']>) => {
        seen.push(doc);
        return prompts.generate(language, doc, signature);
      },
    },
    similarities: SIMILARITIES,
    settings: { ...settings, docCapMin: 400, leakRule: false },
  };
  const { units } = await rollout(context, [examples[0]], new Random(1));
  expect(units[0].docs.length).toBe(settings.docsPerUnit);
  expect(seen.length).toBeGreaterThan(0);
  expect(new Set(seen)).toEqual(new Set(['Doubles a number.\n@returns twice x']));
  policy.dispose();
});
