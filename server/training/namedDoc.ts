import { identifierWords, SPELT_RETURN, speltText } from '../inference/words.js';
import type { UnitView } from '../inference/view.js';
import { parsePlainDoc, renderPlainDoc } from '../languages/docs/plain.js';

/**
 * A unit's doc with what it leaves out spelt from the unit's own identifiers, so that it is whole in the sense of
 * R_doc. A model made from a workspace with few docs has hardly seen one, and reinforcement cannot reward what is
 * never sampled: this shows it the form, and the learning finds the content.
 */
export function completedDoc(view: UnitView): string {
  const own = view.doc === null ? null : parsePlainDoc(view.doc);
  return renderPlainDoc({
    summary: own?.summary ?? sentenceOf(view.name),
    params: view.parameters.map((name) => {
      const text = own?.params.find((param) => param.name === name)?.text;
      return { name, text: text ?? speltText(name) };
    }),
    returns: view.returnsValue ? (own?.returns ?? SPELT_RETURN) : null,
  });
}

function sentenceOf(name: string): string {
  const words = identifierWords(name);
  const sentence = words.length < 2 ? ['the', ...words, 'function'].join(' ') : words.join(' ');
  return `${sentence[0].toUpperCase()}${sentence.slice(1)}.`;
}
