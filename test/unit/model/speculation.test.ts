import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DecodingHooks } from '../../../server/model/decoder.js';
import { generate, type GenerateOptions } from '../../../server/model/generation.js';
import { NativeEngine } from '../../../server/model/nativeEngine.js';
import { Drafter } from '../../../server/model/speculation.js';
import { TensorEngine } from '../../../server/model/tensorEngine.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { onEachBackend, useBackend } from './backends.js';
import { goldenDir, readGolden } from './golden.js';

const { sequences } = readGolden('tied');

describe('Drafter', () => {
  test('goes on like the last place where the end stood before', () => {
    expect(new Drafter([1, 2, 3, 4, 9, 1, 2]).draft(7, [], 3)).toEqual([3, 4, 9]);
    expect(new Drafter([1, 2, 3, 7, 1, 2, 5, 8]).draft(8, [1, 2], 2)).toEqual([5, 8]);
    // The longer run in common counts more than the later place.
    expect(new Drafter([6, 1, 2, 3, 7, 1, 2, 5, 8]).draft(9, [6, 1, 2], 1)).toEqual([3]);
  });

  test('says nothing where nothing is in common, or nothing is wanted', () => {
    expect(new Drafter([1, 2, 3]).draft(3, [4], 5)).toEqual([]);
    expect(new Drafter([1, 2, 3, 2]).draft(4, [], 5)).toEqual([]);
    expect(new Drafter([1, 2, 3, 1, 2]).draft(5, [], 0)).toEqual([]);
  });

  test('an answer that was amended is read anew', () => {
    const drafter = new Drafter([1, 2, 3, 4, 5]);
    expect(drafter.draft(5, [1, 2], 1)).toEqual([3]);
    expect(drafter.draft(5, [3, 4], 1)).toEqual([5]);
    expect(drafter.draft(5, [9], 1)).toEqual([]);
  });

  test('guesses less where it is wrong, more where it is right', () => {
    const text = Array.from({ length: 40 }, (_, i) => i % 10);
    const drafter = new Drafter(text);
    const length = () => drafter.draft(text.length, [], 100).length;
    const before = length();
    for (let i = 0; i < 5; i++) {
      drafter.note(4, 0);
    }
    expect(length()).toBe(1);
    for (let i = 0; i < 5; i++) {
      drafter.note(1, 1);
    }
    expect(length()).toBeGreaterThan(before);
  });
});

onEachBackend('speculation', (backend) => {
  let model: Qwen2Model;
  beforeAll(async () => {
    await useBackend(backend);
    model = Qwen2Model.load(goldenDir('tied'));
  });
  afterAll(() => model.dispose());

  const both = async (prompts: number[][], options: GenerateOptions) => {
    const step = vi.spyOn((backend === 'native' ? NativeEngine : TensorEngine).prototype, 'step');
    const plain = await generate(model, prompts, { ...options, speculate: false });
    const passes = step.mock.calls.length;
    step.mockClear();
    const guessed = await generate(model, prompts, options);
    const fewer = step.mock.calls.length;
    step.mockRestore();
    expect(guessed.map(({ ids }) => ids)).toEqual(plain.map(({ ids }) => ids));
    guessed.forEach(({ logProbs, finish }, row) => {
      expect(finish).toBe(plain[row].finish);
      logProbs.forEach((each, i) =>
        expect(Math.abs(each - plain[row].logProbs[i]) > 1e-4).toBe(false),
      );
    });
    if (backend === 'native') {
      expect(guessed).toEqual(plain);
    }
    return { passes, fewer };
  };

  test('the same answers, greedy and sampled, in fewer passes where text repeats', async () => {
    const { passes, fewer } = await both([sequences[0]], { maxNewTokens: 80, temperature: 0 });
    expect(fewer).toBeLessThan(passes);
    await both([sequences[0], sequences[1]], { maxNewTokens: 60, temperature: 0 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1e6 }),
        fc.constantFrom(0.1, 0.5, 1),
        fc.constantFrom(0.6, 1),
        async (seed, temperature, topP) => {
          await both([sequences[seed % 3]], { maxNewTokens: 40, seed, temperature, topP });
        },
      ),
      { numRuns: backend === 'native' ? 20 : 3 },
    );
  });

  test('masks, amendments, stop ids and callbacks see the same', async () => {
    const few = Int32Array.of(3, 5, 8, 13);
    const [free] = await generate(model, [sequences[0]], { maxNewTokens: 30, temperature: 0 });
    const hooks: DecodingHooks = {
      allowed: (_row, ids) => (ids.length % 3 === 1 ? null : few),
      amend: (_row, ids) => (ids.length === 9 ? [...ids.slice(0, 7), 3, 5, 8] : null),
    };
    await both([sequences[0]], { ...hooks, maxNewTokens: 25, temperature: 0 });
    await both([sequences[2]], { allowed: hooks.allowed, maxNewTokens: 40, seed: 4 });
    await both([sequences[0]], {
      maxNewTokens: 30,
      temperature: 0,
      stopIds: [free.ids[free.ids.length - 1]],
    });
    const seen: number[][] = [[], []];
    for (const speculate of [false, true]) {
      await generate(model, [sequences[0]], {
        maxNewTokens: 30,
        temperature: 0,
        speculate,
        stop: (_row, ids) => {
          seen[Number(speculate)].push(ids.length);
          return ids.length === 23;
        },
      });
    }
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0].at(-1)).toBe(23);
  });
});
