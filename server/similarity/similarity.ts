import { loadParser } from '../languages/parser.js';
import type { LanguageId } from '../languages/types.js';
import { CodeBleu } from './codeBleu.js';
import { CrystalBleu } from './crystalBleu.js';
import { Cssg } from './cssg.js';
import type { Similarity } from './measure.js';
import { Tsed } from './tsed.js';
import { UnitSyntax } from './unitSyntax.js';

export type { Similarity };
export type Metric = 'cssg' | 'codebleu' | 'tsed' | 'crystalbleu';
export const METRICS: readonly Metric[] = ['cssg', 'codebleu', 'tsed', 'crystalbleu'];

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
