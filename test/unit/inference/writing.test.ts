import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { documentUnit } from '../../../server/inference/documentUnit.js';
import { generateCode } from '../../../server/inference/generateCode.js';
import type { LoadedModel } from '../../../server/inference/loadedModel.js';
import { promptsFor, type Prompts } from '../../../server/inference/prompts.js';
import { attemptCodes, writeCodes } from '../../../server/inference/writeCodes.js';
import { writeDocs } from '../../../server/inference/writeDocs.js';
import { parsePlainDoc, renderPlainDoc } from '../../../server/languages/docs/plain.js';
import { makeTokenizer } from '../../../server/model/tokenizer/load.js';
import { trainTokenizer } from '../../../server/model/tokenizer/train.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { loadSimilarity, type Similarity } from '../../../server/similarity/similarity.js';
import { initBackend } from '../../../server/tensor/backend.js';
import { evaluate } from '../../../server/training/evaluate.js';
import { checkDoc } from '../../../server/training/validity.js';
import { completedDoc, warmupDocs } from '../../../server/training/warmupDoc.js';
import type { Example } from '../../../server/training/examples.js';
import { warmUp } from '../../../server/training/loop.js';
import { TrainingState } from '../../../server/training/state.js';
import { tiny } from '../training/tiny.js';

let loaded: LoadedModel;
let examples: Example[];
let similarity: Similarity;

/** A model that has learnt six functions by heart: what it writes of them is known. */
beforeAll(async () => {
  await initBackend();
  const parts = tiny(
    { warmupSteps: 400, warmupLearningRate: 0.02, emptyDocShare: 0, bareShare: 0 },
    false,
    32,
  );
  const state = new TrainingState(parts.policy, parts.settings, parts.examples.length);
  await warmUp(state, parts, parts.settings, { onStep: () => undefined });
  const { tokenizer, prompts } = parts;
  const { model } = parts.policy;
  loaded = {
    name: 'tiny',
    dir: '',
    adapterDir: null,
    model,
    tokenizer,
    prompts,
    parameters: 0,
    dispose: () => state.dispose(),
  };
  examples = parts.examples;
  similarity = await loadSimilarity('javascript');
}, 120_000);

afterAll(() => loaded.dispose());

describe('documentUnit', () => {
  it('names every parameter once, describes the return, and ranks by round trip', async () => {
    for (const { view } of examples) {
      const candidates = await documentUnit(loaded, similarity, view, { candidates: 3 });
      expect(candidates.length).toBeGreaterThan(0);
      for (const { doc, plain } of candidates) {
        expect(doc.params.map(({ name }) => name)).toEqual(view.parameters);
        expect(doc.returns === null).toBe(!view.returnsValue);
        expect(parsePlainDoc(plain)).toEqual(doc);
      }
      const scores = candidates.map(({ roundTrip }) => roundTrip);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
    }
  });

  it('invents no parameter and no return where there is none', async () => {
    const view = { ...examples[0].view, parameters: [], returnsValue: false };
    for (const { doc } of await documentUnit(loaded, similarity, view)) {
      expect(doc.params).toEqual([]);
      expect(doc.returns).toBeNull();
    }
  });

  it('ends when it is cancelled', async () => {
    const signal = AbortSignal.abort(new Error('cancelled'));
    await expect(documentUnit(loaded, similarity, examples[0].view, { signal })).rejects.toThrow(
      'cancelled',
    );
  });
});

describe('generateCode', () => {
  it('writes what was learnt, each candidate whole and different', async () => {
    const { signature } = examples[0].view;
    const request = {
      language: 'javascript' as const,
      doc: 'Doubles a number.\n@param x the x\n@returns the result',
      signature,
    };
    const { candidates, reason } = await generateCode(loaded, request, 3);
    expect(candidates.map(({ code }) => code)).toContain('function double(x) { return x * 2; }');
    for (const { code, body } of candidates) {
      expect(code).toBe(signature + body);
      expect(similarity.parses(code)).toBe(true);
    }
    expect(new Set(candidates.map(({ code }) => code)).size).toBe(candidates.length);
    expect(reason === null).toBe(candidates.length === 3);
  });

  it('looks at the function before for every other candidate', async () => {
    const { signature } = examples[0].view;
    const { prompts } = loaded;
    const generate = vi.fn((...given: Parameters<Prompts['generate']>) =>
      prompts.generate(...given),
    );
    const own = { ...loaded, prompts: { ...prompts, generate } };
    const before = 'function other() {}';
    const request = {
      language: 'javascript' as const,
      doc: 'Doubles a number.',
      signature,
      before,
    };
    await generateCode(own, request, 3);
    const shown = generate.mock.calls.map((given) => given[3]);
    // The tiny context has no room for it, so that each that looks at it is asked for again without.
    expect(shown.slice(0, 5)).toEqual([before, undefined, undefined, before, undefined]);
  });

  it('says so where nothing parses', async () => {
    const request = {
      language: 'javascript' as const,
      doc: 'Doubles a number.',
      signature: 'function (((',
    };
    const { candidates, reason } = await generateCode(loaded, request, 2);
    expect(candidates).toEqual([]);
    expect(reason).toMatch(/No whole function came out: of 8 attempts/);
  });
});

