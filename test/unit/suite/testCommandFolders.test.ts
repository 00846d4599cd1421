import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { extractUnits } from '../../../server/corpus/extract.js';
import { rebuild, viewOf } from '../../../server/inference/view.js';
import { loadParser } from '../../../server/languages/parser.js';
import type { LanguageId } from '../../../server/languages/types.js';
import { loadSimilarity } from '../../../server/similarity/similarity.js';
import type { Example } from '../../../server/training/examples.js';
import { TestCommand } from '../../../server/training/suite/testCommand.js';
import { testUnits } from '../../../server/training/suite/unitTests.js';
import { NOBODY, hasBubblewrap, superUser, usersHaveBubblewrap } from './bubblewrap.js';

const CODE = 'greet() {\n  count=$((count + 1))\n}\n';
/** Below what git ignores. */
const OUT = join(import.meta.dirname, '../../.out');

describe.skipIf(!hasBubblewrap)('TestCommand, of folders', () => {
  let parent: string;
  let root: string;

  beforeEach(() => {
    mkdirSync(OUT, { recursive: true });
    parent = mkdtempSync(join(OUT, 'tests-'));
    root = join(parent, 'workspace');
    mkdirSync(root);
    writeFileSync(join(root, 'code.sh'), CODE);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(parent, { recursive: true });
  });

  /** The outcome, and the message, of a run after that on the code as it is. */
  async function secondRun(command: string): Promise<[string, string]> {
    const tests = await TestCommand.open(root, command);
    try {
      const { outcome, message } = await tests.run('code.sh', `${CODE}:\n`);
      return [outcome, message];
    } finally {
      tests.close();
    }
  }

  it('changes no file of a workspace that a link leads to', async () => {
    const link = join(parent, 'link');
    symlinkSync(root, link);
    const tests = await TestCommand.open(link, 'echo changed >> code.sh && touch new');
    expect(await tests.run('code.sh', ':\n')).toMatchObject({ outcome: 'passed' });
    tests.close();
    expect(readdirSync(root)).toEqual(['code.sh']);
    expect(readFileSync(join(root, 'code.sh'), 'utf8')).toBe(CODE);
  });

  it('sets no limit of processor time, which all threads would share', async () => {
    const here = spawnSync('sh', ['-c', 'ulimit -t'], { encoding: 'utf8' }).stdout.trim();
    expect(await secondRun('ulimit -t')).toEqual(['passed', here]);
  });

  it("keeps Go's cache from run to run, and no other", async () => {
    const command =
      'mkdir -p "$XDG_CACHE_HOME" && ls "$XDG_CACHE_HOME" "$GOCACHE" /tmp | grep left; touch "$XDG_CACHE_HOME/left1" "$GOCACHE/left2" /tmp/left3';
    expect(await secondRun(command)).toEqual(['passed', 'left2']);
  });

  // The sandbox has a /tmp of its own, where nothing of the home folder would be seen.
  const elsewhere = !realpathSync(import.meta.dirname).startsWith(realpathSync('/tmp'));
  it.runIf(elsewhere)('shows nothing of the folders of keys', async () => {
    const home = join(parent, 'home');
    mkdirSync(join(home, '.config'), { recursive: true });
    mkdirSync(join(parent, 'keys'));
    writeFileSync(join(parent, 'keys', 'key'), '');
    symlinkSync(join(parent, 'keys'), join(home, '.ssh'));
    mkdirSync(join(home, '.docker'));
    writeFileSync(join(home, '.docker', 'socket'), '');
    // A folder that is none of them is seen.
    writeFileSync(join(home, '.config', 'seen'), '');
    vi.stubEnv('HOME', home);
    expect(await secondRun('cd ~ && echo $(ls .ssh .docker .config/)')).toEqual([
      'passed',
      '.config/: seen .docker: .ssh:',
    ]);
  });

  it('shows nothing of the folders of keys of a workspace that is the home folder', async () => {
    mkdirSync(join(root, '.ssh'));
    writeFileSync(join(root, '.ssh', 'key'), '');
    vi.stubEnv('HOME', root);
    expect(await secondRun('cd ~ && echo $(ls . .ssh)')).toEqual(['passed', '.: code.sh .ssh:']);
    expect(readdirSync(join(root, '.ssh'))).toEqual(['key']);
  });

  it('lets Vite write its configuration below shared packages', async () => {
    const packages = join(root, 'node_modules');
    mkdirSync(join(packages, '.vite-temp'), { recursive: true });
    for (let i = 0; i <= 2000; i++) {
      writeFileSync(join(packages, `${i}.js`), '');
    }
    const command = 'cd node_modules && echo > .vite-temp/config.mjs && ! touch new 2>&1';
    expect(await secondRun(command)).toEqual(['passed', expect.stringContaining('Read-only')]);
    expect(readdirSync(join(packages, '.vite-temp'))).toEqual([]);
  });

  it('counts an empty body in any form that passes', async () => {
    const similarity = await loadSimilarity('bash');
    const { units } = extractUnits(await loadParser('bash'), CODE);
    const view = viewOf(units[0]);
    const example = { unit: { ...units[0], file: 'code.sh' }, view } as Example;
    const similarities = new Map<LanguageId, typeof similarity>([['bash', similarity]]);
    const tests = await TestCommand.open(root, '. ./code.sh && greet');
    const rewritten = [{ example, code: rebuild(view, ' {\n  false\n}') }];
    const result = await testUnits(tests, rewritten, { similarities, seed: 1 });
    tests.close();
    // The first form, `{}`, is none in a shell.
    expect(result.units).toMatchObject([
      { reached: true, result: { outcome: 'failed' }, emptyBodyPasses: true },
    ]);
  });

  /** Opens, runs once and closes in a process that may not read and write everything; what it prints. */
  function asNobody(command: string): string {
    const source = `
      import { TestCommand } from './testCommand.js';
      async function main(root: string, command: string) {
        const tests = await TestCommand.open(root, command);
        const { outcome } = await tests.run('code.sh', ':\\n');
        tests.close();
        return outcome;
      }
      if (process.getuid() === 0) {
        process.setgid(${NOBODY});
        process.setuid(${NOBODY});
      }
      main(process.argv[2], process.argv[3]).catch((error) => error.message).then(console.log);`;
    const script = join(parent, 'script.cjs');
    buildSync({
      stdin: {
        contents: source,
        resolveDir: join(import.meta.dirname, '../../../server/training/suite'),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      outfile: script,
      logLevel: 'error',
    });
    const { stdout, stderr } = spawnSync(process.execPath, [script, root, command], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return stdout.trim();
  }

  it.skipIf(!usersHaveBubblewrap)('needs no rights beyond those of a user', () => {
    // Not below a folder of the super-user.
    const open = mkdtempSync(join(tmpdir(), 'batcoder-nobody-'));
    const temporary = mkdtempSync(join(tmpdir(), 'batcoder-nobody-'));
    vi.stubEnv('TMPDIR', temporary);
    root = open;
    const paths = ['', 'code.sh', '.gitignore', 'own', 'own/file', 'ignored'].map((path) =>
      join(open, path),
    );
    const [, code, gitignore, own, file, ignored] = paths;
    writeFileSync(code, CODE);
    writeFileSync(gitignore, 'ignored\n');
    mkdirSync(own);
    mkdirSync(ignored);
    writeFileSync(file, '');
    if (superUser) {
      [...paths, temporary].forEach((path) => chownSync(path, NOBODY, NOBODY));
    }
    chmodSync(code, 0o555);
    chmodSync(own, 0o555);
    chmodSync(ignored, 0);
    try {
      // It leaves a folder that its own user cannot empty, and takes its file's rights for what they were.
      const command = 'test -x code.sh && mkdir left && touch left/file && chmod 555 left';
      expect(asNobody(command)).toBe('passed');
      chmodSync(file, 0);
      expect(asNobody(command)).toMatch(/own\/file cannot be read.*\.batcoderignore/);
      expect(readdirSync(temporary)).toEqual([]);
    } finally {
      for (const folder of [open, temporary]) {
        spawnSync('chmod', ['-R', 'u+rwx', folder]);
        rmSync(folder, { recursive: true });
      }
    }
  });
});
