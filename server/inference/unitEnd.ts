import { extractUnits } from '../corpus/extract.js';
import type { LanguageParser } from '../languages/parser.js';
import { wrappersOf } from '../similarity/wrappers.js';
import { offsetAt } from './text.js';

/** A line after which a function with a block may be complete. */
const CLOSING = /(?:\}|\bend)\s*[;,)]*\s*$/;
/** A line at the margin that cannot belong to the body above it. */
const AT_MARGIN = /^[\p{L}_@#$/<"'`;[~]/u;

/**
 * Watches code while it is written, and tells by the syntax tree where its unit ends: at the bracket or word that
 * closes its block, or before the first line at the margin where the lines above are a complete unit.
 */
export class UnitEnd {
  private body: string | null = null;
  /** The line that is looked at next, and whether its beginning has been. */
  private line = 0;
  private begun = false;

  /** @param signature what the code begins with; empty where the whole code is written */
  constructor(
    private readonly parser: LanguageParser,
    private readonly signature: string,
  ) {}

  /**
   * Takes in all that was written so far, which only grows.
   * @returns whether the unit has ended
   */
  reached(text: string): boolean {
    const lines = text.split('\n');
    while (this.body === null && this.line < lines.length) {
      const line = lines[this.line];
      if (!this.begun && this.line > 0 && AT_MARGIN.test(line)) {
        this.body = this.complete(lines.slice(0, this.line).join('\n'), false);
      }
      this.begun = line !== '';
      if (this.line === lines.length - 1) {
        break;
      }
      if (this.body === null && CLOSING.test(line)) {
        this.body = this.complete(lines.slice(0, this.line + 1).join('\n'), true);
      }
      this.line++;
      this.begun = false;
    }
    return this.body !== null;
  }

  /**
   * The rest of the unit after its signature, nothing behind it.
   * @param closed whether the model ended the text itself
   * @returns null where the text holds no complete unit
   */
  rest(text: string, closed: boolean): string | null {
    return this.reached(text) || !closed ? this.body : this.complete(text, false);
  }

  /**
   * @param block only a body that is a block counts: any other may go on in the next line
   * @returns the text up to the end of the unit that the code begins with; null where there is none without an error
   */
  private complete(text: string, block: boolean): string | null {
    const code = this.signature + text;
    for (const [before, after] of wrappersOf(this.parser.language.id)) {
      const file = before + code + after;
      const { units, hasErrors } = extractUnits(this.parser, file);
      const unit = hasErrors ? undefined : units[0];
      const begin = before.length + code.length - code.trimStart().length;
      if (
        unit !== undefined &&
        (this.signature === '' || offsetAt(file, unit.range.start) <= begin)
      ) {
        const end = offsetAt(file, unit.range.end) - before.length;
        const tail = /^[;,]*/.exec(code.slice(end))![0];
        const isBlock =
          file[offsetAt(file, unit.bodyRange.start)] === '{' || /\bend$/.test(code.slice(0, end));
        const rest = code.slice(this.signature.length, end) + tail;
        return (isBlock || !block) && unit.body.trim() !== '' ? rest : null;
      }
    }
    return null;
  }
}
