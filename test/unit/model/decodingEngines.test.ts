import { mul, onesLike, tidy } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Adapter } from '../../../server/model/adapter.js';
import type { Qwen2Config } from '../../../server/model/config.js';
import { Decoder, type Row } from '../../../server/model/decoder.js';
import type { DecodingEngine, Drawn } from '../../../server/model/decodingEngine.js';
import { generate, type Generation } from '../../../server/model/generation.js';
import { trainableParameters } from '../../../server/model/loss.js';
import { NativeEngine } from '../../../server/model/nativeEngine.js';
import { TensorEngine } from '../../../server/model/tensorEngine.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { AdamW } from '../../../server/tensor/adamw.js';
import { nativeAddon, nativeValues } from '../../../server/tensor/addon.js';
import { Random } from '../../../server/util/random.js';
import { onNative, useBackend } from './backends.js';

const CONFIG: Qwen2Config = {
  vocabSize: 331,
  hiddenSize: 36,
  innerSize: 51,
  layers: 3,
  heads: 6,
  kvHeads: 2,
  headSize: 22,
  contextLength: 400,
  ropeTheta: 10000,
  rmsNormEps: 1e-6,
  tiedEmbeddings: false,
  bosId: null,
  eosIds: [],
  padId: null,
};

const FREE = { temperature: 0, uniform: 0.5, allowed: null };

function someIds(count: number, seed: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.int(CONFIG.vocabSize));
}

/** An adapter that changes something: PEFT's begins with B = 0. */
function loudAdapter(config: Qwen2Config, seed: number): Adapter {
  const adapter = Adapter.init(config, { rank: 5 }, seed);
  const random = new Random(seed);
  for (const [name, variable] of adapter.variables()) {
    if (name.includes('lora_B')) {
      const values = variable.dataSync<'float32'>();
      values.forEach((_, i) => (values[i] = 0.3 * random.normal()));
    }
  }
  return adapter;
}

/** The likeliest token and its log-probability after each token of a sequence. */
function readAll(engine: DecodingEngine, tokens: readonly number[]): Drawn[] {
  const { sequence } = engine.open([], tokens.length)!;
  const [drawn] = engine.step([{ sequence, tokens, draws: tokens.map(() => FREE) }], 1);
  engine.close(sequence);
  return drawn;
}

