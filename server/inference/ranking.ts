import { extractUnits } from '../corpus/extract.js';
import { parsePlainDoc, renderPlainDoc } from '../languages/docs/plain.js';
import { loadParser } from '../languages/parser.js';
import type { Doc } from '../languages/types.js';
import type { Similarity } from '../similarity/similarity.js';
import { chrf } from './chrf.js';
import type { CodeCandidate, CodeRequest, DocCandidate } from './candidates.js';
import { grounding } from './grounding.js';
import type { LoadedModel } from './loadedModel.js';
import type { WrittenDoc } from './docWriter.js';
import { UnknownNames } from './unknownNames.js';
import { rebuild, type UnitView } from './view.js';
import { writeCodes } from './writeCodes.js';
import { writeDocs } from './writeDocs.js';

/** A reconstruction may be this much longer than the original, as in training. */
const CODE_CAP_FACTOR = 1.3;
const CODE_CAP_EXTRA = 16;
/** What a candidate whose every word is in its source gains over one that shares none. */
const GROUNDING_WEIGHT = 0.25;
/** What a code loses of which nobody declares a single name. */
const UNKNOWN_WEIGHT = 0.5;

/**
 * Ranks docs of a unit by their round trip: the model writes the code anew from each, as it does for people, and the
 * similarity to the unit's own code is the score; 0 where no whole unit came out. What of the doc's words the code has
 * counts besides.
 * @param docs by their plain form
 * @returns best first; equals keep the given order
 */
export async function rankDocs(
  loaded: LoadedModel,
  similarity: Similarity,
  view: UnitView,
  docs: ReadonlyMap<string, Doc>,
  signal?: AbortSignal,
): Promise<Omit<DocCandidate, 'spelt'>[]> {
  const { language, signature } = view;
  const rests = await writeCodes(
    loaded,
    [...docs.keys()].map((doc) => ({ language, doc, signature })),
    {
      maxTokens: Math.round(
        CODE_CAP_FACTOR * loaded.tokenizer.encode(view.rest).length + CODE_CAP_EXTRA,
      ),
      seed: 0,
      signal,
    },
  );
  return [...docs]
    .map(([plain, doc], i) => {
      const rest = rests[i];
      const roundTrip = rest === null ? 0 : similarity.score(view.code, rebuild(view, rest));
      return { doc, plain, roundTrip };
    })
    .sort(
      byMerit(({ plain, roundTrip }) => roundTrip + GROUNDING_WEIGHT * grounding(plain, view.code)),
    );
}

/**
 * Ranks codes by the way back: the model documents each, greedily, with the parts that the doc has that was asked for,
 * and chrF to that is the score. Log-probability would rank too, but it favours short and common code; the way back asks what the code says.
 * What of the code's words the doc and the signature have counts besides, and against it the names that nobody
 * declares.
 * @returns best first; equals keep the given order, the likeliest first
 */
export async function rankCodes(
  loaded: LoadedModel,
  { language, doc, signature, file = '' }: CodeRequest,
  codes: readonly Omit<CodeCandidate, 'score'>[],
  signal?: AbortSignal,
): Promise<CodeCandidate[]> {
  if (codes.length === 0) {
    return [];
  }
  const asked = parsePlainDoc(doc);
  const frame = {
    parameters: asked.params.map(({ name }) => name),
    returnsValue: asked.returns !== null,
  };
  const parser = await loadParser(language);
  const written = await writeDocs(
    loaded,
    codes.map(({ code }) => {
      const name = extractUnits(parser, code).units[0]?.name ?? '';
      return { unit: { language, name, code }, frame, temperature: 0 };
    }),
    { seed: 0, signal },
  );
  const names = await UnknownNames.load(language);
  const known = [signature, doc, file];
  return codes
    .map((code, i) => ({ ...code, score: closeness(written[i], doc) }))
    .sort(
      byMerit(
        ({ code, body, score }) =>
          score +
          GROUNDING_WEIGHT * grounding(body, `${doc} ${signature}`) -
          UNKNOWN_WEIGHT * names.share(code, known),
      ),
    );
}

function closeness(written: WrittenDoc | null, doc: string): number {
  return written === null ? 0 : chrf(renderPlainDoc(written.doc), doc);
}

/** Orders the greatest merit first. */
function byMerit<T>(merit: (candidate: T) => number): (a: T, b: T) => number {
  return (a, b) => merit(b) - merit(a);
}
