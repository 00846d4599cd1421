import { extractUnits } from '../corpus/extract.js';
import type { Range, UnitText } from '../corpus/unit.js';
import type { LanguageParser } from '../languages/parser.js';
import { parseDoc } from '../languages/docs/styles.js';
import { renderPlainDoc } from '../languages/docs/plain.js';
import { codeBefore, dedent } from './view.js';
import { indentOfLine, offsetAt, positionAt } from './text.js';

/** What a piece of code is asked for by, and where it goes. */
export interface CodeTarget {
  /** Plain form. */
  doc: string;
  /** Empty where there is none: then the model writes it too. */
  signature: string;
  /** The function that stands before it, as the model sees one; undefined where there is none. */
  before: string | undefined;
  /** The text that the new code replaces; empty for an insertion. */
  range: Range;
  /** Before every line of the new code but the first. */
  indent: string;
  /** What the new code begins with: a line end where it follows a comment. */
  lead: string;
}

/** A line that begins a definition: it has a parameter list, and is no statement of another kind. */
const SIGNATURE =
  /^(?!\s*(?:if|for|while|switch|return|catch|else|elif|with|match|do|try)\b)\s*[\p{L}_@#$~*&<>[\]:. ,]+.*\(/u;
/** How many lines a signature may take. */
const LONGEST_SIGNATURE = 12;

/**
 * Reads what is asked for at a line: a doc comment there, and the signature under it if there is one. A function
 * that has a body already is to get a new one.
 * @returns null where no doc comment is at the line
 */
export function codeTargetAt(
  parser: LanguageParser,
  text: string,
  line: number,
): CodeTarget | null {
  const { units } = extractUnits(parser, text);
  const unit = units.findLast(
    (each) =>
      each.docRange !== null &&
      line >= Math.min(each.docRange.start.line, each.signatureRange.start.line) &&
      line <= Math.max(each.docRange.end.line, each.signatureRange.end.line),
  );
  return unit === undefined
    ? targetOfComment(parser, text, line, units)
    : targetOfUnit(unit, text, units);
}

function targetOfUnit(unit: UnitText, text: string, units: readonly UnitText[]): CodeTarget {
  const docRange = unit.docRange!;
  const inside =
    docRange.start.line >= unit.signatureRange.end.line &&
    docRange.start.line >= unit.bodyRange.start.line;
  return {
    doc: renderPlainDoc(parseDoc(unit.doc!, unit.language)),
    signature: dedent(unit.signature, unit.range.start.character),
    before: codeBefore(units, unit.range.start),
    range: { start: inside ? docRange.end : unit.signatureRange.end, end: unit.range.end },
    indent: indentOfLine(text, unit.signatureRange.start.line),
    lead: '',
  };
}

/** A comment with no function that parses under it: perhaps a signature that still waits for its body. */
function targetOfComment(
  parser: LanguageParser,
  text: string,
  line: number,
  units: readonly UnitText[],
): CodeTarget | null {
  const comment = commentAt(parser, text, line);
  if (comment === null) {
    return null;
  }
  const doc = renderPlainDoc(parseDoc(text.slice(comment.start, comment.end), parser.language.id));
  if (doc === '') {
    return null;
  }
  const endLine = positionAt(text, comment.end).line;
  const indent = indentOfLine(text, positionAt(text, comment.start).line);
  const signature = signatureFrom(text, endLine + 1);
  const at = positionAt(text, signature === null ? comment.end : signature.end);
  return {
    doc,
    signature: signature === null ? '' : dedent(signature.text, indent.length),
    before: codeBefore(units, positionAt(text, comment.start)),
    range: { start: at, end: at },
    indent,
    lead: signature === null ? `\n${indent}` : '',
  };
}

/** The offsets of the comment at a line; line comments under one another are one. */
function commentAt(
  parser: LanguageParser,
  text: string,
  line: number,
): { start: number; end: number } | null {
  const tree = parser.parse(text);
  if (tree === null) {
    return null;
  }
  try {
    const comments = tree.rootNode
      .descendantsOfType(['comment', 'line_comment', 'block_comment', 'multiline_comment'])
      .filter((node) => node !== null)
      .map(({ startIndex, endIndex, startPosition, endPosition }) => ({
        start: startIndex,
        end: startIndex + text.slice(startIndex, endIndex).trimEnd().length,
        first: startPosition.row,
        last: endPosition.column === 0 ? endPosition.row - 1 : endPosition.row,
      }));
    let at = comments.findIndex(({ first, last }) => first <= line && last >= line);
    if (at < 0) {
      return null;
    }
    let last = at;
    while (at > 0 && comments[at - 1].last === comments[at].first - 1) {
      at--;
    }
    while (last + 1 < comments.length && comments[last + 1].first === comments[last].last + 1) {
      last++;
    }
    return { start: comments[at].start, end: comments[last].end };
  } finally {
    tree.delete();
  }
}

/** A signature that begins at a line, up to the sign that opens its body, that sign left out. */
function signatureFrom(text: string, line: number): { text: string; end: number } | null {
  const start = offsetAt(text, { line, character: 0 });
  const lines = text.slice(start).split('\n').slice(0, LONGEST_SIGNATURE);
  if (!SIGNATURE.test(lines[0] ?? '')) {
    return null;
  }
  let taken = '';
  for (const each of lines) {
    taken += taken === '' ? each : `\n${each}`;
    const opens = count(taken, '(') - count(taken, ')');
    if (opens <= 0) {
      break;
    }
  }
  const whole = taken.trimEnd().replace(/\s*\{?\s*$/, '');
  const begin = /^\s*/.exec(whole)![0].length;
  return { text: whole.slice(begin), end: start + whole.length };
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1;
}
