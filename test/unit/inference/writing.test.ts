import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentUnit } from '../../../server/inference/documentUnit.js';
import { generateCode } from '../../../server/inference/generateCode.js';
import type { LoadedModel } from '../../../server/inference/loadedModel.js';
import { parsePlainDoc } from '../../../server/languages/docs/plain.js';
import { loadSimilarity, type Similarity } from '../../../server/similarity/similarity.js';
import { initBackend } from '../../../server/tensor/backend.js';
import { evaluate } from '../../../server/training/evaluate.js';
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
  await warmUp(state, parts.examples, parts.prompts, parts.settings, { onStep: () => undefined });
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
    for (const { code, body, parses } of candidates) {
      expect(code).toBe(signature + body);
      expect(parses && similarity.parses(code)).toBe(true);
    }
    expect(new Set(candidates.map(({ code }) => code)).size).toBe(candidates.length);
    expect(reason === null).toBe(candidates.length === 3);
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

describe('evaluate', () => {
  it('gives a model that knows its units a high score, the same each time', async () => {
    const similarities = new Map([['javascript', similarity] as const]);
    const context = {
      model: loaded.model,
      prompts: loaded.prompts,
      similarities,
      seed: 1,
      masked: true,
    };
    const first = await evaluate(context, examples);
    expect(first.evaluation.score).toBeGreaterThan(0.5);
    expect(first.evaluation.score).toBe(first.evaluation.roundTrip.mean);
    expect(first.evaluation.units).toBe(examples.length);
    expect(first.evaluation.maskedRoundTrip).not.toBeNull();
    expect(first.evaluation.validDocs).toBeGreaterThan(0.5);
    expect(await evaluate(context, examples)).toEqual(first);
  });
});
