import { readFileSync } from 'node:fs';
import { UserError } from '../util/errors.js';

/**
 * The bytes of a file named on the command line.
 * @param shown as the person wrote it
 * @throws UserError where it cannot be read
 */
export function readSource(path: string, shown: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    switch ((error as NodeJS.ErrnoException).code) {
      case 'ENOENT':
        throw new UserError(`there is no file ${shown}.`);
      case 'EISDIR':
        throw new UserError(`${shown} is a folder; name a file in it.`);
      default:
        throw new UserError(`${shown} cannot be read (${(error as Error).message}).`);
    }
  }
}
