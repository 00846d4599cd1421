import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { languageForFile } from '../languages/table.js';
import type { LanguageId } from '../languages/types.js';
import { learntModel } from '../store/workspace.js';
import { UsageError, UserError } from '../util/errors.js';
import { readSource } from './readSource.js';

/** A file named on the command line, perhaps with a line. */
export interface SourcePlace {
  file: string;
  text: string;
  language: LanguageId;
  /** 0-based; null where none was given. */
  line: number | null;
}

/**
 * Reads `FILE` or `FILE:LINE`; lines count from 1 as editors show them.
 * @throws UserError where the file cannot be read or its language is not known; UsageError where it has no such line
 */
export function readPlace(cwd: string, argument: string): SourcePlace {
  const match = /^(.+):(\d+)$/.exec(argument);
  const whole = existsSync(resolve(cwd, argument));
  const path = match !== null && !whole ? match[1] : argument;
  const file = resolve(cwd, path);
  const text = strictText(readSource(file, path), path);
  const language = languageForFile(file, text);
  if (language === null) {
    throw new UserError(`${path} is in no language that BatCoder knows.`);
  }
  const line = match !== null && !whole ? Number(match[2]) - 1 : null;
  if (line !== null && (line < 0 || line >= text.split('\n').length)) {
    throw new UsageError(`${path} has no line ${line + 1}.`);
  }
  return { file, text, language: language.id, line };
}

/** Byte for byte what the file holds, a byte order mark too: it may be written back with a doc in it. */
function strictText(bytes: Buffer, shown: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UserError(`${shown} is no UTF-8 text; save it as UTF-8 first.`);
  }
}

/**
 * The workspace that a file belongs to: the nearest folder above it that has a model in use, else the nearest that
 * holds `.git`, else the current one.
 */
export function workspaceOf(file: string, cwd: string): string {
  const folders: string[] = [];
  for (let folder = dirname(file); folders.at(-1) !== folder; folder = dirname(folder)) {
    folders.push(folder);
  }
  return (
    folders.find((folder) => learntModel(folder) !== null) ??
    folders.find((folder) => existsSync(join(folder, '.git'))) ??
    cwd
  );
}
