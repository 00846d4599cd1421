import { lstatSync, readFileSync } from 'node:fs';
import { loadParser } from '../languages/parser.js';
import { languageForFile, languageForPath } from '../languages/table.js';
import type { LanguageId } from '../languages/types.js';
import { type Extraction, extractUnits, TimeLimitError } from './extract.js';
import { contentSkip, isGeneratedName, MAX_FILE_BYTES } from './fileFilter.js';
import { decodeSource } from './read.js';
import type { SkipReason } from './report.js';
import { findSecret } from './secrets.js';

/** A file to look into. */
export interface InspectJob {
  /** Where it is on this machine. */
  file: string;
  /** Relative to the root, with forward slashes. */
  path: string;
  limitMs: number;
}

/** What is in a file, or why it was left out. */
export type Inspection =
  | { skip: SkipReason }
  | ({
      skip: null;
      language: LanguageId;
      text: string;
      /** Whether anything in the text looks like a secret. */
      secret: boolean;
    } & Extraction);

/** What a name alone says against a file; no need to open it. */
export function skipByName(path: string): SkipReason | null {
  if (isGeneratedName(path)) {
    return 'generated';
  }
  const name = path.slice(path.lastIndexOf('/') + 1);
  // Without an extension, a `#!` line may tell.
  const mayHaveShebang = /^[^.]+$/.test(name);
  return languageForPath(path) === null && !mayHaveShebang ? 'unsupported-language' : null;
}

/** Reads, filters and parses one file. Runs in the parse worker. */
export async function inspectFile({ file, path, limitMs }: InspectJob): Promise<Inspection> {
  let bytes: Buffer;
  try {
    if (lstatSync(file).size > MAX_FILE_BYTES) {
      return { skip: languageForPath(path) === null ? 'unsupported-language' : 'over-size' };
    }
    bytes = readFileSync(file);
  } catch {
    return { skip: 'unreadable' };
  }
  const text = decodeSource(bytes);
  const language = languageForFile(path, text);
  if (language === null) {
    return { skip: 'unsupported-language' };
  }
  const skip = contentSkip(path, bytes, text);
  if (skip !== null) {
    return { skip };
  }
  const parser = await loadParser(language.id);
  try {
    const extraction = extractUnits(parser, text, limitMs);
    const secret = findSecret(text) !== null;
    return { skip: null, language: language.id, text, secret, ...extraction };
  } catch (error) {
    return { skip: error instanceof TimeLimitError ? 'time-limit' : 'parser-failure' };
  }
}
