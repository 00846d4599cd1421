import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';

/** Read in every folder, later ones over earlier ones, as the last matching line decides. */
export const IGNORE_FILES = ['.gitignore', '.ignore', '.batcoderignore'] as const;

const caseInsensitive = process.platform === 'win32' || process.platform === 'darwin';

/** The rules that hold in a folder: its own ignore files, then those of the folders above it. */
export class IgnoreRules {
  private constructor(
    /** The folder with these rules, relative to the root of the walk: '' is the root or a folder above it. */
    private readonly base: string,
    /** What leads from the folder to the root, where it is above the root: `packages/app/`. */
    private readonly prefix: string,
    private readonly rules: Ignore,
    private readonly above: IgnoreRules | null,
  ) {}

  /** The rules at the root of a walk, with those of the git work tree that it lies in. */
  static forRoot(root: string): IgnoreRules | null {
    const parents: string[] = [];
    for (let top = root; ; top = dirname(top)) {
      parents.push(top);
      if (existsSync(join(top, '.git'))) {
        break;
      }
      if (dirname(top) === top) {
        // No work tree around it: only what the folder itself says counts.
        return IgnoreRules.extend(null, root, '');
      }
    }
    const prefix = (folder: string) =>
      folder === root ? '' : `${relative(folder, root).split(sep).join('/')}/`;
    const top = parents[parents.length - 1];
    const info = readRules(join(top, '.git', 'info', 'exclude'));
    let rules = info === null ? null : new IgnoreRules('', prefix(top), create(info), null);
    for (const folder of parents.slice(1).reverse()) {
      rules = IgnoreRules.extend(rules, folder, '', prefix(folder));
    }
    // Who names a folder that git ignores wants it looked at all the same.
    const wanted = rules?.ignores('', true) ? null : rules;
    return IgnoreRules.extend(wanted, root, '');
  }

  /** Adds the ignore files of a folder, if it has any. */
  static extend(
    above: IgnoreRules | null,
    folder: string,
    base: string,
    prefix = '',
  ): IgnoreRules | null {
    const texts = IGNORE_FILES.map((name) => readRules(join(folder, name))).filter(
      (text) => text !== null,
    );
    return texts.length === 0
      ? above
      : new IgnoreRules(base, prefix, create(texts.join('\n')), above);
  }

  /**
   * @param path relative to the root of the walk, with forward slashes
   * @param isFolder patterns that end in a slash match folders only
   */
  ignores(path: string, isFolder: boolean): boolean {
    const below = this.base === '' ? path : path.slice(this.base.length + 1);
    const inBase = `${this.prefix}${below}`.replace(/\/$/, '');
    if (inBase !== '') {
      const { ignored, unignored } = this.rules.test(isFolder ? `${inBase}/` : inBase);
      if (ignored || unignored) {
        return ignored;
      }
    }
    return this.above?.ignores(path, isFolder) ?? false;
  }
}

function create(text: string): Ignore {
  return ignore({ ignorecase: caseInsensitive }).add(text);
}

function readRules(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    // Not there, or not for us to read: no rules.
    return null;
  }
}
