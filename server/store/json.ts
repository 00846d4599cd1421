import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { UserError, errorMessage } from '../util/errors.js';
import { writeFileAtomic, writeFully } from './atomic.js';

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

/**
 * A log of one JSON value per line that is only ever appended to. After a crash its last line may be
 * torn; it is cut off when the log is opened again, and left out when it is read.
 */
export class JsonlLog {
  private readonly fd: number;

  constructor(file: string) {
    mkdirSync(dirname(file), { recursive: true });
    this.fd = openSync(file, 'a+');
    const length = wholeLinesLength(this.fd);
    if (length < fstatSync(this.fd).size) {
      ftruncateSync(this.fd, length);
    }
  }

  /** Appends one line; a crash of this process after the call does not lose it. */
  append(value: unknown): void {
    writeFully(this.fd, Buffer.from(`${JSON.stringify(value)}\n`, 'utf8'));
  }

  close(): void {
    closeSync(this.fd);
  }
}

/**
 * The values of a log, in order; none where there is no file. A torn last line is left out.
 * @throws UserError naming file and line where a whole line is no JSON
 */
export function readJsonl(file: string): unknown[] {
  if (!existsSync(file)) {
    return [];
  }
  const lines = readFileSync(file, 'utf8').split('\n');
  lines.pop(); // what follows the last line end: nothing, or a torn line
  return lines.map((line, i): unknown => {
    try {
      return JSON.parse(line);
    } catch (error) {
      throw new UserError(`${file}, line ${i + 1}, is not valid JSON (${errorMessage(error)}).`, {
        cause: error,
      });
    }
  });
}

/** The length in bytes up to and with the last line end. */
function wholeLinesLength(fd: number): number {
  const piece = Buffer.alloc(64 * 1024);
  let end = fstatSync(fd).size;
  while (end > 0) {
    const start = Math.max(0, end - piece.length);
    const count = readSync(fd, piece, 0, end - start, start);
    const last = piece.subarray(0, count).lastIndexOf(0x0a);
    if (last >= 0) {
      return start + last + 1;
    }
    end = start;
  }
  return 0;
}
