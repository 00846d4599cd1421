import { renderPlainDoc } from '../languages/docs/plain.js';
import type { Doc } from '../languages/types.js';
import type { Similarity } from '../similarity/similarity.js';
import type { LoadedModel } from './loadedModel.js';
import { writeLines } from './pieces.js';
import { rankDocs } from './ranking.js';
import { repeatsItself } from './repetition.js';
import type { UnitView } from './view.js';

/** A doc of a unit, and how much of the code can be rebuilt from it. */
export interface DocCandidate {
  doc: Doc;
  plain: string;
  /** Similarity of the code made from this doc to the unit's, in [0, 1]. */
  roundTrip: number;
}

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

/** A doc that is being written; `broken` once a piece of it failed for good. */
interface Draft {
  doc: Doc;
  broken: boolean;
}

/**
 * Documents a unit by decoding in a frame: the model writes the summary to the line's end, then the text of each
 * parameter after `@param NAME`, then that of `@returns` where a value comes back. So every parameter is named once,
 * in order, and none is invented. Candidates are ranked by their round trip.
 * @returns best first; empty where the model wrote nothing that is a doc
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
    broken: false,
  }));
  const prompt = loaded.prompts.document(view.language, view.code);
  const write = (
    begun: string,
    maxTokens: number,
    accept: (draft: Draft, text: string) => void,
  ): Promise<void> =>
    writePiece(loaded, drafts, prompt, begun, { maxTokens, seed, signal }, accept);

  await write('', SUMMARY_TOKENS, (draft, text) => {
    draft.doc.summary = text;
  });
  for (const name of view.parameters) {
    await write(`@param ${name}`, PART_TOKENS, (draft, text) =>
      draft.doc.params.push({ name, text }),
    );
  }
  if (view.returnsValue) {
    await write('@returns', PART_TOKENS, (draft, text) => {
      draft.doc.returns = text;
    });
  }
  const docs = new Map(
    drafts.filter((draft) => !draft.broken).map(({ doc }) => [renderPlainDoc(doc), doc]),
  );
  return rankDocs(loaded, similarity, view, docs, signal);
}

/** Writes one piece into every draft: the first greedily, the others sampled; what is no text is sampled again. */
async function writePiece(
  loaded: LoadedModel,
  drafts: readonly Draft[],
  prompt: readonly number[],
  begun: string,
  options: { maxTokens: number; seed: number; signal?: AbortSignal },
  accept: (draft: Draft, text: string) => void,
): Promise<void> {
  const { tokenizer } = loaded;
  const run = async (
    chosen: readonly Draft[],
    temperature: number,
    seed: number,
  ): Promise<Draft[]> => {
    const contexts = chosen.map(({ doc }) => {
      const before = renderPlainDoc(doc);
      const text = begun === '' ? '' : `${before}\n${begun}`;
      return [...prompt, ...tokenizer.encode(text)];
    });
    const lines = await writeLines(loaded, contexts, { ...options, temperature, seed });
    return chosen.filter((draft, i) => {
      const text = lines[i];
      const good = isText(text, begun === '');
      if (good) {
        accept(draft, text);
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
    draft.broken = true;
  }
}

/** Whether a piece says something: words, for a summary two at least, that do not go round in circles. */
function isText(text: string, summary: boolean): boolean {
  const words = text.match(/\p{L}[\p{L}\p{N}'’_-]*/gu) ?? [];
  return words.length >= (summary ? 2 : 1) && !repeatsItself(text);
}
