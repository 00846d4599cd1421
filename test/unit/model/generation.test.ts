import { memory, tidy } from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, expect, type MockInstance, test, vi } from 'vitest';
import { generate, type Generation } from '../../../server/model/generation.js';
import { targetLogProbs } from '../../../server/model/loss.js';
import { NativeEngine } from '../../../server/model/nativeEngine.js';
import { TensorEngine } from '../../../server/model/tensorEngine.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { packGroups } from '../../../server/training/batch.js';
import { expectGoldenAnswers } from './answers.js';
import { onEachBackend, useBackend } from './backends.js';
import { goldenDir, readGolden, relativeError } from './golden.js';

const { sequences } = readGolden('tied');

function logProbsByForward(
  model: Qwen2Model,
  prompt: readonly number[],
  ids: number[],
): Float32Array {
  const { batch, spans } = packGroups([{ prompt, answers: [ids] }]);
  const all = tidy(() => targetLogProbs(model, batch).logProbs.dataSync<'float32'>().slice());
  return all.subarray(spans[0].start, spans[0].start + ids.length);
}

onEachBackend('generation', (backend) => {
  let model: Qwen2Model;
  beforeAll(async () => {
    await useBackend(backend);
    model = Qwen2Model.load(goldenDir('tied'));
  });
  afterEach(() => void vi.restoreAllMocks());
  afterAll(() => model.dispose());

  /** A copy without what earlier tests left in its prefix cache. */
  const copy = (changes: Partial<Qwen2Model['config']> = {}): Qwen2Model =>
    Qwen2Model.fromWeights({ ...model.config, ...changes }, (name) =>
      model.variables().get(name)!.dataSync<'float32'>().slice(),
    );
  const engine = (backend === 'native' ? NativeEngine : TensorEngine).prototype;
  const spyOnSteps = (): MockInstance<TensorEngine['step']> => vi.spyOn(engine, 'step');
  const tokensOf = (spy: MockInstance<TensorEngine['step']>): number[] =>
    spy.mock.calls.map(([feeds]) => feeds.reduce((sum, { tokens }) => sum + tokens.length, 0));

  test.each(['tied', 'untied', 'adapter'] as const)(
    'golden %s: greedy answers equal those of transformers',
    expectGoldenAnswers,
  );

  test('reports the log-probabilities that a forward pass computes, whatever it samples with', async () => {
    for (const sampling of [
      { temperature: 1 },
      { temperature: 1.5, topP: 0.9 },
      { temperature: 0.4 },
    ]) {
      const answers = await generate(model, sequences, {
        maxNewTokens: [9, 4, 12],
        seed: 3,
        ...sampling,
      });
      expect(answers.map(({ ids }) => ids.length)).toEqual([9, 4, 12]);
      answers.forEach(({ ids, logProbs }, row) => {
        expect(relativeError(logProbs, logProbsByForward(model, sequences[row], ids))).toBeLessThan(
          1e-4,
        );
      });
    }
  });

  test('a row samples the same alone, in a batch, in a group, and in a small cache', async () => {
    const prompts = [
      sequences[0],
      sequences[1],
      sequences[0],
      sequences[2],
      sequences[1],
      sequences[0],
    ];
    const options = { maxNewTokens: [10, 3, 6, 8, 5, 7], seed: 11 };
    const together = await generate(model, prompts, options);
    const rowBytes =
      model.config.layers * 2 * 4 * model.config.kvHeads * 22 * model.config.headSize;
    for (const cacheBytes of [1, 2 * rowBytes, 4 * rowBytes]) {
      const apart = await generate(model, prompts, { ...options, cacheBytes });
      expect(apart.map(({ ids }) => ids)).toEqual(together.map(({ ids }) => ids));
    }
    const [alone] = await generate(model, prompts.slice(0, 1), { maxNewTokens: 10, seed: 11 });
    expect(alone.ids).toEqual(together[0].ids);
    expect(together[0].ids.slice(0, 6)).not.toEqual(together[2].ids);
    const again = await generate(model, prompts, options);
    expect(again).toEqual(together);
    const other = await generate(model, prompts, { ...options, seed: 12 });
    expect(other.map(({ ids }) => ids)).not.toEqual(together.map(({ ids }) => ids));
  });

  test.each([undefined, 1])(
    'a prompt that rows share is computed once, also for rows that wait (%s bytes)',
    async (cacheBytes) => {
      const own = copy();
      const steps = spyOnSteps();
      const prompts = [sequences[0], sequences[0], sequences[0]];
      await generate(own, prompts, { maxNewTokens: 2, cacheBytes, speculate: false });
      const first = sequences[0].length - 1;
      // The C++ engine has memory of its own for so little.
      const waits = cacheBytes !== undefined && backend !== 'native';
      expect(tokensOf(steps)).toEqual(waits ? [first, 1, 1, 1, 1, 1, 1] : [first, 3, 3]);
      own.dispose();
    },
  );

  test('rows that end leave the batch', async () => {
    const steps = spyOnSteps();
    await generate(model, [[1], [2], [3]], { maxNewTokens: [1, 3, 2] });
    expect(tokensOf(steps)).toEqual([3, 2, 1]);
  });

  test('ends at a stop id, which it keeps, or where the callback says so', async () => {
    const [whole] = await generate(model, [sequences[1]], { maxNewTokens: 12, temperature: 0 });
    const stopId = whole.ids[3];
    const [byId] = await generate(model, [sequences[1]], {
      maxNewTokens: 12,
      temperature: 0,
      stopIds: [stopId],
    });
    expect(byId.ids).toEqual(whole.ids.slice(0, whole.ids.indexOf(stopId) + 1));
    expect(byId.finish).toBe('stop');
    expect(byId.logProbs.length).toBe(byId.ids.length);
    const seen: number[] = [];
    const answers = await generate(model, sequences, {
      maxNewTokens: 12,
      temperature: 0,
      stop: (row, ids) => {
        seen.push(row);
        return row === 2 && ids.length === 5;
      },
    });
    expect(answers.map(({ ids }) => ids.length)).toEqual([12, 12, 5]);
    expect(answers.map(({ finish }) => finish)).toEqual(['length', 'length', 'stop']);
    expect(seen.filter((row) => row === 2).length).toBe(5);
  });

  test('the context length bounds prompt and answer together', async () => {
    const { contextLength } = model.config;
    const long = Array.from({ length: contextLength - 3 }, (_, i) => i % 90);
    const [answer] = await generate(model, [long], { maxNewTokens: 100, temperature: 0 });
    expect(answer.ids.length).toBe(3);
    expect(answer.finish).toBe('length');
    await expect(generate(model, [[...long, 1, 2, 3]], { maxNewTokens: 1 })).rejects.toThrow(
      /Prompt 0 has 128 tokens/,
    );
    await expect(generate(model, [[5], []], { maxNewTokens: 1 })).rejects.toThrow(
      /Prompt 1 has 0 tokens/,
    );
    expect(await generate(model, [[5]], { maxNewTokens: 0 })).toEqual([
      { ids: [], logProbs: new Float32Array(0), finish: 'length' },
    ]);
    expect(await generate(model, [], { maxNewTokens: 4 })).toEqual([]);
  });

  test('a long prompt is computed in pieces', async () => {
    const longer = copy({ contextLength: 2000 });
    const prompt = Array.from({ length: 1034 }, (_, i) => (i * 31) % 96);
    const steps = spyOnSteps();
    await generate(longer, [prompt], { maxNewTokens: 2, speculate: false });
    expect(tokensOf(steps)).toEqual([1024, 9, 1, 1]);
    longer.dispose();
  });

  test('a cancel ends within one step and keeps what there is', async () => {
    const aborter = new AbortController();
    let made = 0;
    const steps = spyOnSteps();
    const stop = (row: number, ids: readonly number[]): boolean => {
      made = ids.length;
      if (row === 0 && ids.length === 4) {
        aborter.abort();
      }
      return row === 1 && ids.length === 2;
    };
    const own = copy();
    const answers = await generate(own, sequences, {
      maxNewTokens: 50,
      stop,
      signal: aborter.signal,
    });
    expect(made).toBe(4);
    expect(steps).toHaveBeenCalledTimes(5);
    expect(answers.map(({ finish }) => finish)).toEqual(['cancelled', 'stop', 'cancelled']);
    expect(answers.map(({ ids }) => ids.length)).toEqual([4, 2, 4]);
    steps.mockClear();
    const none = await generate(model, sequences, {
      maxNewTokens: 50,
      signal: AbortSignal.abort(),
    });
    expect(none.map(({ ids, finish }: Generation) => [ids.length, finish])).toEqual(
      sequences.map(() => [0, 'cancelled']),
    );
    expect(steps).not.toHaveBeenCalled();
  });

  test('the event loop gets a turn between steps', async () => {
    const aborter = new AbortController();
    setTimeout(() => aborter.abort(), 5);
    const [answer] = await generate(model, [sequences[0]], {
      maxNewTokens: 116,
      signal: aborter.signal,
      stop: () => {
        const until = performance.now() + 1;
        while (performance.now() < until) {}
        return false;
      },
    });
    expect(answer.finish).toBe('cancelled');
  });

  test('damaged weights are said', async () => {
    const damaged = Qwen2Model.fromWeights(model.config, (name, shape) =>
      name.endsWith('norm.weight')
        ? new Float32Array(shape[0]).fill(NaN)
        : model.variables().get(name)!.dataSync<'float32'>().slice(),
    );
    await expect(generate(damaged, [[1, 2]], { maxNewTokens: 3 })).rejects.toThrow(
      /no finite logits/,
    );
    damaged.dispose();
  });

  test('leaks no tensors and gives its cache back', async () => {
    const dispose = vi.spyOn(engine, 'dispose');
    const before = memory().numTensors;
    await generate(model, sequences, { maxNewTokens: 5 });
    const failing = generate(model, sequences, {
      maxNewTokens: 5,
      stop: () => {
        throw new Error('from the callback');
      },
    });
    await expect(failing).rejects.toThrow('from the callback');
    expect(memory().numTensors).toBe(before);
    expect(dispose).toHaveBeenCalledTimes(2);
  });
});
