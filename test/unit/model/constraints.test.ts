import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate } from '../../../server/model/generation.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { onEachBackend, useBackend } from './backends.js';
import { goldenDir, readGolden } from './golden.js';

const { sequences } = readGolden('tied');

onEachBackend('constrained generation', (backend) => {
  let model: Qwen2Model;
  beforeAll(async () => {
    await useBackend(backend);
    model = Qwen2Model.load(goldenDir('tied'));
  });
  afterAll(() => model.dispose());

  test('draws only what is allowed, greedily the likeliest of it', async () => {
    const [free] = await generate(model, [sequences[0]], { maxNewTokens: 1, temperature: 0 });
    const others = Int32Array.from(
      [...Array(model.config.vocabSize).keys()].filter((id) => id !== free.ids[0]),
    );
    const [second] = await generate(model, [sequences[0]], {
      maxNewTokens: 1,
      temperature: 0,
      allowed: () => others,
    });
    expect(second.ids[0]).not.toBe(free.ids[0]);
    expect(second.logProbs[0]).toBeLessThanOrEqual(free.logProbs[0]);
    for (const topP of [1, 0.5]) {
      const sets = [Int32Array.of(7), Int32Array.of(9, 3, 5), null];
      const answers = await generate(model, [sequences[0], sequences[1]], {
        maxNewTokens: 9,
        topP,
        allowed: (_row, ids) => sets[ids.length % 3],
      });
      for (const { ids } of answers) {
        ids.forEach((id, i) =>
          expect(sets[i % 3] === null || sets[i % 3]!.includes(id)).toBe(true),
        );
      }
    }
  });

  test('a set of all tokens changes nothing', async () => {
    const all = Int32Array.from(Array(model.config.vocabSize).keys());
    const options = { maxNewTokens: 8, temperature: 0.8, topP: 0.9, seed: 5 };
    const free = await generate(model, sequences, options);
    const asked = await generate(model, sequences, { ...options, allowed: () => all });
    expect(asked.map(({ ids }) => ids)).toEqual(free.map(({ ids }) => ids));
  });

  test('each row has its own temperature', async () => {
    const prompts = [sequences[0], sequences[1], sequences[0]];
    const mixed = await generate(model, prompts, {
      maxNewTokens: 8,
      temperature: [0, 0.7, 1],
      seed: 4,
    });
    for (const [row, temperature] of [0, 0.7, 1].entries()) {
      const alike = await generate(model, prompts, { maxNewTokens: 8, temperature, seed: 4 });
      expect(mixed[row].ids).toEqual(alike[row].ids);
    }
  });

  test('an amended answer goes on as if it had been the prompt', async () => {
    const prompt = sequences[0];
    for (const [keep, given] of [
      [0, [4, 8, 15]],
      [2, [16, 23, 42, 4]],
      [3, []],
      [4, [1]],
      [0, []],
    ] as const) {
      let start: readonly number[] | null = null;
      const answers = await generate(model, [prompt, sequences[1], prompt], {
        maxNewTokens: 16,
        temperature: 0,
        amend: (row, ids) => {
          if (row !== 0 || ids.length !== 5 || start !== null) {
            return null;
          }
          start = [...ids.slice(0, keep), ...given];
          return start;
        },
      });
      const begun: readonly number[] = start ?? [];
      const [straight] = await generate(model, [[...prompt, ...begun]], {
        maxNewTokens: 16 - begun.length,
        temperature: 0,
      });
      expect(answers[0].ids).toEqual([...begun, ...straight.ids]);
      expect(answers[0].finish).toBe('length');
      answers[0].logProbs.forEach((logProb, i) =>
        expect(Number.isNaN(logProb)).toBe(i >= keep && i < begun.length),
      );
      const [other, same] = await generate(model, [sequences[1], prompt], {
        maxNewTokens: 16,
        temperature: 0,
      });
      expect(answers[1].ids).toEqual(other.ids);
      expect(answers[2].ids).toEqual(same.ids);
    }
  });

  test('an amended answer is not looked at for its end, but counts towards the limit', async () => {
    const [free] = await generate(model, [sequences[2]], { maxNewTokens: 4, temperature: 0 });
    const [answer] = await generate(model, [sequences[2]], {
      maxNewTokens: 3,
      temperature: 0,
      stopIds: [free.ids[0]],
      amend: (_row, ids) => (ids.length === 1 ? [...ids, 3, 4, 5] : null),
    });
    expect(answer.ids).toEqual([free.ids[0], 3, 4, 5]);
    expect(answer.finish).toBe('length');
  });
});
