import { spawnSync } from 'node:child_process';
import { rmSync, type Stats } from 'node:fs';
import { access, constants, cp, lstat } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { UserError } from '../../util/errors.js';

/** What of a folder is not copied; paths are relative to it. */
export interface LeftOut {
  always: ReadonlySet<string>;
  /** These, and what lies below them, may be missing where they cannot be read. */
  unreadable: ReadonlySet<string>;
}

/**
 * Copies a folder; links stay as they are, sockets and the like are left out.
 * @throws UserError names a path that cannot be read
 */
export function copyFolder(from: string, to: string, leftOut?: LeftOut): Promise<void> {
  const filter = async (source: string): Promise<boolean> => {
    const path = relative(from, source);
    if (leftOut?.always.has(path)) {
      return false;
    }
    const stats = await lstat(source);
    if (!isPlain(stats)) {
      return false;
    }
    if (stats.isSymbolicLink() || (await isReadable(source, stats))) {
      return true;
    }
    if (leftOut !== undefined && isWithin(leftOut.unreadable, path)) {
      return false;
    }
    throw new UserError(
      `${source} cannot be read, so that there is no copy to run the tests in: let it be read, or name it in .batcoderignore.`,
    );
  };
  return cp(from, to, { recursive: true, verbatimSymlinks: true, filter });
}

/** Deletes a folder in which a program may have taken permissions away. */
export function removeFolder(folder: string): void {
  spawnSync('chmod', ['-R', 'u+rwx', folder]);
  rmSync(folder, { recursive: true, force: true });
}

function isPlain(stats: Stats): boolean {
  return stats.isFile() || stats.isDirectory() || stats.isSymbolicLink();
}

function isReadable(path: string, stats: Stats): Promise<boolean> {
  const mode = stats.isDirectory() ? constants.R_OK | constants.X_OK : constants.R_OK;
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

function isWithin(paths: ReadonlySet<string>, path: string): boolean {
  return path !== '.' && (paths.has(path) || isWithin(paths, dirname(path)));
}
