import { type Dirent, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ignore from 'ignore';
import { IgnoreRules } from './ignoreRules.js';
import type { SkipReason } from './report.js';

/** A file to look into, or a file or folder that is skipped for its place or name. */
export interface WalkEntry {
  /** Relative to the root, with forward slashes; a skipped folder ends in one. */
  path: string;
  skip: SkipReason | null;
  /** How many files it stands for. */
  count: number;
}

/** Folders of version control: not part of the workspace at all. */
const VERSION_CONTROL = new Set(['.git', '.hg', '.svn', '.jj', '.bzr', 'CVS']);

/** Folders of other people's code, or of what a build puts out. */
const VENDORED = new Set([
  ...['node_modules', 'bower_components', 'jspm_packages', '.yarn', '.pnpm-store', 'vendor'],
  ...['third_party', 'third-party', 'thirdparty', 'Pods', 'Carthage', 'site-packages'],
  ...['dist-packages', '__pypackages__', '.venv', '.tox', '.nox', '.eggs', 'dist', '.next'],
  ...['.nuxt', '.svelte-kit', '.gradle', '.terraform', '__pycache__', '.vscode-test'],
]);

/** A folder that holds one of these is an environment or a build folder whatever its name. */
const VENDORED_MARKS = ['pyvenv.cfg', 'CACHEDIR.TAG'];

/** A skipped folder is counted to this many files: the number is for the report only. */
const MAX_COUNTED = 20_000;

/**
 * Walks a workspace in the order of names, the same on every machine. Never follows symbolic links.
 * @param exclude patterns as in the editor's `files.exclude`, or folders and names as in an ignore file
 */
export function* walk(root: string, exclude: readonly string[] = []): Generator<WalkEntry> {
  const excluded = ignore().add(exclude.map((pattern) => pattern.replace(/\/\*\*$/, '/')));
  yield* walkFolder(root, '', IgnoreRules.forRoot(root), excluded);
}

function* walkFolder(
  folder: string,
  base: string,
  rules: IgnoreRules,
  excluded: ReturnType<typeof ignore>,
): Generator<WalkEntry> {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    yield { path: `${base}/`, skip: 'unreadable', count: 1 };
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const { name } = entry;
    const path = base === '' ? name : `${base}/${name}`;
    const full = join(folder, name);
    if (entry.isDirectory()) {
      if (VERSION_CONTROL.has(name)) {
        continue;
      }
      const skip = folderSkip(full, path, name, rules, excluded);
      if (skip === null) {
        yield* walkFolder(full, path, rules.extend(full, path), excluded);
      } else {
        const count = countFiles(full);
        if (count > 0) {
          yield { path: `${path}/`, skip, count };
        }
      }
    } else {
      yield { path, skip: fileSkip(entry, path, rules, excluded), count: 1 };
    }
  }
}

function folderSkip(
  full: string,
  path: string,
  name: string,
  rules: IgnoreRules,
  excluded: ReturnType<typeof ignore>,
): SkipReason | null {
  if (VENDORED.has(name) || VENDORED_MARKS.some((mark) => existsSync(join(full, mark)))) {
    return 'vendored';
  }
  if (rules.ignores(path, true)) {
    return 'ignored';
  }
  return excluded.ignores(`${path}/`) ? 'excluded' : null;
}

function fileSkip(
  entry: Dirent,
  path: string,
  rules: IgnoreRules,
  excluded: ReturnType<typeof ignore>,
): SkipReason | null {
  if (rules.ignores(path, false)) {
    return 'ignored';
  }
  if (excluded.ignores(path)) {
    return 'excluded';
  }
  if (entry.isSymbolicLink()) {
    return 'symlink';
  }
  return entry.isFile() ? null : 'not-a-file';
}

function countFiles(folder: string): number {
  const folders = [folder];
  let count = 0;
  for (let next = folders.pop(); next !== undefined && count < MAX_COUNTED; next = folders.pop()) {
    try {
      for (const entry of readdirSync(next, { withFileTypes: true })) {
        if (entry.isDirectory()) {
          folders.push(join(next, entry.name));
        } else {
          count += 1;
        }
      }
    } catch {
      count += 1;
    }
  }
  return Math.min(count, MAX_COUNTED);
}
