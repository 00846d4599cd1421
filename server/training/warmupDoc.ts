import type { LoadedModel } from '../inference/loadedModel.js';
import { firstSentence, type UnitView } from '../inference/view.js';
import { identifierWords, SPELT_RETURN, speltText } from '../inference/words.js';
import { writeDocs } from '../inference/writeDocs.js';
import { parsePlainDoc, renderPlainDoc } from '../languages/docs/plain.js';
import type { Doc } from '../languages/types.js';

/**
 * A unit's doc with what it leaves out taken from another one, or spelt from the unit's own identifiers, so that it is
 * whole in the sense of R_doc. Reinforcement cannot reward what is never sampled: this shows the model the form, and
 * the learning finds the content.
 * @param other what a model wrote for the unit; null: there is no model yet that could
 */
export function completedDoc(view: UnitView, other: Doc | null): string {
  const own = view.doc === null ? null : parsePlainDoc(view.doc);
  return renderPlainDoc({
    summary: firstSentence(own?.summary ?? other?.summary ?? sentenceOf(view.name)),
    params: view.parameters.map((name) => {
      const written = [own, other].map((doc) => doc?.params.find((param) => param.name === name));
      return { name, text: (written[0] ?? written[1])?.text ?? speltText(name) };
    }),
    returns: view.returnsValue ? (own?.returns ?? other?.returns ?? SPELT_RETURN) : null,
  });
}

/** Docs written at once. */
const ROWS = 64;
/** More than this many units are not documented before a warm-up: it would take longer than the warm-up itself. */
const MOST_WRITTEN = 4000;

/**
 * The docs that a warm-up learns from. Where a unit has none, or one that leaves parts out, a model that can already
 * write is asked first: a doc of its own beside code that people wrote is what back-translation learns from (Sennrich
 * et al. 2016, arXiv 1511.06709), and what it says of a function is worth more than its name spelt out.
 * @param writer null where the model knows nothing yet: then all that is missing is spelt
 * @returns in the order of the views
 */
export async function warmupDocs(
  views: readonly UnitView[],
  writer: LoadedModel | null,
  options: { seed: number; signal?: AbortSignal; onProgress?(share: number): void },
): Promise<string[]> {
  const docs = views.map((view) => completedDoc(view, null));
  if (writer === null) {
    return docs;
  }
  const wanting = views
    .flatMap((view, i) => (docs[i] === view.doc ? [] : [i]))
    .slice(0, MOST_WRITTEN);
  for (let from = 0; from < wanting.length; from += ROWS) {
    const rows = wanting.slice(from, from + ROWS);
    const requests = rows.map((i) => ({ unit: views[i], frame: views[i], temperature: 0 }));
    const written = await writeDocs(writer, requests, options);
    rows.forEach((i, at) => {
      docs[i] = completedDoc(views[i], written[at]?.doc ?? null);
    });
    options.onProgress?.((from + rows.length) / wanting.length);
  }
  return docs;
}

function sentenceOf(name: string): string {
  const words = identifierWords(name);
  const sentence = words.length < 2 ? ['the', ...words, 'function'].join(' ') : words.join(' ');
  return `${sentence[0].toUpperCase()}${sentence.slice(1)}.`;
}
