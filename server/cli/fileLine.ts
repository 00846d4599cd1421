import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { languageForFile } from '../languages/table.js';
import type { LanguageId } from '../languages/types.js';
import { learntModel } from '../store/workspace.js';
import { UsageError, UserError } from '../util/errors.js';

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
 * @throws UsageError where there is no such file; UserError where its language is not known
 */
export function readPlace(cwd: string, argument: string): SourcePlace {
  const match = /^(.+):(\d+)$/.exec(argument);
  const whole = existsSync(resolve(cwd, argument));
  const path = match !== null && !whole ? match[1] : argument;
  const file = resolve(cwd, path);
  if (!existsSync(file)) {
    throw new UsageError(`${path} does not exist.`);
  }
  const text = readFileSync(file, 'utf8');
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
