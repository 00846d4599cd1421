import type { Position, Range } from './unit.js';

/** Turns offsets in a text into lines and columns, and back; lines end as in the language server protocol. */
export class LineIndex {
  private readonly starts: number[] = [0];

  constructor(private readonly text: string) {
    for (const { index, 0: ending } of text.matchAll(/\r\n|\n|\r/g)) {
      this.starts.push(index + ending.length);
    }
  }

  /** The line that an offset is in. */
  lineAt(offset: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle] <= offset) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  position(offset: number): Position {
    const line = this.lineAt(offset);
    return { line, character: offset - this.starts[line] };
  }

  range(start: number, end: number): Range {
    return { start: this.position(start), end: this.position(end) };
  }

  offset(position: Position): number {
    const start = this.starts[Math.min(position.line, this.starts.length - 1)];
    return Math.min(start + position.character, this.text.length);
  }

  /** The white space that the line of an offset begins with. */
  indentAt(offset: number): string {
    const start = this.starts[this.lineAt(offset)];
    return /^[ \t]*/.exec(this.text.slice(start, start + 400))?.[0] ?? '';
  }

  /** Whether nothing but white space stands before an offset on its line. */
  isFirstOnLine(offset: number): boolean {
    return this.text.slice(this.starts[this.lineAt(offset)], offset).trim() === '';
  }
}
