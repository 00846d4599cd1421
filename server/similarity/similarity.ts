import { loadParser } from '../languages/parser.js';
import type { LanguageId } from '../languages/types.js';
import { CodeBleu } from './codeBleu.js';
import { CrystalBleu } from './crystalBleu.js';
import { Cssg } from './cssg.js';
import { Tsed } from './tsed.js';
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

/**
 * Loads the grammar and makes a measure ready for one language.
 * @param corpus code of the language, by which CrystalBLEU tells what all code shares; the others do without
 */
export async function loadSimilarity(
  language: LanguageId,
  metric: Metric = 'cssg',
  corpus: readonly string[] = [],
): Promise<Similarity> {
  const syntax = new UnitSyntax(await loadParser(language));
  switch (metric) {
    case 'cssg':
      return new Cssg(syntax);
    case 'codebleu':
      return new CodeBleu(syntax);
    case 'tsed':
      return new Tsed(syntax);
    case 'crystalbleu':
      return new CrystalBleu(syntax, corpus);
  }
}
