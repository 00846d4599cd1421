import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Files and folders with this in their name are unfinished writes; readers never look at them. */
export const TEMPORARY_MARK = '.tmp-';

/** A name beside `path` for writing it, on the same file system, that no other process takes. */
export function temporaryPath(path: string): string {
  const suffix = `${TEMPORARY_MARK}${process.pid}-${randomBytes(4).toString('hex')}`;
  return join(dirname(path), basename(path) + suffix);
}

/**
 * Writes a file so that at any moment, a loss of power included, the old or the new content is there
 * whole: a temporary file beside it, fsync, rename, fsync of the folder. Folders are made as needed.
 * @param write puts the content into the open file
 */
export function writeFileAtomicWith(file: string, write: (fd: number) => void): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = temporaryPath(file);
  const fd = openSync(temporary, 'wx');
  try {
    try {
      write(fd);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameReplacing(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(file));
}

/** Writes the whole content of a file atomically. */
export function writeFileAtomic(file: string, content: string | Uint8Array): void {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  writeFileAtomicWith(file, (fd) => writeFully(fd, bytes));
}

/** Writes all bytes at the file's current place; one call may write less than it is given. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done);
  }
}

/** Makes a file's content durable. */
export function syncFile(file: string): void {
  const fd = openSync(file, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes the names in a folder durable. Windows cannot, and keeps them by its own journal. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') {
    return;
  }
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** How often, and how long apart, a rename is tried again on Windows, where scanners hold files open. */
const RENAME_TRIES = 10;
const RENAME_PAUSE_MS = 50;

/** Renames a file or folder; a file that is there is replaced. */
export function renameReplacing(from: string, to: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      const isBusy = ['EPERM', 'EACCES', 'EBUSY'].includes(code);
      if (process.platform !== 'win32' || !isBusy || attempt >= RENAME_TRIES) {
        throw error;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RENAME_PAUSE_MS);
    }
  }
}
