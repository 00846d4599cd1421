import { languageById } from '../table.js';
import type { DocStyle, LanguageId } from '../types.js';

/** What gives a style away, the surest first. */
const SIGNS: readonly [DocStyle, RegExp][] = [
  ['xmldoc', /<(?:summary|param\s+name=|returns)\b/],
  ['numpy', /^\s*(?:Parameters|Returns|Yields)[ \t]*\n\s*-{3,}/m],
  ['sphinx', /^[^\w\n]*:(?:param|parameter|arg|returns?|rtype|type)\b[^:\n]*:/m],
  ['google', /^[^\w\n]*(?:Args|Arguments|Returns|Yields|Raises):[ \t]*$/m],
  ['rustdoc', /^\s*\/\/[/!]\s*#+ (?:Arguments|Parameters|Returns|Examples|Errors|Panics|Safety)/m],
  ['doxygen', /^[^\w\n]*[@\\](?:brief|param|returns?|return)\b/m],
  ['phpdoc', /@(?:param\s+\S+\s+\$\w|return\s)/],
  ['yard', /@(?:param|return)\s+(?:\w+\s+)?\[/],
  ['ldoc', /^[^\w\n]*@t?(?:param|return)\b/m],
  ['jsdoc', /@(?:param|returns?)\s+\{/],
  ['tsdoc', /@(?:param\s+\S+\s+-\s|returns\s)/],
  ['javadoc', /@(?:param|return)\b/],
  ['kdoc', /@(?:param|return)\b/],
  ['scaladoc', /@(?:param|return)\b/],
  ['yard', /@(?:param|return)\b/],
  ['jsdoc', /@(?:param|returns?)\b/],
];

/** The style that most of a file's docs are in; the language's default where none shows any. */
export function detectStyle(commentsInFile: readonly string[], language: LanguageId): DocStyle {
  const allowed = languageById(language).docStyles;
  const votes = new Map<DocStyle, number>();
  for (const comment of commentsInFile) {
    const style = SIGNS.find(([name, sign]) => allowed.includes(name) && sign.test(comment))?.[0];
    if (style !== undefined) {
      votes.set(style, (votes.get(style) ?? 0) + 1);
    }
  }
  let best = allowed[0];
  for (const [style, count] of votes) {
    if (count > (votes.get(best) ?? 0)) {
      best = style;
    }
  }
  return best;
}