describe('writeCodes', () => {
  it('writes one code each, or withholds it', async () => {
    const requests = examples.map(({ view }) => ({
      language: view.language,
      doc: completedDoc(view, null),
      signature: view.signature,
    }));
    const broken = { ...requests[0], signature: 'function (((' };
    const rests = await writeCodes(loaded, [...requests, broken], { maxTokens: 64, seed: 1 });
    expect(rests.at(-1)).toBeNull();
    const whole = rests.slice(0, -1).map((rest, i) => rest === examples[i].view.rest);
    expect(whole.filter(Boolean).length).toBeGreaterThan(3);
    const again = await writeCodes(loaded, requests, {
      maxTokens: requests.map(() => 64),
      seed: 1,
    });
    expect(again).toEqual(rests.slice(0, -1));
  });

  it('shows the function before where that leaves room for the answer', async () => {
    const { view } = examples[0];
    const request = {
      language: view.language,
      doc: completedDoc(view, null),
      signature: view.signature,
    };
    const { prompts } = loaded;
    const shown = async (before: string) => {
      const generate = vi.fn((...given: Parameters<Prompts['generate']>) =>
        prompts.generate(...given),
      );
      const own = { ...loaded, prompts: { ...prompts, generate } };
      const asked = [{ ...request, before, temperature: 0 }];
      const [{ rest }] = await attemptCodes(own, asked, { maxTokens: 64, seed: 1 });
      expect(rest).toBe(view.rest);
      return generate.mock.calls.map((given) => given[3]);
    };
    expect(await shown('function other() {}')).toEqual(['function other() {}']);
    const long = 'x '.repeat(10_000);
    expect(await shown(long)).toEqual([long, undefined]);
  });
});

describe('warmupDocs', () => {
  it('keeps what people wrote, and has a model write what is missing', async () => {
    const views = examples.map(({ view }) => view);
    const shares: number[] = [];
    const onProgress = (share: number): unknown => shares.push(share);
    const docs = await warmupDocs(views, loaded, { seed: 1, onProgress });
    for (const [i, view] of views.entries()) {
      expect(checkDoc(docs[i], view, false, false).validity).toBe(1);
      if (view.doc !== null) {
        expect(docs[i].split('\n')[0]).toBe(view.doc.split('\n')[0]);
      }
    }
    expect(shares).toEqual([1]);
    const spelt = await warmupDocs(views, null, { seed: 1 });
    expect(spelt).toEqual(views.map((view) => completedDoc(view, null)));
  });
});

describe('a model that knows nothing', () => {
  let blank: LoadedModel;
  beforeAll(() => {
    const { tokenizer, prompts, policy } = tiny();
    const { model } = policy;
    blank = { ...loaded, tokenizer, prompts, model, dispose: () => model.dispose() };
  });
  afterAll(() => blank.dispose());

  it('names the parameters all the same', async () => {
    for (const { view } of examples.slice(0, 2)) {
      for (const language of ['javascript', 'python', 'csharp'] as const) {
        const frame = {
          parameters: [...view.parameters, 'other_one', '{ a, b }'],
          returnsValue: true,
        };
        const request = { unit: { ...view, language }, frame, temperature: 1 };
        const written = await writeDocs(blank, [request, { ...request, temperature: 0 }], {
          seed: 3,
        });
        for (const each of written.filter((one) => one !== null)) {
          const read = parsePlainDoc(renderPlainDoc(each.doc));
          expect(read).toEqual(each.doc);
          expect(read.params.map(({ name }) => name)).toEqual(frame.parameters);
          expect(read.returns).not.toBe('');
        }
      }
    }
  });

  it('names them also where it is asked in words', async () => {
    const { view } = examples[0];
    const tokenizer = makeTokenizer(
      trainTokenizer([view.code, 'Doubles a number.\n@param x the number\n```\n'], {
        vocabSize: 300,
        specials: ['<|endoftext|>', '<|im_start|>', '<|im_end|>'],
      }),
    );
    const config = { ...blank.model.config, vocabSize: tokenizer.vocabSize, contextLength: 1024 };
    const model = Qwen2Model.init(config, 2);
    const asked = { ...blank, tokenizer, prompts: promptsFor(tokenizer), model };
    expect(asked.prompts.kind).toBe('words');
    const requests = [0, 1, 1, 1].map((temperature) => ({
      unit: view,
      frame: view,
      temperature,
    }));
    const written = (await writeDocs(asked, requests, { seed: 8 })).filter((one) => one !== null);
    expect(written.length).toBeGreaterThan(0);
    for (const { doc } of written) {
      expect(doc.params.map(({ name }) => name)).toEqual(view.parameters);
      expect(doc.summary).not.toMatch(/```|<\|/);
    }
    model.dispose();
  });

  it('writes code that parses, or says why there is none', async () => {
    for (const { view } of examples.slice(0, 3)) {
      const request = { language: view.language, doc: view.doc ?? '', signature: view.signature };
      const { candidates, reason } = await generateCode(blank, request, 2);
      candidates.forEach(({ code }) => expect(similarity.parses(code)).toBe(true));
      if (candidates.length === 0) {
        expect(reason).toMatch(/^No whole function came out: of 8 attempts \d/);
      }
    }
  });
});

describe('evaluate', () => {
  it('gives a model that knows its units a high score, the same each time', async () => {
    const similarities = new Map([['javascript', similarity] as const]);
    const context = {
      model: loaded.model,
      prompts: loaded.prompts,
      similarities,
      seed: 1,
    };
    const first = await evaluate(context, examples);
    expect(first.evaluation.score).toBeGreaterThan(0.5);
    expect(first.evaluation.score).toBe(first.evaluation.roundTrip.mean);
    expect(first.evaluation.units).toBe(examples.length);
    expect(first.evaluation.validDocs.mean).toBeGreaterThan(0.5);
    expect(await evaluate(context, examples)).toEqual(first);
  });
});
