import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../util/errors.js';

/** The files of a public source at one fixed state. */
export interface Snapshot {
  /** Commit of a git repository; null for a folder. */
  readonly commit: string | null;
  /** Paths with forward slashes, in the order of the source. */
  readonly files: readonly { path: string; size: number }[];
  /** The bytes of some of the files, in the order asked. */
  read(paths: readonly string[]): Generator<{ path: string; bytes: Uint8Array }>;
}

/** Files that one call of git hands over. */
const BATCH = 200;
const MAX_BATCH_BYTES = 1 << 30;

/** Opens a git directory (bare or not) at its HEAD, or a plain folder. */
export function openSnapshot(path: string): Snapshot {
  const gitDir = gitDirOf(path);
  return gitDir === null ? openFolder(path) : openGit(gitDir);
}

/** The commit that a git directory is at; null for a plain folder. */
export function commitOf(path: string): string | null {
  const gitDir = gitDirOf(path);
  return gitDir === null ? null : headOf(gitDir);
}

function gitDirOf(path: string): string | null {
  return [path, join(path, '.git')].find((folder) => existsSync(join(folder, 'HEAD'))) ?? null;
}

function headOf(gitDir: string): string {
  return git(gitDir, ['rev-parse', 'HEAD']).toString('utf8').trim();
}

function openGit(gitDir: string): Snapshot {
  const commit = headOf(gitDir);
  const blobs = new Map<string, { id: string; size: number }>();
  const listing = git(gitDir, ['ls-tree', '-r', '-l', '-z', commit]).toString('utf8');
  for (const entry of listing.split('\0')) {
    const match = /^100(?:644|755) blob ([0-9a-f]+)\s+(\d+)\t(.*)$/s.exec(entry);
    if (match !== null) {
      blobs.set(match[3], { id: match[1], size: Number(match[2]) });
    }
  }
  return {
    commit,
    files: [...blobs].map(([path, { size }]) => ({ path, size })),
    *read(paths) {
      for (let i = 0; i < paths.length; i += BATCH) {
        const batch = paths.slice(i, i + BATCH);
        const ids = batch.map((path) => blobs.get(path)?.id ?? '');
        const output = git(gitDir, ['cat-file', '--batch'], `${ids.join('\n')}\n`);
        yield* readBatch(output, batch);
      }
    },
  };
}

/** Reads the answer of `git cat-file --batch`: a line `id type size`, the bytes, a newline. */
function* readBatch(
  output: Buffer,
  paths: readonly string[],
): Generator<{ path: string; bytes: Uint8Array }> {
  let at = 0;
  for (const path of paths) {
    const lineEnd = output.indexOf(0x0a, at);
    const [, type, size] = output.toString('utf8', at, lineEnd).split(' ');
    at = lineEnd + 1;
    if (type === 'blob') {
      yield { path, bytes: output.subarray(at, at + Number(size)) };
      at += Number(size) + 1;
    }
  }
}

function git(gitDir: string, args: string[], input?: string): Buffer {
  const { status, stdout, stderr, error } = spawnSync('git', ['--git-dir', gitDir, ...args], {
    input,
    maxBuffer: MAX_BATCH_BYTES,
  });
  if (error !== undefined || status !== 0) {
    const why = error?.message ?? stderr.toString('utf8').trim();
    throw new UserError(
      `git could not read ${gitDir} (${why}); check that it is a whole repository.`,
    );
  }
  return stdout;
}

function openFolder(root: string): Snapshot {
  const files: { path: string; size: number }[] = [];
  const visit = (folder: string): void => {
    for (const name of readdirSync(join(root, folder)).sort()) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const stat = lstatSync(join(root, path));
      if (stat.isDirectory()) {
        visit(path);
      } else if (stat.isFile()) {
        files.push({ path, size: stat.size });
      }
    }
  };
  visit('');
  return {
    commit: null,
    files,
    *read(paths) {
      for (const path of paths) {
        yield { path, bytes: readFileSync(join(root, path)) };
      }
    },
  };
}
