import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { walk } from '../../../server/corpus/walk.js';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'walk-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text = 'x'): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function verdicts(folder = root, exclude: string[] = []): Record<string, string> {
  return Object.fromEntries(
    [...walk(folder, exclude)].map(({ path, skip }) => [path, skip ?? 'seen']),
  );
}

describe('walking a workspace', () => {
  it('agrees with git on nested ignore files', () => {
    execFileSync('git', ['init', '-q', root]);
    const folder = fc.constantFrom('', 'a/', 'b/', 'a/b/', 'a/c/', 'b/a/c/');
    const name = fc.constantFrom('a', 'b', 'c.js', 'd.txt', 'B', 'e f.js');
    const pattern = fc.constantFrom(
      ...['a', 'b', '*.js', '!c.js', '/a', 'a/', '/b/', '!a/', 'a/b', '**/c', 'a/**', '**/a/c.js'],
      ...[
        '!/a/c/',
        '*',
        '!*/',
        '!d.txt',
        '# note',
        '',
        'c.*',
        '[ab]',
        '\\!x',
        'b/*',
        'e f.js',
        'B',
      ],
    );
    const tree = fc.record({
      files: fc.uniqueArray(fc.tuple(folder, name), { maxLength: 12 }),
      ignores: fc.array(fc.tuple(folder, fc.array(pattern, { maxLength: 4 })), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(tree, ({ files, ignores }) => {
        execFileSync(
          'bash',
          ['-c', 'shopt -s dotglob; for f in *; do [ "$f" = .git ] || rm -rf "$f"; done'],
          {
            cwd: root,
          },
        );
        const put2 = (path: string, text: string) => {
          try {
            put(path, text);
          } catch {
            // The name is a folder's or a file's already.
          }
        };
        files.forEach(([place, file]) => put2(place + file, 'x'));
        ignores.forEach(([place, lines]) => put2(`${place}.gitignore`, lines.join('\n')));
        const listed = execFileSync(
          'git',
          ['-c', 'core.excludesFile=', 'ls-files', '-coz', '--exclude-standard'],
          { cwd: root, encoding: 'utf8' },
        );
        const seen = [...walk(root)].filter(({ skip }) => skip === null).map(({ path }) => path);
        expect(seen.sort()).toEqual(listed.split('\0').filter(Boolean).sort());
      }),
      {
        numRuns: 50,
        examples: [
          [
            {
              files: [['b/a/c/', 'a']],
              ignores: [
                ['', ['**/c']],
                ['b/', ['!*/']],
              ],
            },
          ],
        ],
      },
    );
  });

  it('reads .ignore and .batcoderignore too, the last over the first', () => {
    put('.gitignore', '*.log\nkeep.txt\n');
    put('.ignore', 'more.txt\n');
    put('.batcoderignore', '!keep.txt\nsub/secret.py\n');
    ['a.log', 'keep.txt', 'more.txt', 'sub/secret.py', 'sub/open.py'].forEach((path) => put(path));
    expect(verdicts()).toMatchObject({
      'a.log': 'ignored',
      'keep.txt': 'seen',
      'more.txt': 'ignored',
      'sub/secret.py': 'ignored',
      'sub/open.py': 'seen',
    });
  });

  it('obeys the ignore files of the work tree around a folder', () => {
    execFileSync('git', ['init', '-q', root]);
    put('.gitignore', '*.gen.js\n/packages/app/out/\n/build/\n');
    ['packages/app/a.gen.js', 'packages/app/a.js', 'packages/app/out/b.js', 'build/c.js'].forEach(
      (path) => put(path),
    );
    expect(verdicts(join(root, 'packages/app'))).toEqual({
      'a.gen.js': 'ignored',
      'a.js': 'seen',
      'out/': 'ignored',
    });
    // A folder that a person names is looked at even where git ignores it.
    expect(verdicts(join(root, 'build'))).toEqual({ 'c.js': 'seen' });
  });

  it('names vendored folders, excluded files, links and what cannot be read', () => {
    put('node_modules/x/index.js');
    put('node_modules/x/more.js');
    put('env/pyvenv.cfg');
    put('env/lib/a.py');
    put('src/third_party/b.c');
    put('src/generated/c.ts');
    put('src/d.ts');
    put('closed/e.ts');
    symlinkSync(root, join(root, 'src/loop'));
    symlinkSync('d.ts', join(root, 'src/link.ts'));
    chmodSync(join(root, 'closed'), 0);
    const found = verdicts(root, ['**/generated/**']);
    chmodSync(join(root, 'closed'), 0o755);
    expect(found).toMatchObject({
      'node_modules/': 'vendored',
      'env/': 'vendored',
      'src/third_party/': 'vendored',
      'src/generated/': 'excluded',
      'src/d.ts': 'seen',
      'src/loop': 'symlink',
      'src/link.ts': 'symlink',
    });
    expect([...walk(root)].find(({ path }) => path === 'node_modules/')?.count).toBe(2);
    // The super-user may read everything.
    if (process.getuid?.() !== 0) {
      expect(found['closed/']).toBe('unreadable');
    }
  });
});
