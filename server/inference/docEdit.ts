import { extractUnits } from '../corpus/extract.js';
import type { Position, UnitText } from '../corpus/unit.js';
import type { LanguageParser } from '../languages/parser.js';
import { offsetAt } from './text.js';

/** Text put in at a place; nothing is taken away. */
export interface Insertion {
  position: Position;
  newText: string;
}

/**
 * The insertion of a doc comment above its unit, or as the first line of its body where docstrings are.
 * @param comment complete, its later lines indented for the place, lines joined by \n
 */
export function docInsertion(text: string, unit: UnitText, comment: string): Insertion {
  const { position, indent } = unit.docInsert;
  const lineStart = offsetAt(text, { line: position.line, character: 0 });
  const before = text.slice(lineStart, lineStart + position.character);
  // A body on the signature's own line moves to a line of its own.
  const opening = before.trim() === '' ? '' : `\n${indent}`;
  const newText = `${opening}${comment}\n${indent}`;
  return { position, newText: text.includes('\r\n') ? newText.replace(/\n/g, '\r\n') : newText };
}

/**
 * Makes sure that an insertion adds a doc to a unit and changes nothing else: without the doc the file would be byte
 * for byte what it was.
 * @param index of the unit among those of the file
 * @throws Error where the file would read differently: such an edit must not be offered
 */
export function assertAddsDocOnly(
  parser: LanguageParser,
  text: string,
  units: readonly UnitText[],
  index: number,
  { position, newText }: Insertion,
): void {
  const at = offsetAt(text, position);
  const after = extractUnits(parser, text.slice(0, at) + newText + text.slice(at)).units;
  const unit = units[index];
  const same =
    after.length === units.length &&
    after[index].doc !== null &&
    squeezed(after[index].code) === squeezed(unit.code) &&
    after.every((each, i) => each.signature === units[i].signature);
  if (!same) {
    throw new Error(
      `The doc of ${unit.qualifiedName} would change how its file reads, so it is withheld.`,
    );
  }
}

/** A body that moved to its own line has other white space before it, no more. */
function squeezed(code: string): string {
  return code.replace(/\s+/g, ' ');
}
