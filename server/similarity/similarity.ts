import { loadParser } from '../languages/parser.js';
import type { LanguageId } from '../languages/types.js';
import { Cssg } from './cssg.js';
import { UnitSyntax } from './unitSyntax.js';

export type Metric = 'cssg' | 'codebleu' | 'tsed' | 'crystalbleu';
export const METRICS: readonly Metric[] = ['cssg', 'codebleu', 'tsed', 'crystalbleu'];

/** How much one unit's code means what another's does. Deterministic and symmetric. */
export interface Similarity {
  /** In [0, 1]; 1 for equal code, 0 where either does not parse as one unit. */
  score(a: string, b: string): number;
  /** Whether the code is a function, method or several of them, without a syntax error. */
  parses(code: string): boolean;
}

/** Loads the grammar and makes the measure ready for one language. */
export async function loadSimilarity(
  language: LanguageId,
  metric: Metric = 'cssg',
): Promise<Similarity> {
  if (metric !== 'cssg') {
    throw new Error(`The measure ${metric} is not there yet.`);
  }
  const syntax = new UnitSyntax(await loadParser(language));
  return new Cssg(syntax);
}
