import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Position } from '../corpus/unit.js';
import { contains, type Place, readUnits } from './units.js';

/** The line end of a file: that of its first line. */
export function lineEnd(text: string): '\n' | '\r\n' {
  return /\r?\n/.exec(text)?.[0] === '\r\n' ? '\r\n' : '\n';
}

/** The text with the file's own line ends. */
export function withLineEnds(text: string, like: string): string {
  return text.replace(/\r?\n/g, lineEnd(like));
}

/**
 * Checks a doc before it is offered: inserted into the file it must add the doc to the unit and change
 * nothing else. The file is edited and parsed again, as the editor would.
 * @param position where the doc goes
 * @param newText with the file's line ends
 * @returns null when all is well, else what is wrong, for the user
 */
export async function objectionToDoc(
  { file: before, unit }: Place,
  position: Position,
  newText: string,
): Promise<string | null> {
  const { uri, languageId, version, text } = before;
  const document = TextDocument.create(uri, languageId, version, text);
  const start = document.offsetAt(position);
  const edited = TextDocument.applyEdits(document, [
    { range: { start: position, end: position }, newText },
  ]);
  if (edited.slice(0, start) + edited.slice(start + newText.length) !== text) {
    return 'it could not be inserted without changing other text';
  }
  const after = await readUnits(
    TextDocument.create(uri, languageId, version, edited),
    before.language,
  );
  if (after.hasErrors && !before.hasErrors) {
    return 'the file would no longer parse with this doc';
  }
  const index = before.units.indexOf(unit);
  const twin = after.units[index];
  if (after.units.length !== before.units.length || twin.qualifiedName !== unit.qualifiedName) {
    return 'the file would read differently with this doc';
  }
  const changed = after.units.some((each, i) => {
    const was = before.units[i];
    // A function around this one holds the doc in its own body: only its signature can be compared.
    const isAround = was !== unit && contains(was.range, position);
    return each.signature !== was.signature || (!isAround && each.code !== was.code);
  });
  if (changed) {
    return 'the code would read differently with this doc';
  }
  return twin.doc === null ? 'the text would not be taken for the doc of the function' : null;
}
