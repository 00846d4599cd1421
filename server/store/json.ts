import { readFileSync } from 'node:fs';
import { UserError, errorMessage } from '../util/errors.js';
import { writeFileAtomic } from './atomic.js';

/**
 * Reads a JSON file.
 * @throws UserError naming the file, and what to do, where it is missing or is no JSON
 */
export function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'it does not exist' : errorMessage(error);
    throw new UserError(`Cannot read ${file}: ${reason}.`, { cause: error });
  }
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new UserError(
      `${file} is not valid JSON (${errorMessage(error)}). Restore or delete it, then try again.`,
      { cause: error },
    );
  }
}

/** Writes a value as JSON, atomically, with a line end. */
export function writeJson(file: string, value: unknown): void {
  writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`);
}
