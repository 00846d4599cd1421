import { renderPlainDoc } from '../languages/docs/plain.js';
import type { Doc } from '../languages/types.js';
import type { Similarity } from '../similarity/similarity.js';
import type { DocCandidate } from './candidates.js';
import type { LoadedModel } from './loadedModel.js';
import { writeLines } from './pieces.js';
import { rankDocs } from './ranking.js';
import { readsAsProse } from './prose.js';
import type { UnitView } from './view.js';
import { SPELT_RETURN, speltText } from './words.js';

export interface DocumentOptions {
  /** Docs to choose from, the greedy one among them. */
  candidates?: number;
  seed?: number;
  signal?: AbortSignal;
}

/** Sampled a little colder than in training: a doc is to be read, not to explore. */
const TEMPERATURE = 0.7;
const SUMMARY_TOKENS = 64;
const PART_TOKENS = 32;
/** How often a piece that came out empty or repeating is sampled again. */
const RETRIES = 3;

/** A doc that is being written; `broken` where the model had no summary for it. */
interface Draft {
  doc: Doc;
  spelt: string[];
  broken: boolean;
}

/**
 * Documents a unit by decoding in a frame: the model writes the summary to the line's end, then the text of each
 * parameter after `@param NAME`, then that of `@returns` where a value comes back. So every parameter is named once,
 * in order, and none is invented. Candidates are ranked by their round trip.
 * @returns best first; empty where the model wrote no summary
 */
export async function documentUnit(
  loaded: LoadedModel,
  similarity: Similarity,
  view: UnitView,
  options: DocumentOptions = {},
): Promise<DocCandidate[]> {
  const { candidates = 4, seed = 0, signal } = options;
  const drafts: Draft[] = Array.from({ length: candidates }, () => ({
    doc: { summary: '', params: [], returns: null },
    spelt: [],
    broken: false,
  }));
  const prompt = loaded.prompts.document(view.language, view.code);
  const write = (piece: Piece): Promise<void> =>
    writePiece(loaded, drafts, prompt, piece, { maxTokens: piece.maxTokens, seed, signal });

  await write({
    begun: '',
    maxTokens: SUMMARY_TOKENS,
    accept: (draft, text) => {
      draft.doc.summary = text;
    },
  });
  for (const name of view.parameters) {
    await write({
      begun: `@param ${name}`,
      maxTokens: PART_TOKENS,
      accept: (draft, text) => draft.doc.params.push({ name, text }),
      spelt: { part: name, text: speltText(name) },
    });
  }
  if (view.returnsValue) {
    await write({
      begun: '@returns',
      maxTokens: PART_TOKENS,
      accept: (draft, text) => {
        draft.doc.returns = text;
      },
      spelt: { part: '@returns', text: SPELT_RETURN },
    });
  }
  const kept = drafts.filter((draft) => !draft.broken);
  const ranked = await rankDocs(
    loaded,
    similarity,
    view,
    new Map(kept.map(({ doc }) => [renderPlainDoc(doc), doc])),
    signal,
  );
  return ranked.map((each) => ({
    ...each,
    spelt: kept.find(({ doc }) => doc === each.doc)?.spelt ?? [],
  }));
}

/** A part of a doc that is written in one go. */
interface Piece {
  /** What the line begins with; empty for the summary. */
  begun: string;
  maxTokens: number;
  accept(draft: Draft, text: string): void;
  /** What stands in for it where the model has no words. */
  spelt?: { part: string; text: string };
}

/** Writes one piece into every draft: the first greedily, the others sampled; what is no text is sampled again. */
async function writePiece(
  loaded: LoadedModel,
  drafts: readonly Draft[],
  prompt: readonly number[],
  piece: Piece,
  options: { maxTokens: number; seed: number; signal?: AbortSignal },
): Promise<void> {
  const { tokenizer } = loaded;
  const isSummary = piece.begun === '';
  const run = async (
    chosen: readonly Draft[],
    temperature: number,
    seed: number,
  ): Promise<Draft[]> => {
    const contexts = chosen.map(({ doc }) => {
      const text = isSummary ? '' : `${renderPlainDoc(doc)}\n${piece.begun}`;
      return [...prompt, ...tokenizer.encode(text)];
    });
    const lines = await writeLines(loaded, contexts, { ...options, temperature, seed });
    return chosen.filter((draft, i) => {
      const good = readsAsProse(lines[i], isSummary ? 2 : 1);
      if (good) {
        piece.accept(draft, lines[i]);
      }
      return !good;
    });
  };
  const live = drafts.filter((draft) => !draft.broken);
  const failedGreedily = await run(live.slice(0, 1), 0, options.seed);
  let failed = [...failedGreedily, ...(await run(live.slice(1), TEMPERATURE, options.seed))];
  for (let retry = 1; failed.length > 0 && retry <= RETRIES; retry++) {
    failed = await run(failed, TEMPERATURE + 0.1 * retry, options.seed + 1000 * retry);
  }
  for (const draft of failed) {
    if (piece.spelt === undefined) {
      draft.broken = true;
    } else {
      piece.accept(draft, piece.spelt.text);
      draft.spelt.push(piece.spelt.part);
    }
  }
}
