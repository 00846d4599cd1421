import { chrf } from '../inference/chrf.js';
import type { Prompts } from '../inference/prompts.js';
import { rebuild } from '../inference/view.js';
import { parsePlainDoc, tidyPlainDoc } from '../languages/docs/plain.js';
import type { LanguageId } from '../languages/types.js';
import { generate, type Generation } from '../model/generation.js';
import type { Qwen2Model } from '../model/transformer.js';
import type { Metric, Similarity } from '../similarity/similarity.js';
import { Random } from '../util/random.js';
import { bootstrap, type Estimate } from './bootstrap.js';
import type { Example } from './examples.js';
import { leaksCode } from './leak.js';
import { mean } from './metrics.js';
import { rougeL } from './rougeL.js';
import { aboveTrivial, trivialSimilarity } from './trivialCode.js';
import { checkDoc, type DocCheck } from './validity.js';

/** What one held-out unit adds to an evaluation. */
export interface UnitScore {
  /** Its file and qualified name. */
  unit: string;
  score: number;
  roundTrip: number;
  emptyDoc: number;
}

/**
 * What the held-out split says of a model, with 95 % intervals over its units. Scores and shares are in [0, 1], lengths
 * are in tokens.
 */
export interface Evaluation {
  /** The mean of `aboveTrivial`: what decides on adoption. */
  score: number;
  units: number;
  /** Similarity of each unit to the code made from its doc; 0 where the doc is not valid. */
  roundTrip: Estimate;
  /** The same counted from the similarity of an empty body up: 0 for code that is no better than none. */
  aboveTrivial: Estimate;
  /** The round trip by other measures; none where the context names none. */
  neighbours: Partial<Record<Metric, Estimate>>;
  /** In the order that the seed gives. */
  perUnit: UnitScore[];
  /** Mean similarity of an empty body under the same signature. */
  trivial: number;
  /** Similarity of the code made from an empty doc: what the signature alone gives away. */
  emptyDoc: Estimate;
  /** Forward lift: what the doc adds over an empty one (Allamanis et al. 2024, arXiv 2402.08699, section 3). */
  lift: Estimate;
  /** Docs with R_doc 1, and with R_doc above 0. */
  wholeDocs: Estimate;
  validDocs: Estimate;
  leakRate: Estimate;
  truncatedDocs: Estimate;
  /** Of all units: reconstructions that parse. */
  parseRate: Estimate;
  /** Of all units: reconstructions that are the original but for white space around them. */
  exactMatch: Estimate;
  /** Of the summaries, against those that people wrote, where there are any. */
  humanDocs: { chrf: Estimate; rougeL: Estimate } | null;
  docTokens: Estimate;
  /** Of what was written after the signature, where the doc was valid; and of what people wrote there. */
  codeTokens: Estimate;
  originalTokens: Estimate;
}

/** One unit's part in an evaluation. */
export interface EvaluatedUnit {
  file: string;
  name: string;
  doc: string;
  check: DocCheck;
  code: string;
  parses: boolean;
  roundTrip: number;
  emptyDoc: number;
}

export interface EvaluationContext {
  model: Qwen2Model;
  prompts: Prompts;
  similarities: ReadonlyMap<LanguageId, Similarity>;
  /** Other measures to tell the round trip by. */
  neighbours?: ReadonlyMap<Metric, ReadonlyMap<LanguageId, Similarity>>;
  seed: number;
  signal?: AbortSignal;
  /** Told the share that is done. */
  onProgress?(fraction: number): void;
  pause?(): Promise<void>;
}

/** Rows decoded at once. */
const ROWS = 32;
const PASSES = 3;

/** Up to `count` held-out examples, the same ones for the same seed. */
export function chooseExamples(
  heldOut: readonly Example[],
  count: number,
  seed: number,
): Example[] {
  return new Random(seed).shuffle([...heldOut]).slice(0, count);
}

