import { chrf } from '../../../inference/chrf.js';
import { rebuild } from '../../../inference/view.js';
import type { Doc } from '../../../languages/types.js';
import type { Similarity } from '../../../similarity/similarity.js';
import { bleu4 } from '../../bleu4.js';
import { rougeL } from '../../rougeL.js';
import { trivialSimilarity } from '../../trivialCode.js';
import type { EvaluationUnit } from './units.js';

/** How near a doc comes to the one that people wrote. The three measures see the summaries alone. */
export interface DocScore {
  chrf: number;
  rougeL: number;
  bleu4: number;
  /** Parameters that the doc names exactly once, and those that the unit has; without a doc both are 0. */
  named: number;
  parameters: number;
  /** Parameters of the doc that the unit does not have. */
  invented: number;
}

/** @param doc null where none was written */
export function scoreDoc(doc: Doc | null, unit: EvaluationUnit): DocScore {
  const summary = doc?.summary ?? '';
  const names = doc?.params.map(({ name }) => name) ?? [];
  const times = (name: string): number => names.filter((each) => each === name).length;
  return {
    chrf: chrf(summary, unit.summary),
    rougeL: rougeL(summary, unit.summary),
    bleu4: bleu4(summary, unit.summary),
    named: unit.parameters.filter((name) => times(name) === 1).length,
    parameters: doc === null ? 0 : unit.parameters.length,
    invented: names.filter((name) => !unit.parameters.includes(name)).length,
  };
}

/** How near a code comes to the one that people wrote. */
export interface CodeScore {
  parses: number;
  exact: number;
  /** Similarity of the program graphs; it sees no names. */
  cssg: number;
  /** chrF of what follows the signature. */
  chrf: number;
}

/** @param rest what follows the signature; null where nothing was written */
export function scoreCode(
  rest: string | null,
  unit: EvaluationUnit,
  similarity: Similarity,
): CodeScore {
  if (rest === null) {
    return { parses: 0, exact: 0, cssg: 0, chrf: 0 };
  }
  const code = rebuild(unit, rest);
  return {
    parses: similarity.parses(code) ? 1 : 0,
    exact: rest.trim() === unit.rest.trim() ? 1 : 0,
    cssg: similarity.score(unit.code, code),
    chrf: chrf(rest, unit.rest),
  };
}

/** A body that does nothing: of the forms that the language has, the likest to the unit's. */
export function scoreEmptyBody(unit: EvaluationUnit, similarity: Similarity): CodeScore {
  return { parses: 1, exact: 0, cssg: trivialSimilarity(unit, similarity), chrf: 0 };
}
