import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bench } from '../../../server/cli/bench/bench.js';
import { runCommandLine } from '../../../server/cli/dispatch.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'batcoder-bench-similarity-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...argv: string[]) {
  let [stdout, stderr] = ['', ''];
  const code = await runCommandLine(['bench', 'similarity', ...argv, '--json'], {
    streams: {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
    },
    signal: new AbortController().signal,
    cwd: folder,
    commands: [{ name: 'bench', summary: bench.summary, load: () => Promise.resolve(bench) }],
    debug: false,
  });
  const last = stdout.trim().split('\n').at(-1);
  return { code, stderr, result: last ? (JSON.parse(last) as Record<string, unknown>) : {} };
}

function writeLines(name: string, lines: object[]): string {
  writeFileSync(join(folder, name), lines.map((line) => JSON.stringify(line)).join('\n'));
  return name;
}

describe('batcoder bench similarity', () => {
  it('counts pairs by language and size of the functions in a folder', async () => {
    const body = Array.from({ length: 8 }, (_, i) => `  total += weigh(x[${i}], ${i});`);
    const functions = Array.from(
      { length: 5 },
      (_, i) =>
        `function f${i}(x: number[]) {\n${body.slice(0, 8 - (i % 2)).join('\n')}\n  return total * ${i};\n}`,
    );
    writeFileSync(join(folder, 'code.ts'), functions.join('\n'));
    const { code, result } = await run('--from', '.', '--rounds', '1');
    expect(code).toBe(0);
    const [language] = result.languages as { language: string; sizes: { lines: number }[] }[];
    expect(language.language).toBe('typescript');
    expect(language.sizes[0]).toMatchObject({ rounds: 1 });
    expect(language.sizes[0].lines).toBeGreaterThan(9);
  });

  it('says what is missing', async () => {
    expect((await run()).stderr).toContain('--from DIR');
    expect((await run('--answers', 'some.jsonl')).stderr).toContain('--suite FILE');
  });

  it.skipIf(!hasPython)('tells how well each measure knows right from wrong', async () => {
    const prompt = (name: string) => `def ${name}(a, b):\n`;
    const task = (name: string, solution: string, check: string) => ({
      task_id: name,
      prompt: prompt(name),
      entry_point: name,
      canonical_solution: solution,
      test: `def check(candidate):\n    assert ${check}\n`,
    });
    const suite = writeLines('suite.jsonl', [
      task('less', '    c = a - b\n    return c\n', 'candidate(5, 3) == 2'),
      task('larger', '    if a > b:\n        return a\n    return b\n', 'candidate(5, 3) == 5'),
    ]);
    const answers = writeLines('answers.jsonl', [
      { task_id: 'less', solution: `${prompt('less')}    d = a - b\n    return d\n` },
      { task_id: 'less', solution: `${prompt('less')}    d = b - a\n    return d\n` },
      {
        task_id: 'larger',
        solution: `${prompt('larger')}    if a > b:\n        return a\n    return b\n`,
      },
      {
        task_id: 'larger',
        solution: `${prompt('larger')}    if a < b:\n        return a\n    return b\n`,
      },
    ]);
    const { code, result } = await run('--suite', suite, '--answers', answers);
    expect(code).toBe(0);
    expect(result).toMatchObject({ answers: 4, tasks: 2, passed: 2 });
    const { cssg } = result.measures as Record<
      string,
      Record<'area' | 'within', { own: { mean: number } }>
    >;
    expect(cssg.area.own.mean).toBe(1);
    expect(cssg.within.own.mean).toBe(1);
  });
});
