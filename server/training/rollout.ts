import { tidyPlainDoc } from '../languages/docs/plain.js';
import { generate, type Generation } from '../model/generation.js';
import type { Qwen2Model } from '../model/transformer.js';
import type { LanguageId } from '../languages/types.js';
import type { Prompts } from '../inference/prompts.js';
import { rebuild } from '../inference/view.js';
import type { Similarity } from '../similarity/similarity.js';
import type { Random } from '../util/random.js';
import type { Example } from './examples.js';
import { leaksCode } from './leak.js';
import { docReward } from './reward.js';
import type { Settings } from './settings.js';
import { aboveTrivial, trivialSimilarity } from './trivialCode.js';
import { checkDoc, type Validity } from './validity.js';

/** A code sampled from a doc. */
export interface SampledCode {
  generation: Generation;
  rest: string;
  parses: boolean;
  truncated: boolean;
  similarity: number;
  /** R_sim as it is rewarded: above that of an empty body. */
  reward: number;
}

/** A doc sampled for a unit, with the codes made from it. */
export interface SampledDoc {
  generation: Generation;
  validity: Validity;
  leaks: boolean;
  truncated: boolean;
  prompt: number[];
  codes: SampledCode[];
  reward: number;
}

/** A unit's samples of one step. */
export interface UnitRollout {
  example: Example;
  docs: SampledDoc[];
}

/** What sampling needs besides the units. */
export interface RolloutContext {
  model: Qwen2Model;
  prompts: Prompts;
  similarities: ReadonlyMap<LanguageId, Similarity>;
  settings: Settings;
  signal?: AbortSignal;
}

export interface RolloutTimes {
  documents: number;
  codes: number;
  scores: number;
}

/**
 * Samples a step (BatCoder, arXiv 2602.02554, section 3): G docs for each unit, R_doc for each, K codes from each doc
 * with R_doc above 0, and the similarity of each code to its unit.
 * @throws the signal's reason when it is aborted: nothing of the step is kept then
 */
export async function rollout(
  context: RolloutContext,
  examples: readonly Example[],
  random: Random,
): Promise<{ units: UnitRollout[]; times: RolloutTimes }> {
  const { settings } = context;
  const times = { documents: 0, codes: 0, scores: 0 };
  let began = performance.now();
  const lap = (phase: keyof RolloutTimes): void => {
    const now = performance.now();
    times[phase] += (now - began) / 1000;
    began = now;
  };

  const slots = examples.flatMap((example) =>
    Array.from({ length: settings.docsPerUnit }, () => example),
  );
  const generations = await sample(
    context,
    slots.map((example) => example.documentPrompt),
    slots.map((example) => example.docCap),
    random,
  );
  const docs = slots.map((example, i) => makeDoc(context, example, generations[i]));
  lap('documents');

  const readers = docs.flatMap((doc, i) =>
    doc.validity > 0
      ? Array.from({ length: settings.codesPerDoc }, () => ({ doc, example: slots[i] }))
      : [],
  );
  const generated = await sample(
    context,
    readers.map(({ doc }) => doc.prompt),
    readers.map(({ example }) => example.codeCap),
    random,
  );
  lap('codes');
  readers.forEach(({ doc, example }, i) =>
    doc.codes.push(scoreCode(context, example, generated[i])),
  );
  for (const doc of docs) {
    const similarities = doc.codes.map((code) => code.reward);
    doc.reward = docReward({ validity: doc.validity, similarities });
  }
  lap('scores');
  const units = examples.map((example, i) => ({
    example,
    docs: docs.slice(i * settings.docsPerUnit, (i + 1) * settings.docsPerUnit),
  }));
  return { units, times };
}

/** One scored code for each doc. */
export async function sampleCodes(
  context: RolloutContext,
  readers: readonly { example: Example; doc: SampledDoc }[],
  random: Random,
): Promise<SampledCode[]> {
  const prompts = readers.map(({ doc }) => doc.prompt);
  const caps = readers.map(({ example }) => example.codeCap);
  const generations = await sample(context, prompts, caps, random);
  return readers.map(({ example }, i) => scoreCode(context, example, generations[i]));
}

async function sample(
  context: RolloutContext,
  prompts: number[][],
  caps: number[],
  random: Random,
): Promise<Generation[]> {
  const seed = random.int(2 ** 31);
  if (prompts.length === 0) {
    return [];
  }
  const generations = await generate(context.model, prompts, {
    maxNewTokens: caps,
    // On policy: the log-probabilities of the loss are those at temperature 1, over the whole vocabulary.
    temperature: 1,
    topP: 1,
    seed,
    stopIds: context.prompts.stopIds,
    signal: context.signal,
  });
  context.signal?.throwIfAborted();
  return generations;
}

function makeDoc(context: RolloutContext, example: Example, generation: Generation): SampledDoc {
  const { prompts, settings } = context;
  const { view } = example;
  const text = prompts.readDoc(generation.ids);
  const truncated = generation.finish !== 'stop';
  const leaks = leaksCode(text, view.signature, view.rest);
  const check = checkDoc(text, view, truncated, settings.leakRule && leaks);
  const validity = settings.validity || truncated ? check.validity : 1;
  return {
    generation,
    validity,
    leaks,
    truncated,
    // The reader gets what a person would be shown, so that no tag becomes a hidden channel.
    prompt: validity > 0 ? prompts.generate(view.language, tidyPlainDoc(text), view.signature) : [],
    codes: [],
    reward: 0,
  };
}

/** Scores a sampled rest against its unit: 0 where it was cut off or does not parse. */
function scoreCode(
  context: RolloutContext,
  { view }: Example,
  generation: Generation,
): SampledCode {
  const rest = context.prompts.readCode(generation.ids);
  const truncated = generation.finish !== 'stop';
  const measure = context.similarities.get(view.language)!;
  const code = rebuild(view, rest);
  const parses = !truncated && measure.parses(code);
  const similarity = parses ? measure.score(view.code, code) : 0;
  const reward =
    parses && context.settings.aboveTrivial
      ? aboveTrivial(similarity, trivialSimilarity(view, measure))
      : similarity;
  return { generation, rest, parses, truncated, similarity, reward };
}
