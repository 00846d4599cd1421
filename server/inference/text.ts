import type { Position } from '../corpus/unit.js';

/** The offset of a position in UTF-16 code units; past the text's end it is the end. */
export function offsetAt(text: string, { line, character }: Position): number {
  let start = 0;
  for (let i = 0; i < line; i++) {
    const end = text.indexOf('\n', start);
    if (end < 0) {
      return text.length;
    }
    start = end + 1;
  }
  return Math.min(start + character, text.length);
}

/** The position of an offset. */
export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length - 1, character: offset - lineStart };
}

/** The white space that a line begins with. */
export function indentOfLine(text: string, line: number): string {
  const start = offsetAt(text, { line, character: 0 });
  return /^[ \t]*/.exec(text.slice(start))![0];
}
