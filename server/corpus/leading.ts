import type { DocPlacement } from '../languages/language.js';
import type { Leading } from './captures.js';
import type { LineIndex } from './lines.js';

/** What stands above a definition and belongs to it; offsets in the file. */
export interface Above {
  /** Where the definition begins with the decorators that stand before it. */
  start: number;
  /** Where a doc belongs: above decorators and overload signatures. */
  docAnchor: number;
  doc: { start: number; end: number } | null;
}

/** A block comment that says it is about the file, not about what happens to follow. */
const FILE_COMMENT = /@(?:file|fileoverview|license|copyright|module|packageDocumentation)\b/;

/**
 * Walks back from a definition over its decorators, overload signatures and doc.
 * @param leading sorted by end
 * @param start offset of the definition with its wrappers
 * @param name the definition's name as written, to know its overloads by
 */
export function lookAbove(
  text: string,
  lines: LineIndex,
  leading: readonly Leading[],
  start: number,
  name: string,
  docs: DocPlacement,
): Above {
  const above: Above = { start, docAnchor: start, doc: null };
  let at = start;
  for (let i = lastBefore(leading, start); i >= 0; i--) {
    const item = leading[i];
    const gap = text.slice(item.end, at);
    if (item.type === 'decorator' && gap.trim() === '') {
      above.start = item.start;
      above.docAnchor = item.start;
    } else if (item.type === 'overload' && item.name === name && /^[\s;]*$/.test(gap)) {
      above.docAnchor = item.start;
    } else if (item.type !== 'comment' || gap.trim() !== '' || docs.place !== 'above') {
      break;
    } else if (!lines.isFirstOnLine(item.start) && lineBreaks(text.slice(item.start, at)) > 0) {
      // It ends a line of other code.
      break;
    } else if (docs.isDoc(text.slice(item.start, item.end))) {
      if (!isApart(text.slice(item.start, item.end), gap)) {
        const first = docs.joinsLines ? firstOfBlock(text, lines, leading, i, docs) : i;
        above.doc = { start: leading[first].start, end: item.end };
      }
      break;
    }
    at = item.start;
  }
  return above;
}

/** A blank line parts a line comment from a definition; a block doc only if it speaks of the file. */
function isApart(comment: string, gap: string): boolean {
  return lineBreaks(gap) > 1 && (!comment.startsWith('/**') || FILE_COMMENT.test(comment));
}

/** The index of the first of the line comments that stand directly one under the other. */
function firstOfBlock(
  text: string,
  lines: LineIndex,
  leading: readonly Leading[],
  last: number,
  docs: DocPlacement,
): number {
  const isLine = (item: Leading) =>
    item.type === 'comment' &&
    !text.startsWith('/*', item.start) &&
    lines.isFirstOnLine(item.start);
  let first = last;
  while (first > 0 && isLine(leading[first])) {
    const before = leading[first - 1];
    const gap = text.slice(before.end, leading[first].start);
    const joined = gap.trim() === '' && lineBreaks(gap) === 1;
    if (!joined || !isLine(before) || !docs.isDoc(text.slice(before.start, before.end))) {
      break;
    }
    first -= 1;
  }
  return first;
}

function lineBreaks(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}

function lastBefore(leading: readonly Leading[], offset: number): number {
  let low = 0;
  let high = leading.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (leading[middle].end <= offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}