onNative('decoding engines', () => {
  let model: Qwen2Model;
  beforeAll(async () => {
    await useBackend('native');
    model = Qwen2Model.init(CONFIG, 4);
  });
  afterAll(() => model.dispose());

  test.each([
    { tiedEmbeddings: true },
    { tiedEmbeddings: false, kvHeads: 6 },
    { kvHeads: 1, headSize: 64, layers: 1, hiddenSize: 1, innerSize: 1 },
    { heads: 3, kvHeads: 1, headSize: 2, vocabSize: 5 },
  ])('C++ computes what the tensor operations do: %o', (changes) => {
    const own = Qwen2Model.init({ ...CONFIG, ...changes }, 9);
    for (const adapted of [false, true]) {
      own.adapter = adapted ? loudAdapter(own.config, 3) : null;
      const tokens = someIds(150, 7).map((id) => id % own.config.vocabSize);
      const native = readAll(new NativeEngine(own, 150, 1, 0), tokens);
      const tensor = readAll(new TensorEngine(own, 150, 1, 0), tokens);
      native.forEach(({ logProb }, i) => {
        expect(Math.abs(logProb - tensor[i].logProb)).toBeLessThan(1e-4);
      });
      // A near tie may fall either way.
      const different = native.filter(({ id }, i) => id !== tensor[i].id).length;
      expect(different).toBeLessThanOrEqual(1);
      own.adapter?.dispose();
    }
    own.dispose();
  });

  test.each([
    { kind: 'int8', changes: { tiedEmbeddings: true } },
    { kind: 'int8', changes: { tiedEmbeddings: false } },
    { kind: 'int4', changes: { hiddenSize: 64, innerSize: 96, headSize: 16 } },
  ] as const)(
    'C++ computes in $kind what the tensor operations do: $changes',
    ({ kind, changes }) => {
      const own = Qwen2Model.init({ ...CONFIG, ...changes }, 9);
      own.quantize(kind);
      expect([...own.matrices().values()].some((matrix) => matrix.kind === kind)).toBe(true);
      for (const adapted of [false, true]) {
        own.adapter = adapted ? loudAdapter(own.config, 3) : null;
        const tokens = someIds(150, 7);
        const native = readAll(new NativeEngine(own, 150, 1, 0), tokens);
        const tensor = readAll(new TensorEngine(own, 150, 1, 0), tokens);
        native.forEach(({ logProb }, i) => {
          // Both round activations to 8 bits, where the last bit of a sum can tip a value to its neighbour.
          expect(Math.abs(logProb - tensor[i].logProb)).toBeLessThan(3e-3);
        });
        own.adapter?.dispose();
      }
      own.dispose();
    },
  );

  test('a token is computed the same, bit for bit, however the work is cut and shared', () => {
    const tokens = someIds(130, 2);
    const engine = new NativeEngine(model, 140, 40, 2 ** 28);
    const whole = readAll(engine, tokens);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.integer({ min: 0, max: 129 }), { maxLength: 6 }),
        (cuts, forks) => {
          const open: number[] = [];
          const start = engine.open(tokens.slice(0, 40), 90)!;
          open.push(start.sequence);
          const sequences = [{ sequence: start.sequence, length: start.length }];
          for (const fork of forks) {
            const { sequence, length } = engine.open(tokens.slice(0, fork), 130)!;
            open.push(sequence);
            sequences.push({ sequence, length });
          }
          for (let round = 0; round < 40; round++) {
            const going = sequences.filter(({ length }) => length < tokens.length);
            if (going.length === 0) {
              break;
            }
            const feeds = going.map(({ sequence, length }, i) => {
              const count = Math.min(tokens.length - length, cuts[(round + i) % cuts.length]);
              return {
                sequence,
                tokens: tokens.slice(length, length + count),
                draws: Array.from({ length: Math.min(count, 1 + (i % 3)) }, () => FREE),
              };
            });
            const drawn = engine.step(feeds, 1);
            going.forEach((each, i) => {
              each.length += feeds[i].tokens.length;
              expect(drawn[i]).toEqual(whole.slice(each.length - drawn[i].length, each.length));
              if (round % 5 === 4) {
                each.length -= Math.min(3, each.length);
                engine.truncate(each.sequence, each.length);
              }
            });
          }
          open.forEach((sequence) => engine.close(sequence));
        },
      ),
      { numRuns: 25 },
    );
    engine.dispose();
  });

  test('any number of threads gives the same', async () => {
    const prompts = [someIds(90, 1), someIds(3, 2), someIds(90, 1)];
    const addon = nativeAddon();
    const threads = addon.threads();
    const answers: Generation[][] = [];
    for (const count of [1, 2, 3, 7]) {
      addon.setThreads(count);
      const own = Qwen2Model.init(CONFIG, 4);
      answers.push(await generate(own, prompts, { maxNewTokens: 20, topP: 0.9 }));
      own.dispose();
    }
    addon.setThreads(threads);
    answers.forEach((answer) => expect(answer).toEqual(answers[0]));
  });

  test('memory that is promised is there, and what is given back serves others', () => {
    const own = Qwen2Model.init(CONFIG, 8);
    const engine = new NativeEngine(own, 64, 2, 1);
    const a = engine.open(someIds(10, 1), 54)!;
    expect(a.length).toBe(0);
    expect(engine.open(someIds(10, 2), 1e6)).toBeNull();
    engine.step([{ sequence: a.sequence, tokens: someIds(10, 1), draws: [] }], 1);
    engine.close(a.sequence);
    const b = engine.open(someIds(12, 1), 30)!;
    expect(b.length).toBe(10);
    engine.step([{ sequence: b.sequence, tokens: someIds(42, 1).slice(10), draws: [] }], 1);
    expect(() =>
      engine.step([{ sequence: b.sequence, tokens: someIds(100, 1), draws: [] }], 1),
    ).toThrow(/no memory left/);
    expect(() => engine.truncate(99, 1)).toThrow();
    engine.close(b.sequence);
    engine.dispose();
    own.dispose();
  });

  test('what no array of the model backs is refused', () => {
    const addon = nativeAddon();
    const pages = addon.kvPages(1, 1, 2);
    expect(() => addon.kvOpen(pages, 3, 1, 1)).toThrow(RangeError);
    expect(() => addon.kvClose(pages, 0)).toThrow(RangeError);
    const sizes = Int32Array.of(1, 4, 4, 1, 1, 2, 5);
    expect(() => addon.decoderModel(sizes, 1e-6, 10000, 1, [])).toThrow(RangeError);
    expect(() => addon.kvUsed({} as typeof pages)).toThrow(TypeError);
  });

  test('a later request takes over the beginning that it shares with an earlier one', async () => {
    const own = Qwen2Model.init(CONFIG, 5);
    const step = vi.spyOn(NativeEngine.prototype, 'step');
    const count = (): number =>
      step.mock.calls.reduce(
        (sum, [feeds]) => sum + feeds.reduce((all, { tokens }) => all + tokens.length, 0),
        0,
      );
    const prompt = someIds(60, 3);
    const options = { maxNewTokens: 4, temperature: 0, speculate: false };
    const [first] = await generate(own, [prompt], options);
    expect(count()).toBe(59 + 4);
    step.mockClear();
    const [again] = await generate(own, [prompt], options);
    expect(again).toEqual(first);
    expect(count()).toBe(4);
    step.mockClear();
    await generate(own, [[...prompt, ...first.ids, 5, 6]], options);
    expect(count()).toBe(2 + 4);
    step.mockClear();

    // Training in place, another adapter, and none: what was computed before is void.
    const optimizer = new AdamW(trainableParameters(own), { lr: 0.1 });
    const name = 'model.norm.weight';
    const gain = own.variables().get(name)!;
    optimizer.step(new Map([[name, gain.clone()]]));
    const [trained] = await generate(own, [prompt], options);
    expect(count()).toBe(59 + 4);
    expect(trained.logProbs).not.toEqual(first.logProbs);
    step.mockClear();
    own.adapter = loudAdapter(own.config, 1);
    const [adapted] = await generate(own, [prompt], options);
    expect(adapted.logProbs).not.toEqual(trained.logProbs);
    expect(count()).toBe(59 + 4);
    own.adapter = null;
    expect((await generate(own, [prompt], options))[0]).toEqual(trained);
    step.mockRestore();
    own.dispose();
  });

  test('weights that another tensor of the same memory replaced are seen', async () => {
    const own = Qwen2Model.init(CONFIG, 5);
    const gain = own.variables().get('model.norm.weight')!;
    const setGain = (value: number): void => {
      const next = tidy(() => mul(onesLike(gain), value));
      gain.assign(next);
      next.dispose();
    };
    const ask = () => generate(own, [someIds(40, 3)], { maxNewTokens: 4, temperature: 0 });
    setGain(1);
    const [before] = await ask();
    const step = vi.spyOn(NativeEngine.prototype, 'step');
    const place = nativeValues(gain).byteOffset;
    const { buffer } = nativeValues(gain);
    for (let i = 0; i < 4 || nativeValues(gain).buffer !== buffer; i++) {
      setGain(2 + i);
    }
    expect(nativeValues(gain).byteOffset).toBe(place);
    const [after] = await ask();
    expect(after.logProbs).not.toEqual(before.logProbs);
    expect(step.mock.calls[0][0][0].tokens.length).toBe(39);
    step.mockRestore();
    own.dispose();
  });

  test.each([
    { value: NaN, topP: 0.9, temperature: 1 },
    { value: Infinity, topP: 0.9, temperature: 0.5 },
    { value: NaN, topP: 1, temperature: 1 },
    { value: NaN, topP: 0.9, temperature: 0 },
  ])('damaged weights are an error: %o', async ({ value, ...sampling }) => {
    const own = Qwen2Model.init(CONFIG, 5);
    nativeValues(own.variables().get('lm_head.weight')!).fill(value, 0, 40 * CONFIG.hiddenSize);
    await expect(
      generate(own, [someIds(9, 1), someIds(5, 2)], { maxNewTokens: 4, ...sampling }),
    ).rejects.toThrow(/no finite logits/);
    const few = Int32Array.of(3, 4);
    await expect(
      generate(own, [someIds(9, 1)], { maxNewTokens: 4, ...sampling, allowed: () => few }),
    ).rejects.toThrow(/no finite logits/);
    own.dispose();
  });

  test('a temperature next to nothing is greedy', async () => {
    const options = { maxNewTokens: 8, topP: 0.9 };
    const prompts = [someIds(20, 4)];
    const [greedy] = await generate(model, prompts, { ...options, temperature: 0 });
    const [cold] = await generate(model, prompts, { ...options, temperature: 1e-42 });
    expect(cold).toEqual(greedy);
  });

  test('requests that run at once do not disturb each other', async () => {
    const own = Qwen2Model.init(CONFIG, 5);
    const requests = [1, 2, 3, 4].map((seed) => ({ prompt: someIds(20 * seed, seed % 3), seed }));
    const ask = ({ prompt, seed }: (typeof requests)[0]) =>
      generate(own, [prompt, prompt], { maxNewTokens: 20, seed, cacheBytes: 1 });
    const alone = [];
    for (const request of requests) {
      alone.push(await ask(request));
    }
    expect(await Promise.all(requests.map(ask))).toEqual(alone);
    own.dispose();
  });

  test('the decoder closes what it opened', async () => {
    const engine = new TensorEngine(model, 40, 3, 2 ** 28);
    const close = vi.spyOn(engine, 'close');
    const row = (index: number): Row => ({
      index,
      prompt: [1, 2, 3],
      key: '1,2,3',
      limit: 5,
      temperature: 1,
      random: new Random(index),
      drafter: null,
      ids: [],
      logProbs: [],
      finish: 'cancelled',
    });
    const rows = [row(0), row(1)];
    const options = { topP: 1, stopIds: new Set<number>() };
    await new Decoder(engine, [...rows], options).run();
    expect(rows.map(({ ids }) => ids.length)).toEqual([5, 5]);
    expect(close).toHaveBeenCalledTimes(2);
    engine.dispose();
  });
});
