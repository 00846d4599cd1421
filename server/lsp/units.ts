import type { TextDocument } from 'vscode-languageserver-textdocument';
import { extractUnits, TimeLimitError } from '../corpus/extract.js';
import type { Position, Range, UnitText } from '../corpus/unit.js';
import type { Language } from '../languages/language.js';
import { loadParser } from '../languages/parser.js';
import { languageForPath, languageForVscodeId } from '../languages/table.js';

/** Parsing is on the server's main thread: a longer file would be felt at every keystroke. */
export const MAX_TEXT = 1_000_000;
const PARSE_LIMIT_MS = 2000;
/** A file that took longer is left alone for this time: the machine may only have been busy. */
const RETRY_MS = 10_000;

/** A file as it was at one version: open documents change under an `await`, this does not. */
export interface FileUnits {
  uri: string;
  languageId: string;
  version: number;
  text: string;
  language: Language;
  units: UnitText[];
  hasErrors: boolean;
}

/** A function in a file. */
export interface Place {
  file: FileUnits;
  unit: UnitText;
}

/** The language of an open file, or null where it is none of ours. */
export function languageOf(document: TextDocument): Language | null {
  return languageForVscodeId(document.languageId) ?? languageForPath(document.uri);
}

/**
 * The units of a document at its present version, or of a text as it would be after an edit.
 * @throws TimeLimitError
 */
export async function readUnits(document: TextDocument, language: Language): Promise<FileUnits> {
  const { uri, languageId, version } = document;
  const text = document.getText();
  const { units, hasErrors } = extractUnits(await loadParser(language.id), text, PARSE_LIMIT_MS);
  return { uri, languageId, version, text, language, units, hasErrors };
}

/** The units of the open files; a file is parsed once for each of its versions. */
export class UnitIndex {
  private readonly files = new Map<string, { version: number; found: Promise<FileUnits | null> }>();

  /** @returns null for a language that is not known, and a file that takes too long */
  async of(document: TextDocument): Promise<FileUnits | null> {
    const language = languageOf(document);
    if (language === null || document.getText().length > MAX_TEXT) {
      return null;
    }
    let entry = this.files.get(document.uri);
    if (entry?.version !== document.version) {
      const found = readUnits(document, language).catch((error: unknown) =>
        this.tooSlow(document.uri, error),
      );
      entry = { version: document.version, found };
      this.files.set(document.uri, entry);
    }
    return entry.found;
  }

  private tooSlow(uri: string, error: unknown): null {
    if (!(error instanceof TimeLimitError)) {
      throw error;
    }
    setTimeout(() => this.forget(uri), RETRY_MS).unref();
    return null;
  }

  forget(uri: string): void {
    this.files.delete(uri);
  }
}

function isBefore(a: Position, b: Position): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}

function contains(range: Range, position: Position): boolean {
  return !isBefore(position, range.start) && !isBefore(range.end, position);
}

/** The innermost unit for which `rangeOf` holds the position. */
export function innermost(
  units: UnitText[],
  position: Position,
  rangeOf: (unit: UnitText) => Range,
): UnitText | null {
  let best: UnitText | null = null;
  for (const unit of units) {
    if (
      contains(rangeOf(unit), position) &&
      (!best || isBefore(best.range.start, unit.range.start))
    ) {
      best = unit;
    }
  }
  return best;
}

/** The unit whose signature starts, or stands, on a line; where several do, the first. */
export function unitOnLine(units: UnitText[], line: number): UnitText | null {
  const onLine = (unit: UnitText) =>
    unit.signatureRange.start.line <= line && line <= unit.signatureRange.end.line;
  const hits = units.filter(onLine);
  return hits.find((unit) => unit.signatureRange.start.line === line) ?? hits[0] ?? null;
}
