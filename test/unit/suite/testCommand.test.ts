import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { extractUnits } from '../../../server/corpus/extract.js';
import { rebuild, viewOf } from '../../../server/inference/view.js';
import { loadParser } from '../../../server/languages/parser.js';
import type { LanguageId } from '../../../server/languages/types.js';
import { loadSimilarity } from '../../../server/similarity/similarity.js';
import type { Example } from '../../../server/training/examples.js';
import { TestCommand } from '../../../server/training/suite/testCommand.js';
import { testUnits } from '../../../server/training/suite/unitTests.js';
import { hasBubblewrap } from './bubblewrap.js';

const CODE = `export class Basket {
  prices = [];

  total() {
    let sum = 0;
    for (const price of this.prices) {
      sum += price;
    }
    return sum;
  }

  clear() {
    this.prices = [];
  }

  greet(name) {
    return 'Hello, ' + name;
  }
}
`;
const TESTS = `import assert from 'node:assert';
import { readdirSync } from 'node:fs';
import { Basket } from './basket.js';
assert.deepEqual(readdirSync('.').sort(), ['.gitignore', 'basket.js', 'deps', 'tests.js']);
const basket = new Basket();
basket.clear();
basket.prices.push(2, 3);
assert.equal(basket.total(), 5);
`;
const COMMAND = `${process.execPath} tests.js`;

describe.skipIf(!hasBubblewrap)('TestCommand', () => {
  let root: string;
  let tests: TestCommand;

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'batcoder-workspace-'));
    writeFileSync(join(root, 'basket.js'), CODE);
    writeFileSync(join(root, 'tests.js'), TESTS);
    writeFileSync(join(root, '.gitignore'), 'deps/\n');
    mkdirSync(join(root, 'deps'));
    for (let i = 0; i <= 2000; i++) {
      writeFileSync(join(root, 'deps', `${i}.js`), '');
    }
    tests = await TestCommand.open(root, COMMAND);
  });
  afterAll(() => {
    tests.close();
    rmSync(root, { recursive: true });
  });

  const run = (body: string) =>
    tests.run('basket.js', CODE.replace('let sum = 0;', `let sum = 0;${body}`));

  it('tells code that passes from code that fails', async () => {
    expect(await run('')).toEqual({ outcome: 'passed', message: '' });
    expect(await run('sum += 1;')).toMatchObject({ outcome: 'failed' });
    expect(await run('for (;;) {}')).toMatchObject({ outcome: 'timed out' });
  }, 60_000);

  it('gives no run what another one wrote, and leaves the workspace as it is', async () => {
    const fs = "process.getBuiltinModule('node:fs')";
    expect(await run(`${fs}.writeFileSync('new', ''); ${fs}.rmSync('tests.js');`)).toMatchObject({
      outcome: 'passed',
    });
    // The tests look at the files that are there.
    expect(await run('')).toMatchObject({ outcome: 'passed' });
    expect(readdirSync(root).sort()).toEqual(['.gitignore', 'basket.js', 'deps', 'tests.js']);
    expect(readFileSync(join(root, 'basket.js'), 'utf8')).toBe(CODE);
  });

  it('writes neither to other folders nor to those that are shared, and reaches no network', async () => {
    const outside = join(homedir(), 'batcoder-test-command');
    const write = (file: string) =>
      `process.getBuiltinModule('node:fs').writeFileSync(${JSON.stringify(file)}, '');`;
    for (const file of [outside, join(root, 'deps', 'new.js'), join(import.meta.dirname, 'new')]) {
      expect(await run(write(file)), file).toMatchObject({ outcome: 'failed' });
      expect(existsSync(file), file).toBe(false);
    }
    const interfaces = `if (Object.keys(process.getBuiltinModule('node:os').networkInterfaces()).some((name) => name !== 'lo')) throw new Error('network');`;
    expect(await run(interfaces)).toMatchObject({ outcome: 'passed' });
    const services = `if (process.getBuiltinModule('node:fs').readdirSync('/run').length > 0) throw new Error('seen');`;
    expect(await run(services)).toMatchObject({ outcome: 'passed' });
    const parent = `if (process.getBuiltinModule('node:fs').existsSync('/proc/${process.pid}/cwd/package.json')) throw new Error('seen');`;
    expect(await run(parent)).toMatchObject({ outcome: 'passed' });
  });

  it('hands on no environment that may hold a secret', async () => {
    process.env.BATCODER_TEST_SECRET = 'word';
    expect(await run(`sum += 'BATCODER_TEST_SECRET' in process.env ? 1 : 0;`)).toMatchObject({
      outcome: 'passed',
    });
  });

  it('is stopped by a signal', async () => {
    const controller = new AbortController();
    const slow = CODE.replace('let sum = 0;', 'for (;;) {}');
    setTimeout(() => controller.abort(new Error('enough')), 300);
    await expect(tests.run('basket.js', slow, controller.signal)).rejects.toThrow('enough');
  });

  it('refuses a command that fails on the code as it is, and deletes its copy', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'batcoder-temporary-'));
    vi.stubEnv('TMPDIR', temporary);
    await expect(TestCommand.open(root, 'echo broken; exit 3')).rejects.toThrow(
      /^'echo broken; exit 3' fails on the code as it is.* \(but not its deps\).*\nbroken$/s,
    );
    expect(readdirSync(temporary)).toEqual([]);
    vi.unstubAllEnvs();
    rmSync(temporary, { recursive: true });
  });

  it('says what to install where there is no bubblewrap', async () => {
    vi.stubEnv('PATH', root);
    await expect(TestCommand.open(root, COMMAND)).rejects.toThrow(/needs bubblewrap.*apt-get/);
    vi.unstubAllEnvs();
  });

  it('refuses to copy the workspace into itself', async () => {
    vi.stubEnv('TMPDIR', join(root, 'deps'));
    await expect(TestCommand.open(root, COMMAND)).rejects.toThrow(/deps, lies in .*set TMPDIR/);
    vi.unstubAllEnvs();
  });

  it('counts the functions that the tests reach, and of these the ones that pass', async () => {
    const similarity = await loadSimilarity('javascript');
    const { units } = extractUnits(await loadParser('javascript'), CODE);
    const rewritten = units.map((unit) => {
      const view = viewOf(unit);
      const example = { unit: { ...unit, file: 'basket.js' }, view } as Example;
      return { example, code: rebuild(view, ' {\n  return this.prices.length;\n}') };
    });
    const options = {
      similarities: new Map<LanguageId, typeof similarity>([['javascript', similarity]]),
      seed: 1,
    };
    const result = await testUnits(tests, rewritten, options);
    expect(result.units.map(({ name, reached }) => [name, reached])).toEqual([
      ['Basket.total', true],
      ['Basket.clear', true],
      ['Basket.greet', false],
    ]);
    expect(result.reached).toBe(2);
    // The basket is new, so that it is clear without a word; its total is not how many it holds.
    expect(result.units.map(({ result }) => result?.outcome)).toEqual([
      'failed',
      'passed',
      undefined,
    ]);
    expect(result.units.map(({ emptyBodyPasses }) => emptyBodyPasses)).toEqual([
      false,
      true,
      false,
    ]);
    expect([result.passAt1?.mean, result.emptyBody?.mean]).toEqual([0.5, 0.5]);

    const none = rewritten.slice(2).map((each) => ({ ...each, code: null }));
    expect(await testUnits(tests, none, options)).toMatchObject({
      reached: 0,
      passAt1: null,
      emptyBody: null,
    });
  });
});
