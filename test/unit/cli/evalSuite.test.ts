import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { evaluation } from '../../../server/cli/eval.js';
import { builtInModel } from '../../../server/inference/builtInModel.js';
import { onNative } from '../model/backends.js';
import { runCommand } from './runCommand.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'batcoder-suite-test-'));
beforeAll(() => vi.stubEnv('BATCODER_HOME', join(folder, 'home')));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const right = {
  task_id: 'T/0',
  prompt: 'def half(n):\n    """ Halves a number. """\n',
  entry_point: 'half',
  canonical_solution: '    return n / 2\n',
  test: 'def check(f):\n    assert f(4) == 2\n',
};
const wrong = { ...right, task_id: 'T/1', canonical_solution: '    return n\n' };
/** Its first function is a helper, whose name ends another's. */
const mbpp = {
  task_id: 7,
  text: 'Write a function to add up the squares of two numbers.',
  code: 'def squares(a):\r\n  return math.prod([a, a])\r\ndef add_squares(a, b):\r\n  return squares(a) + squares(b)',
  test_setup_code: 'import math',
  test_list: ['assert add_squares(1, 2) == 5', 'assert add_squares (0, 3) == 9'],
};

function run(tasks: object[], ...argv: string[]) {
  writeFileSync(join(folder, 'suite.jsonl'), tasks.map((task) => JSON.stringify(task)).join('\n'));
  return runCommand(evaluation, ['--suite', 'suite.jsonl', ...argv], { cwd: folder });
}

describe('batcoder eval --suite', () => {
  it.skipIf(!hasPython)("runs a suite's own solutions, and names those that fail", async () => {
    const { code, stdout } = await run([right, wrong, mbpp], '--oracle', 'canonical');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^2 of 3 tasks solved\npass@1 66\.7 % \[.*\]\nT\/1: failed, AssertionError\n$/,
    );
  });

  it.skipIf(!hasPython)('gives all of it with --json', async () => {
    const { stdout } = await run([mbpp, right], '--oracle', 'canonical', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      suite: 'suite.jsonl',
      model: null,
      tasks: 2,
      solved: 2,
      results: [{ id: 'MBPP/7', passed: 1 }, { id: 'T/0' }],
    });
  });

  it('refuses a file with one unfit line, and names the line', async () => {
    const other = { ...mbpp, test_list: ['assert other(1) == 1'] };
    for (const [unfit, message] of [
      [{ task_id: 1 }, "has neither HumanEval's fields nor MBPP's"],
      [{ ...right, entry_point: 'none' }, "has a prompt that begins no function 'none'"],
      [other, 'has tests that call no function of its code'],
    ] as const) {
      const { code, stdout, stderr } = await run([right, unfit], '--oracle', 'canonical');
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/line 2 of .*suite\.jsonl/);
      expect(stderr).toContain(message);
    }
  });

  it('takes no folder to score on, and no adapter that is not there', async () => {
    expect(await run([right], '.')).toMatchObject({ code: 2, stdout: '' });
    const { code, stderr } = await run([right], '--adapter', 'nowhere');
    expect([code, stderr]).toEqual([2, expect.stringContaining('nowhere is no folder')]);
  });
});

onNative('batcoder eval --suite without --model', () => {
  it.skipIf(!hasPython)('asks the model in use', async () => {
    const { code, stdout, stderr } = await run([right, mbpp], '-n', '2', '--json');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      model: builtInModel(),
      adapter: null,
      tasks: 2,
      answersPerTask: 2,
    });
  });
});
