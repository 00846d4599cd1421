import type { CorpusUnit } from '../corpus/unit.js';
import { identifierPattern, viewOf } from '../inference/view.js';
import type { Similarity } from '../similarity/similarity.js';

const MASK = 'func';
const IDENTIFIER = /^#?[\p{L}_$][\p{L}\p{N}_$]*[?!]?$/u;

/**
 * A unit under a neutral name, so that its own cannot tell what it does (Min et al. 2024, arXiv 2310.14053): put for
 * every whole word that is the name, in calls of itself, strings and comments too. An operator, which has no name to
 * hide, and code that cannot be compared under another name stay as they are.
 */
export function maskUnit(unit: CorpusUnit, similarity: Similarity): CorpusUnit {
  if (!IDENTIFIER.test(unit.name)) {
    return unit;
  }
  const name = freeName(unit.code);
  const pattern = new RegExp(identifierPattern(unit.name), 'gu');
  const mask = (text: string): string => text.replace(pattern, name);
  const masked = {
    ...unit,
    name,
    signature: mask(unit.signature),
    body: mask(unit.body),
    code: mask(unit.code),
    parameters: unit.parameters.map((each) => ({ ...each, name: mask(each.name) })),
  };
  const { code } = viewOf(masked);
  return similarity.score(code, code) > 0.999 ? masked : unit;
}

/** A name that code does not have yet; `func` itself is a keyword of Go. */
function freeName(code: string): string {
  let name = MASK;
  for (let i = 1; identifierPattern(name).test(code); i++) {
    name = `${MASK}${i}`;
  }
  return name;
}
