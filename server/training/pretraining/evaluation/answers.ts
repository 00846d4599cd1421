import type { LoadedModel } from '../../../inference/loadedModel.js';
import type { DocumentedUnit } from '../../../inference/prompts.js';
import { writeCodes } from '../../../inference/writeCodes.js';
import { writeDocs } from '../../../inference/writeDocs.js';
import { parsePlainDoc } from '../../../languages/docs/plain.js';
import type { Doc } from '../../../languages/types.js';
import { decodeGreedily } from '../../evaluate.js';
import type { EvaluationUnit } from './units.js';

/** What a model writes, greedily: by the product's own way, and with nothing but the prompt. */
export interface ModelAnswers {
  /** Within the frame of the unit's parameters and return, sampled anew without a summary; null: it never had one. */
  docs: (Doc | null)[];
  rawDocs: Doc[];
  /** Of the units that code was asked for: ended where the unit ends, sampled anew where it is none; null: withheld. */
  rests: (string | null)[];
  /** The same with the function before it shown, as the editor does. */
  shownRests: (string | null)[];
  rawRests: string[];
}

export interface AnswerContext {
  loaded: LoadedModel;
  seed: number;
  signal?: AbortSignal;
  /** Told the share that is done. */
  onProgress?(share: number): void;
}

/** Rows decoded at once. */
const ROWS = 64;
const PASSES = 5;
const RAW_DOC_TOKENS = 96;
/** An answer may be twice as long as what people wrote, and this much longer still; what runs on has failed. */
const CODE_EXTRA = 32;
/** Of the model's context: the code must come back from the doc, too. The product declines longer ones as well. */
const PROMPT_SHARE = 0.4;

/** Whether a unit is short enough for the model to document it. */
export function fitsModel({ model, prompts }: LoadedModel, unit: DocumentedUnit): boolean {
  const { length } = prompts.document(unit);
  return length <= PROMPT_SHARE * model.config.contextLength;
}

/** Documents units, and writes some of them anew from the docs that people wrote. */
export async function answer(
  context: AnswerContext,
  units: readonly EvaluationUnit[],
  forCode: readonly EvaluationUnit[],
): Promise<ModelAnswers> {
  const { loaded, seed, signal } = context;
  const { model, prompts, tokenizer } = loaded;
  let pass = 0;
  const progress = (): ((share: number) => void) => {
    const base = pass++;
    return (share) => context.onProgress?.((base + share) / PASSES);
  };
  const decode = (rows: number[][], caps: readonly number[]): ReturnType<typeof decodeGreedily> =>
    decodeGreedily({ model, prompts, seed, signal }, rows, [...caps], progress());

  const docs = await inBatches(units, progress(), async (batch) => {
    const requests = batch.map((unit) => ({ unit, frame: unit, temperature: 0 }));
    const written = await writeDocs(loaded, requests, { seed, signal });
    return written.map((each) => each?.doc ?? null);
  });
  const rawDocs = await decode(
    units.map((unit) => prompts.document(unit)),
    units.map(() => RAW_DOC_TOKENS),
  );
  const capOf = ({ rest }: EvaluationUnit): number =>
    2 * tokenizer.encode(rest).length + CODE_EXTRA;
  const write = (batch: readonly EvaluationUnit[]): ReturnType<typeof writeCodes> =>
    writeCodes(loaded, batch, { maxTokens: batch.map(capOf), seed, signal });
  const shownRests = await inBatches(forCode, progress(), write);
  const rests = await inBatches(forCode, progress(), (batch) =>
    write(batch.map((unit) => ({ ...unit, before: undefined }))),
  );
  const rawRests = await decode(
    forCode.map(({ language, doc, signature }) => prompts.generate(language, doc, signature)),
    forCode.map(capOf),
  );
  return {
    docs,
    rawDocs: rawDocs.map(({ ids }) => parsePlainDoc(prompts.readDoc(ids))),
    rests,
    shownRests,
    rawRests: rawRests.map(({ ids }) => prompts.readCode(ids)),
  };
}

/** Asks for units of like length together: their answers end at about the same time. */
async function inBatches<T>(
  units: readonly EvaluationUnit[],
  onProgress: (share: number) => void,
  ask: (batch: readonly EvaluationUnit[]) => Promise<readonly T[]>,
): Promise<T[]> {
  const answers: T[] = [];
  const order = [...units.keys()].sort((a, b) => units[a].code.length - units[b].code.length);
  for (let from = 0; from < order.length; from += ROWS) {
    const rows = order.slice(from, from + ROWS);
    const made = await ask(rows.map((i) => units[i]));
    rows.forEach((i, at) => {
      answers[i] = made[at];
    });
    onProgress(Math.min(from + ROWS, order.length) / order.length);
  }
  return answers;
}