/** Scores a model on units that it was not trained on, by greedy decoding: the same model gives the same figures. */
export async function evaluate(
  context: EvaluationContext,
  examples: readonly Example[],
): Promise<{ evaluation: Evaluation; units: EvaluatedUnit[] }> {
  const { prompts } = context;
  let pass = 0;
  const decode = async (list: number[][], caps: number[]): Promise<Generation[]> => {
    const base = pass++;
    return decodeGreedily(context, list, caps, (share) =>
      context.onProgress?.((base + share) / PASSES),
    );
  };

  const docs = await decode(
    examples.map((example) => example.documentPrompt),
    examples.map((example) => example.docCap),
  );
  const written = docs.map((doc) => prompts.readDoc(doc.ids));
  const leaks = examples.map(({ view }, i) => leaksCode(written[i], view.signature, view.rest));
  const checks = examples.map(({ view }, i) =>
    checkDoc(written[i], view, docs[i].finish !== 'stop', leaks[i]),
  );
  const texts = written.map(tidyPlainDoc);
  const valid = examples.flatMap((_, i) => (checks[i].validity > 0 ? [i] : []));
  const codePass = async (
    chosen: readonly number[],
    doc: (i: number) => string,
  ): Promise<Map<number, Generation>> => {
    const list = chosen.map((i) => {
      const { language, signature } = examples[i].view;
      return prompts.generate(language, doc(i), signature);
    });
    const made = await decode(
      list,
      chosen.map((i) => examples[i].codeCap),
    );
    return new Map(chosen.map((i, at) => [i, made[at]]));
  };
  const codes = await codePass(valid, (i) => texts[i]);
  const blank = await codePass([...examples.keys()], () => '');

  const similarityOf = (i: number, made: Generation | undefined): number => {
    if (made === undefined || made.finish !== 'stop') {
      return 0;
    }
    const { view } = examples[i];
    return context.similarities
      .get(view.language)!
      .score(view.code, rebuild(view, prompts.readCode(made.ids)));
  };
  const units = examples.map(({ unit, view }, i): EvaluatedUnit => {
    const made = codes.get(i);
    const code = made === undefined ? '' : rebuild(view, prompts.readCode(made.ids));
    return {
      file: unit.file,
      name: unit.qualifiedName,
      doc: texts[i],
      check: checks[i],
      code,
      parses: made?.finish === 'stop' && context.similarities.get(view.language)!.parses(code),
      roundTrip: similarityOf(i, made),
      emptyDoc: similarityOf(i, blank.get(i)),
    };
  });
  const estimate = (values: number[]): Estimate => bootstrap(values, context.seed);
  const share = (holds: boolean[]): Estimate => estimate(holds.map(Number));
  const roundTrip = estimate(units.map((unit) => unit.roundTrip));
  const trivial = examples.map(({ view }) =>
    trivialSimilarity(view, context.similarities.get(view.language)!),
  );
  const perUnit = units.map(({ file, name, roundTrip, emptyDoc }, i): UnitScore => {
    const score = aboveTrivial(roundTrip, trivial[i]);
    return { unit: `${file}: ${name}`, score, roundTrip, emptyDoc };
  });
  const above = estimate(perUnit.map(({ score }) => score));
  const human = examples.flatMap(({ view }, i) =>
    view.doc === null ? [] : [{ own: summaryOf(texts[i]), doc: summaryOf(view.doc) }],
  );
  const evaluation: Evaluation = {
    score: above.mean,
    units: examples.length,
    roundTrip,
    neighbours: Object.fromEntries(
      Array.from(context.neighbours ?? [], ([metric, measures]) => [
        metric,
        estimate(
          examples.map(({ view }, i) =>
            units[i].parses ? measures.get(view.language)!.score(view.code, units[i].code) : 0,
          ),
        ),
      ]),
    ),
    aboveTrivial: above,
    perUnit,
    trivial: mean(trivial),
    emptyDoc: estimate(units.map((unit) => unit.emptyDoc)),
    lift: estimate(units.map((unit) => unit.roundTrip - unit.emptyDoc)),
    wholeDocs: share(checks.map((check) => check.validity === 1)),
    validDocs: share(checks.map((check) => check.validity > 0)),
    leakRate: share(leaks),
    truncatedDocs: share(docs.map((doc) => doc.finish !== 'stop')),
    parseRate: share(units.map(({ parses }) => parses)),
    exactMatch: share(examples.map(({ view }, i) => units[i].code.trim() === view.code.trim())),
    humanDocs:
      human.length === 0
        ? null
        : {
            chrf: estimate(human.map(({ own, doc }) => chrf(own, doc))),
            rougeL: estimate(human.map(({ own, doc }) => rougeL(own, doc))),
          },
    docTokens: estimate(docs.map((doc) => doc.ids.length)),
    codeTokens: estimate([...codes.values()].map((code) => code.ids.length)),
    originalTokens: estimate(examples.map((example) => example.restTokens)),
  };
  return { evaluation, units };
}

/** What one model scores more than another on the same units, function by function. */
export function gainOf(from: Evaluation, to: Evaluation, seed: number): Estimate {
  return bootstrap(
    to.perUnit.map(({ score }, i) => score - from.perUnit[i].score),
    seed,
  );
}

function summaryOf(doc: string): string {
  return parsePlainDoc(doc).summary;
}

/**
 * Decodes greedily in batches.
 * @param caps the longest answer of each prompt, in tokens
 * @returns in the order of the prompts
 */
export async function decodeGreedily(
  context: Pick<EvaluationContext, 'model' | 'prompts' | 'seed' | 'signal' | 'pause'>,
  prompts: number[][],
  caps: number[],
  onProgress: (share: number) => void,
): Promise<Generation[]> {
  const done: Generation[] = [];
  // Rows of like length end together, so that few steps run for the sake of one long row.
  const order = [...prompts.keys()].sort((a, b) => caps[a] - caps[b] || a - b);
  for (let from = 0; from < order.length; from += ROWS) {
    await context.pause?.();
    context.signal?.throwIfAborted();
    const rows = order.slice(from, from + ROWS);
    const made = await generate(
      context.model,
      rows.map((i) => prompts[i]),
      {
        maxNewTokens: rows.map((i) => caps[i]),
        temperature: 0,
        topP: 1,
        seed: context.seed,
        stopIds: context.prompts.stopIds,
        signal: context.signal,
      },
    );
    rows.forEach((i, at) => {
      done[i] = made[at];
    });
    onProgress(Math.min(from + ROWS, order.length) / order.length);
  }
  context.signal?.throwIfAborted();
  return done;
}
