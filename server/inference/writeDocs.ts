import { parsePlainDoc, renderPlainDoc } from '../languages/docs/plain.js';
import { parseDoc, renderDoc } from '../languages/docs/styles.js';
import { languageById } from '../languages/table.js';
import type { Doc, LanguageId } from '../languages/types.js';
import { generate } from '../model/generation.js';
import type { Tokenizer } from '../model/tokenizer/tokenizer.js';
import { DocVocabulary } from './docVocabulary.js';
import { DocWriter, type DocFrame, type WrittenDoc } from './docWriter.js';
import type { LoadedModel } from './loadedModel.js';
import type { DocumentedUnit } from './prompts.js';
import { withRetries } from './retries.js';

/** A doc that is asked for. */
export interface DocRequest {
  unit: DocumentedUnit;
  frame: DocFrame;
  /** 0: greedy. */
  temperature: number;
}

/** Sampled a little colder than in training: a doc is to be read, not to explore. */
export const DOC_TEMPERATURE = 0.7;
const TOP_P = 0.95;
/** How often a doc without a summary is sampled again. */
const RETRIES = 2;

interface WriteOptions {
  seed: number;
  signal?: AbortSignal;
}

/**
 * Lets the model write docs within their frames, all at once. One without a summary is sampled again: greedily a small
 * model runs into the same circle from every beginning.
 * @returns in the order of the requests; null where the model had no summary, or the code leaves no room for a doc
 */
export async function writeDocs(
  loaded: LoadedModel,
  requests: readonly DocRequest[],
  { seed, signal }: WriteOptions,
): Promise<(WrittenDoc | null)[]> {
  return withRetries(requests.length, RETRIES, (open, round) =>
    attemptDocs(
      loaded,
      open.map((i) =>
        round === 0 ? requests[i] : { ...requests[i], temperature: DOC_TEMPERATURE },
      ),
      { seed: seed + 1000 * round, signal },
    ),
  );
}

/** One attempt each, all decoded together. */
async function attemptDocs(
  loaded: LoadedModel,
  requests: readonly DocRequest[],
  options: WriteOptions,
): Promise<(WrittenDoc | null)[]> {
  const { model, tokenizer, prompts } = loaded;
  const vocabulary = vocabularyOf(tokenizer, prompts.stopIds);
  const rows = requests.map(({ unit, frame, temperature }) => {
    const prompt = prompts.document(unit);
    const room = model.config.contextLength - prompt.length;
    const survives = (doc: Doc): boolean => survivesStyles(doc, unit.language);
    const { stopIds } = prompts;
    const writer = new DocWriter(frame, { tokenizer, vocabulary, stopIds, room, survives });
    return { prompt, temperature, writer };
  });
  const live = rows.filter(({ writer }) => !writer.ended);
  if (live.length > 0) {
    await generate(
      model,
      live.map(({ prompt }) => prompt),
      {
        maxNewTokens: live.map(({ writer }) => writer.limit),
        temperature: live.map(({ temperature }) => temperature),
        topP: TOP_P,
        seed: options.seed,
        allowed: (row, ids) => live[row].writer.allowed(ids),
        amend: (row, ids) => live[row].writer.amend(ids),
        stop: (row) => live[row].writer.ended,
        signal: options.signal,
      },
    );
    options.signal?.throwIfAborted();
  }
  return rows.map(({ writer }) => writer.result());
}

const vocabularies = new WeakMap<Tokenizer, DocVocabulary>();

function vocabularyOf(tokenizer: Tokenizer, stopIds: readonly number[]): DocVocabulary {
  let vocabulary = vocabularies.get(tokenizer);
  if (vocabulary === undefined) {
    vocabulary = new DocVocabulary(tokenizer, stopIds);
    vocabularies.set(tokenizer, vocabulary);
  }
  return vocabulary;
}

/** Whether a doc is read again as it was written: in the plain form, and in every style of its language. */
export function survivesStyles(doc: Doc, language: LanguageId): boolean {
  const same = (read: Doc): boolean => renderPlainDoc(read) === renderPlainDoc(doc);
  const context = { language, parameters: [], returnsType: null, indent: '' };
  return (
    same(parsePlainDoc(renderPlainDoc(doc))) &&
    languageById(language).docStyles.every((style) =>
      same(parseDoc(renderDoc(doc, style, context), language)),
    )
  );
}
