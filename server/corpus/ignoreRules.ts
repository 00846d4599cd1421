import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';

/** Read in every folder, later ones over earlier ones, as the last matching line decides. */
const IGNORE_FILES = ['.gitignore', '.ignore', '.batcoderignore'] as const;

const caseInsensitive = process.platform === 'win32' || process.platform === 'darwin';

/**
 * The rules that hold in a folder: those of the folders above it, then its own, all rewritten to one base, so that
 * a deeper file may take back for a folder what a higher one says, and with it for all that the folder holds.
 */
export class IgnoreRules {
  private constructor(
    /** What leads from the base to the root of the walk: `packages/app/`, or nothing. */
    private readonly prefix: string,
    private readonly lines: readonly string[],
    private readonly rules: Ignore,
  ) {}

  /** The rules at the root of a walk, with those of the git work tree that it lies in. */
  static forRoot(root: string): IgnoreRules {
    const parents: string[] = [];
    for (let top = root; ; top = dirname(top)) {
      parents.push(top);
      if (existsSync(join(top, '.git'))) {
        break;
      }
      if (dirname(top) === top) {
        // No work tree around it: only what the folder itself says counts.
        return IgnoreRules.of('', []).extend(root, '');
      }
    }
    const top = parents[parents.length - 1];
    const from = (folder: string) => relative(top, folder).split(sep).join('/');
    const prefix = root === top ? '' : `${from(root)}/`;
    let rules = IgnoreRules.of('', readRules(join(top, '.git', 'info', 'exclude')));
    for (const folder of parents.slice(1).reverse()) {
      rules = rules.extend(folder, from(folder));
    }
    // Who names a folder that git ignores wants it looked at all the same.
    const wanted = prefix === '' || !rules.ignores(prefix.slice(0, -1), true);
    return wanted
      ? IgnoreRules.of(prefix, rules.lines).extend(root, '')
      : IgnoreRules.of('', []).extend(root, '');
  }

  private static of(prefix: string, lines: readonly string[]): IgnoreRules {
    return new IgnoreRules(prefix, lines, ignore({ ignorecase: caseInsensitive }).add([...lines]));
  }

  /**
   * Adds the ignore files of a folder, if it has any.
   * @param path of the folder, relative to the root of the walk
   */
  extend(folder: string, path: string): IgnoreRules {
    const base = `${this.prefix}${path}`.replace(/\/$/, '');
    const lines = IGNORE_FILES.flatMap((name) => readRules(join(folder, name)))
      .map((line) => rebase(line, base))
      .filter((line) => line !== null);
    return lines.length === 0 ? this : IgnoreRules.of(this.prefix, [...this.lines, ...lines]);
  }

  /**
   * @param path relative to the root of the walk, with forward slashes
   * @param isFolder patterns that end in a slash match folders only
   */
  ignores(path: string, isFolder: boolean): boolean {
    return this.rules.ignores(`${this.prefix}${path}${isFolder ? '/' : ''}`);
  }
}

/** A pattern of a folder's ignore file as the base's would write it; null where the line has none. */
function rebase(line: string, base: string): string | null {
  if (line.trim() === '' || line.startsWith('#')) {
    return null;
  }
  if (base === '') {
    return line;
  }
  const negative = line.startsWith('!');
  const pattern = negative ? line.slice(1) : line;
  const anchored = pattern.trimEnd().replace(/\/$/, '').includes('/');
  const below = anchored ? pattern.replace(/^\//, '') : `**/${pattern}`;
  return `${negative ? '!' : ''}/${base.replace(/[\\*?[\]]/g, '\\$&')}/${below}`;
}

function readRules(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/);
  } catch {
    // Not there, or not for us to read: no rules.
    return [];
  }
}
