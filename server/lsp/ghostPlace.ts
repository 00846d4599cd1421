import type { Position, UnitText } from '../corpus/unit.js';
import type { Language } from '../languages/language.js';
import { type FileUnits, innermost } from './units.js';

/** What a ghost text at a place would be, found from the text alone and without the model. */
export type GhostPlace =
  /** The cursor is in the empty body of a documented function. */
  | { kind: 'body'; unit: UnitText }
  /** The cursor is below a doc comment that belongs to no function yet. */
  | { kind: 'function' };

/** Where docs begin, as typed and as completed by the editor's own closing of pairs; longest first. */
const OPENERS = [
  '/** */',
  '/***/',
  '/**',
  '"""""" ',
  '""""""',
  '"""',
  "''''''",
  "'''",
  '///',
  '---',
  '//',
  '#',
];

/** The place of a body or of a missing function, or null where there is nothing to offer. */
export function bodyPlace(file: FileUnits, position: Position): GhostPlace | null {
  const lines = file.text.split('\n');
  const line = lines[position.line] ?? '';
  const unit = file.units.find((each) => isWaiting(each, position));
  if (unit) {
    const rest = line.slice(position.character).trim();
    return rest === '' || rest === '}' ? { kind: 'body', unit } : null;
  }
  const above = lines[position.line - 1]?.trim() ?? '';
  const isFree = line.trim() === '' && (lines[position.line + 1] ?? '').trim() === '';
  if (!isFree || !endsDoc(lines, position.line - 1, above, file.language)) {
    return null;
  }
  const belongs = file.units.some(
    (each) =>
      each.docRange &&
      each.docRange.start.line <= position.line - 1 &&
      position.line - 1 <= each.docRange.end.line,
  );
  return belongs ? null : { kind: 'function' };
}

/** A documented function whose body, around the position, has nothing in it. */
function isWaiting(unit: UnitText, position: Position): boolean {
  const { start, end } = unit.bodyRange;
  return (
    unit.doc !== null &&
    /^(?:[\s{}]|pass\b|\.\.\.)*$/.test(unit.body) &&
    start.line <= position.line &&
    // Python ends an empty block before the blank line that the cursor stands on.
    position.line <= end.line + 1
  );
}

/** Whether a line ends a doc comment that stands above its function. */
function endsDoc(lines: string[], index: number, line: string, language: Language): boolean {
  if (language.docs.place !== 'above') {
    return false;
  }
  if (line.endsWith('*/')) {
    for (let first = index; first >= 0; first--) {
      const at = lines[first].indexOf('/*');
      if (at >= 0) {
        return language.docs.isDoc(
          lines
            .slice(first, index + 1)
            .join('\n')
            .slice(at)
            .trim(),
        );
      }
    }
    return false;
  }
  // Plain `//` and `#` comments stand everywhere: only marks that are for docs alone count.
  return /^(?:\/\/\/|---)/.test(line) && language.docs.isDoc(line);
}

/** The opening mark of a doc around the cursor, where the line holds nothing else; null otherwise. */
export function docOpener(
  text: string,
  position: Position,
  language: Language,
): { start: number; end: number } | null {
  const line = (text.split('\n')[position.line] ?? '').replace(/\r$/, '');
  const trimmed = line.trim();
  const opener = OPENERS.find((each) => each.trim() === trimmed);
  const start = line.indexOf(trimmed);
  if (opener === undefined || position.character < start + 2) {
    return null;
  }
  const sample = trimmed.startsWith('/**')
    ? '/** x */'
    : /^["']/.test(trimmed)
      ? '"""x"""'
      : `${trimmed} x`;
  const isInside = /^["']/.test(trimmed);
  const fits = isInside === (language.docs.place === 'inside') && language.docs.isDoc(sample);
  return fits ? { start, end: line.length } : null;
}

/** The text with a line emptied: how the file reads without the doc that was begun. */
export function withoutLine(text: string, line: number): string {
  return text
    .split('\n')
    .map((each, index) => (index === line ? (each.endsWith('\r') ? '\r' : '') : each))
    .join('\n');
}

/** The undocumented function that a doc on `line` would be for, in the file with that line empty. */
export function unitForDoc(file: FileUnits, line: number): UnitText | null {
  const isInside = file.language.docs.place === 'inside';
  const matches = (unit: UnitText) => {
    if (unit.doc !== null) {
      return false;
    }
    const { range, signatureRange, bodyRange } = unit;
    return isInside
      ? signatureRange.end.line < line &&
          line <= bodyRange.start.line + 1 &&
          isFirst(file.text, unit, line)
      : range.start.line === line + 1;
  };
  return file.units.find(matches) ?? null;
}

/** Whether nothing but blank lines stands between the signature and the line. */
function isFirst(text: string, unit: UnitText, line: number): boolean {
  const between = text.split('\n').slice(unit.signatureRange.end.line + 1, line);
  return between.every((each) => each.trim() === '');
}

/**
 * The line to ask the model's side about for a cursor in, or below, what is to be written: one of the doc
 * comment or the signature. A line that is neither stays as it is.
 */
export function askedLine(file: FileUnits, position: Position): number {
  const place = bodyPlace(file, position);
  if (place?.kind === 'function') {
    return position.line - 1;
  }
  const unit =
    place?.kind === 'body' ? place.unit : innermost(file.units, position, (each) => each.range);
  return unit && unit.doc !== null ? unit.signatureRange.start.line : position.line;
}
