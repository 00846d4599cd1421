import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Generation } from '../../../server/model/generation.js';
import * as generation from '../../../server/model/generation.js';
import type { Qwen2Model } from '../../../server/model/transformer.js';
import { initBackend } from '../../../server/tensor/backend.js';
import { OutOfMemoryError } from '../../../server/tensor/bufferPool.js';
import { packGroups } from '../../../server/training/batch.js';
import { GradientSum, scoreTokens } from '../../../server/training/gradients.js';
import { learningStep } from '../../../server/training/learningStep.js';
import { rollout, type RolloutContext } from '../../../server/training/rollout.js';
import type { Settings } from '../../../server/training/settings.js';
import { TrainingState } from '../../../server/training/state.js';
import { Random } from '../../../server/util/random.js';
import { tiny } from './tiny.js';

vi.mock('../../../server/model/generation.js', { spy: true });

beforeAll(async () => {
  await initBackend('cpu');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.mocked(generation.generate).mockReset();
});

/** What is sampled instead: so many tokens of one id, that the prompts read as a text. */
interface Sample {
  text: string;
  tokens: number;
  finish: Generation['finish'];
}
const sample = (text: string, tokens: number, finish: Generation['finish'] = 'stop'): Sample => ({
  text,
  tokens,
  finish,
});

/** Two docs of `double(x)`, of which the second lacks its tags, and two of `negate(x)`: one cut off, one that leaks. */
const DOCS = [
  sample('Doubles a number.\n@param x the number\n@returns twice x', 3),
  sample('Doubles a number.', 2),
  sample('Negates a number.\n@param x the number\n@returns the', 5, 'length'),
  sample('Negates a number.\nreturn -x;', 4),
];
/** Two codes for each doc that is read. The similarity stands in the code; one does not parse, one is cut off. */
const CODES = [
  sample('{ like 0.6 }', 2),
  sample('{ like 0.9', 3),
  sample('{ like 0.84 }', 4),
  sample('{ like 0.9 }', 7, 'length'),
];
/** One code for each doc that the reference reads again. */
const REREAD = [sample('{ like 0.4 }', 6), sample('{ like 0.9', 6)];
const EMPTY_BODY = 0.2;

/** A step of two units with scripted samples, whose log-probabilities are the model's own. */
function scripted(own: Partial<Settings> = {}) {
  const parts = tiny({
    docsPerUnit: 2,
    codesPerDoc: 2,
    validity: true,
    aboveTrivial: true,
    frozenShare: 1,
    advantage: 'dr_grpo',
    aggregation: 'dapo',
    ...own,
  });
  const { policy, prompts, settings, examples } = parts;
  const texts: string[] = [];
  const rounds: number[][][] = [];
  const script = [DOCS, CODES, REREAD];
  vi.mocked(generation.generate).mockImplementation((model, prompted) => {
    const samples = script[rounds.length];
    rounds.push(prompted.map((prompt) => [...prompt]));
    return Promise.resolve(
      prompted.map((prompt, i) => {
        const { text, tokens, finish } = samples[i];
        const ids = new Array<number>(tokens).fill(texts.push(text) - 1);
        return { ids, logProbs: logProbsOf(model, prompt, ids), finish };
      }),
    );
  });
  const read = (ids: ArrayLike<number>): string => texts[ids[0]];
  const score = (_: string, code: string): number =>
    Number(/like (\S+)/.exec(code)?.[1] ?? EMPTY_BODY);
  const parses = (code: string): boolean => code.endsWith('}');
  const context: RolloutContext = {
    model: policy.model,
    prompts: { ...prompts, readDoc: read, readCode: read },
    similarities: new Map([['javascript', { score, parses }]]),
    settings,
  };
  const units = examples.slice(0, 2);
  const state = new TrainingState(policy, settings, units.length);
  state.beginLearning();
  vi.spyOn(state.sampler, 'draw').mockReturnValue([0, 1]);
  const step = () => learningStep(state, context, units, 1e-3, () => Promise.resolve());
  return { state, context, units, rounds, step };
}

function logProbsOf(model: Qwen2Model, prompt: readonly number[], ids: number[]): Float32Array {
  const { batch, spans } = packGroups([{ prompt, answers: [ids] }]);
  return scoreTokens(model, batch).logProbs.slice(spans[0].start, spans[0].start + ids.length);
}

describe('a rollout', () => {
  it('draws no code from a doc whose R_doc is 0', async () => {
    const { context, units, rounds, state } = scripted();
    const { units: rolled } = await rollout(context, units, new Random(1));
    const docs = rolled.flatMap((unit) => unit.docs);
    expect(docs.map(({ validity }) => validity)).toEqual([1, 0.5, 0, 0]);
    expect(docs.map(({ codes }) => codes.length)).toEqual([2, 2, 0, 0]);
    expect(docs.map(({ reward }) => reward > 0)).toEqual([true, true, false, false]);
    expect(rounds.map((prompts) => prompts.length)).toEqual([4, 4]);
    expect(rounds[1]).toEqual([0, 0, 1, 1].map((doc) => docs[doc].prompt));
    state.dispose();
  });

  it.each([true, false])(
    'gives no reward to code that is cut off or does not parse',
    async (aboveTrivial) => {
      const { context, units, state } = scripted({ aboveTrivial });
      const { units: rolled } = await rollout(context, units, new Random(1));
      const [whole, broken, , cut] = rolled
        .flatMap((unit) => unit.docs)
        .flatMap((doc) => doc.codes);
      expect(whole).toMatchObject({ parses: true, truncated: false, similarity: 0.6 });
      expect(whole.reward).toBeGreaterThan(0);
      const nothing = { parses: false, similarity: 0, reward: 0 };
      expect(broken).toMatchObject({ ...nothing, truncated: false });
      expect(cut).toMatchObject({ ...nothing, truncated: true });
      state.dispose();
    },
  );
});

