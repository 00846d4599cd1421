import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, Sandbox } from '../../../server/training/suite/sandbox.js';
import { canonicalAnswers, runSuite } from '../../../server/training/suite/suite.js';
import { readSuite } from '../../../server/training/suite/tasks.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const hasNamespaces = [
  ['--net', '--pid', '--fork'],
  ['--user', '--map-root-user', '--net'],
].some((flags) => spawnSync('unshare', [...flags, 'true']).status === 0);
const SUITE = join(import.meta.dirname, '../../fixtures/suites/HumanEval.jsonl.gz');

describe.skipIf(!hasPython)('Sandbox', () => {
  const sandbox = Sandbox.open();

  it('tells a program that ends well from one that does not', async () => {
    expect(await sandbox.run('assert 1 + 1 == 2\nprint("x" * 100000)')).toMatchObject({
      outcome: 'passed',
    });
    expect(await sandbox.run('assert 1 + 1 == 3, "sum"')).toEqual({
      outcome: 'failed',
      message: 'AssertionError: sum',
    });
    expect(await sandbox.run('def f(:')).toMatchObject({ outcome: 'failed' });
  });

  it('takes an early end for no pass', async () => {
    for (const program of [
      'import sys\nsys.exit(0)',
      'import os\nos._exit(0)',
      'raise SystemExit',
    ]) {
      expect(await sandbox.run(program)).toMatchObject({ outcome: 'failed' });
    }
  });

  it('ends a program that runs on, and what it waits for', async () => {
    const quick = Sandbox.open({ ...DEFAULT_LIMITS, seconds: 2 });
    expect((await quick.run('while True: pass')).outcome).not.toBe('passed');
    expect(await quick.run('import time\ntime.sleep(60)')).toMatchObject({ outcome: 'timed out' });
  });

  it('bounds memory and files', async () => {
    const { message } = await sandbox.run('x = bytearray(3 * 2 ** 30)');
    if (process.platform === 'linux') {
      expect(message).toBe('MemoryError');
    }
    const program = 'with open("f", "wb") as f:\n    f.write(bytes(2 ** 22))';
    expect(await sandbox.run(program)).toMatchObject({ outcome: 'failed' });
    expect(
      await sandbox.run('open("f", "w").write("ok")\nassert open("f").read() == "ok"'),
    ).toEqual({ outcome: 'passed', message: '' });
  });

  it('refuses processes, sockets, foreign functions and files outside', async () => {
    const target = join(homedir(), 'batcoder-sandbox-test');
    for (const program of [
      'import subprocess\nsubprocess.run(["true"])',
      'import os\nos.system("true")',
      'import os\nos.fork()',
      'import socket\nsocket.socket()',
      'import ctypes\nctypes.CDLL(None)',
      `open(${JSON.stringify(target)}, "w")`,
      `import os\nos.open(${JSON.stringify(target)}, os.O_CREAT | os.O_WRONLY)`,
      `import os\nos.remove(${JSON.stringify(target)})`,
      `import os\nopen("f", "w").close()\nos.rename("f", ${JSON.stringify(target)})`,
      `import os\nos.mkdir(${JSON.stringify(target)})`,
    ]) {
      const { outcome, message } = await sandbox.run(program);
      expect(outcome, program).toBe('failed');
      expect(message, program).toContain('PermissionError: refused');
    }
    expect(existsSync(target)).toBe(false);
  });

  it.skipIf(!hasNamespaces)('has no network beside its own loopback', async () => {
    expect(sandbox.network).toMatch(/^none/);
    const program =
      'names = [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]]\nassert names == ["lo"], names';
    expect(await sandbox.run(program)).toEqual({ outcome: 'passed', message: '' });
  });

  it('lets a program delete a tree of its own, and nothing of another by way of an opened folder', async () => {
    const other = mkdtempSync(join(tmpdir(), 'batcoder-other-'));
    try {
      mkdirSync(join(other, 'inner'));
      writeFileSync(join(other, 'inner', 'file'), 'text');
      const place = JSON.stringify(other);
      for (const program of [
        `import shutil\nshutil.rmtree(${place})`,
        `import os\nos.remove("inner/file", dir_fd=os.open(${place}, os.O_RDONLY))`,
        `import os\nos.mkdir("new", dir_fd=os.open(${place}, os.O_RDONLY))`,
        `import os\nos.fchmod(os.open(${place}, os.O_RDONLY), 0)`,
        `import sqlite3\nsqlite3.connect(${JSON.stringify(join(other, 'data'))})`,
      ]) {
        const { outcome, message } = await sandbox.run(program);
        expect(outcome, program).toBe('failed');
        expect(message, program).toMatch(/^PermissionError: refused/);
        expect(readdirSync(other)).toEqual(['inner']);
        expect(readdirSync(join(other, 'inner'))).toEqual(['file']);
      }
      const own =
        'import os, tempfile\nwith tempfile.TemporaryDirectory() as d:\n    os.mkdir(d + "/x")\nassert not os.path.exists(d)';
      expect(await sandbox.run(own)).toEqual({ outcome: 'passed', message: '' });
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  it('gives a program no environment, and leaves nothing behind', async () => {
    process.env.BATCODER_TEST_SECRET = 'word';
    const program =
      'import os\nraise Exception(os.getcwd(), os.environ.get("BATCODER_TEST_SECRET"))';
    const { message } = await sandbox.run(program);
    const folder = /^Exception: \('(\/[^']+)', None\)$/.exec(message)?.[1];
    expect(folder).toContain('batcoder-suite-');
    expect(existsSync(folder!)).toBe(false);
  });

  it('is stopped by a signal', async () => {
    const controller = new AbortController();
    const run = sandbox.run('import time\ntime.sleep(60)', controller.signal);
    setTimeout(() => controller.abort(), 200);
    expect(await run).toMatchObject({ outcome: 'timed out' });
  });

  it("finds HumanEval's own solutions right, all 164, and others wrong", async () => {
    const tasks = await readSuite(SUITE);
    const result = await runSuite(sandbox, tasks, canonicalAnswers(tasks), { seed: 1 });
    expect(result.results.filter(({ passed }) => passed === 0)).toEqual([]);
    expect(result).toMatchObject({ tasks: 164, solved: 164, withheld: 0 });
    expect(result.passAt[1]).toMatchObject({ mean: 1, low: 1, high: 1 });

    const few = tasks.slice(0, 4);
    const answers = few.map(({ before, signature, canonical }, i) => [
      i === 0 ? canonical : null,
      `${before}${signature}\n    return None\n`,
    ]);
    const mixed = await runSuite(sandbox, few, answers, { seed: 1 });
    expect(mixed).toMatchObject({ solved: 1, withheld: 3, answersPerTask: 2 });
    expect(mixed.passAt[1].mean).toBeCloseTo(1 / 8, 12);
  }, 900_000);
});
