import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError, errorMessage } from '../util/errors.js';
import { writeFully } from './atomic.js';

const LINE_END = 0x0a;

/**
 * A log of one JSON value per line that is only ever appended to. A crash may tear its last line: that is
 * cut off when the log is opened again, and left out when it is read.
 */
export class JsonlLog {
  private readonly fd: number;
  private count: number;

  /** @param keep how many lines to keep, for a run that goes on from an earlier state; all where left out */
  constructor(file: string, keep = Infinity) {
    mkdirSync(dirname(file), { recursive: true });
    this.fd = openSync(file, 'a+');
    const content = readFileSync(this.fd);
    let length = 0;
    this.count = 0;
    while (this.count < keep) {
      const end = content.indexOf(LINE_END, length);
      if (end < 0) {
        break;
      }
      length = end + 1;
      this.count++;
    }
    if (length < content.length) {
      ftruncateSync(this.fd, length);
    }
  }

  /** How many lines the log has. */
  get lines(): number {
    return this.count;
  }

  /** Appends a line; once it returns, a crash of this process does not lose it. */
  append(value: unknown): void {
    writeFully(this.fd, Buffer.from(`${JSON.stringify(value)}\n`, 'utf8'));
    this.count++;
  }

  close(): void {
    closeSync(this.fd);
  }
}

/**
 * The values of a log, in order; none where there is no file.
 * @throws UserError naming file and line where a whole line is no JSON
 */
export function readJsonl(file: string): unknown[] {
  if (!existsSync(file)) {
    return [];
  }
  const lines = readFileSync(file, 'utf8').split('\n');
  lines.pop(); // after the last line end there is nothing, or a torn line
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