describe('a learning step', () => {
  it('scores all rewards before the first forward pass of the update', async () => {
    const { context, step, state } = scripted();
    const scored = vi.spyOn(context.similarities.get('javascript')!, 'score');
    const forward = vi.spyOn(GradientSum.prototype, 'add');
    await step();
    const [scores, passes] = [scored, forward].map(({ mock }) => mock.invocationCallOrder);
    expect(scores.length).toBeGreaterThan(0);
    expect(passes.length).toBeGreaterThan(0);
    expect(Math.min(...passes)).toBeGreaterThan(Math.max(...scores));
    state.dispose();
  });

  it('reports what its samples were', async () => {
    const { step, state } = scripted();
    const metrics = await step();
    // Above an empty body's 0.2, 0.6 is (0.6 - 0.2) / 0.8 = 0.5 and 0.84 is 0.8.
    const rewards = { docs: [1 * (0.5 / 2), 0.5 * (0.8 / 2), 0, 0], codes: [0.5, 0, 0.8, 0] };
    expect(rewards.docs).toEqual([0.25, 0.2, 0, 0]);
    const expected = {
      docReward: 0.1125,
      // Squares about the mean: 0.01890625 + 0.00765625 + 2 x 0.01265625 = 0.051875; a fourth of it, rooted.
      docRewardDeviation: 0.11388,
      codeReward: 0.325,
      // 0.030625 + 0.225625 + 2 x 0.105625 = 0.4675.
      codeRewardDeviation: 0.34187,
      similarity: (0.6 + 0.84) / 4,
      zeroSpreadDocs: 1 / 2,
      zeroSpreadCodes: 0,
      zeroSpreadUnits: 1 / 2,
      // Advantages are rewards less the group's mean, and the ratio is 1: -(3 x 0.025 - 2 x 0.025) / 5 of the docs,
      // -(2 x 0.25 - 3 x 0.25 + 4 x 0.4 - 7 x 0.4) / 16 of the codes.
      loss: -0.005 + 0.090625,
      kl: 0,
      clipShare: 0,
      samplerGap: 0,
      learningRate: 1e-3,
      docTokens: (3 + 2 + 5 + 4) / 4,
      codeTokens: (2 + 3 + 4 + 7) / 4,
      truncatedDocs: 1 / 4,
      truncatedCodes: 1 / 4,
      wholeDocs: 1 / 4,
      validDocs: 2 / 4,
      leakRate: 1 / 4,
      parseRate: 2 / 4,
      // Codes of the first doc 0.6 and 0, of the second 0.84 and 0; the reference's 0.4 and 0.
      rereadTrained: 0.36,
      rereadFrozen: 0.2,
      frozenGap: 0.16,
    };
    for (const [name, value] of Object.entries(expected)) {
      expect(metrics[name as keyof typeof expected], name).toBeCloseTo(value, 5);
    }
    expect(metrics).toMatchObject({ phase: 'learning', step: 1 });
    expect(metrics.gradNorm).toBeGreaterThan(0);
    expect(metrics.entropy).toBeGreaterThan(0);
    const { seconds } = metrics;
    expect(Math.min(...Object.values(seconds))).toBeGreaterThan(0);
    expect(metrics.rolloutTokensPerSecond).toBeCloseTo(30 / (seconds.documents + seconds.codes), 3);
    expect(state.progressed.steps).toBe(1);
    expect(state.progressed.rereads.map(({ frozen }) => frozen)).toEqual([0.4, 0]);
    state.dispose();
  });

  it('updates again where the update ran out of memory, from the same samples', async () => {
    const { state, step, rounds } = scripted({ microBatchTokens: 300 });
    state.policy.model.recompute = true;
    vi.spyOn(GradientSum.prototype, 'add').mockImplementationOnce(() => {
      throw new OutOfMemoryError('full');
    });
    expect((await step()).gradNorm).toBeGreaterThan(0);
    expect(rounds.length).toBe(3);
    expect(state.progressed.microBatchTokens).toBe(150);
    state.dispose();
  });

  it('gives up at once where the sampling ran out of memory', async () => {
    const { state, step } = scripted({ microBatchTokens: 300 });
    const full = vi.mocked(generation.generate).mockRejectedValue(new OutOfMemoryError('full'));
    await expect(step()).rejects.toThrow('full');
    expect(full).toHaveBeenCalledTimes(1);
    expect(state.progressed.microBatchTokens).toBe(300);
    state.dispose();
  });

  it('claims no divergence from a reference that it did not ask', async () => {
    const { step, state } = scripted({ beta: 0, frozenShare: 0 });
    const asked = vi.spyOn(state.reference!, 'use');
    const metrics = await step();
    expect(metrics.loss).not.toBeNull();
    expect(metrics.kl).toBeNull();
    expect(metrics.seconds.reference).toBe(0);
    // Only the re-reading asks for it, here for no doc.
    expect(asked).toHaveBeenCalledTimes(1);
    state.dispose();
  });
});
