import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../../server/cli/dispatch.js';
import { similarity } from '../../../server/cli/similarity.js';
import { runCommand } from './runCommand.js';

const folder = mkdtempSync(join(tmpdir(), 'batcoder-similarity-'));
afterAll(() => rmSync(folder, { recursive: true }));
const files = {
  'a.py': 'def f(a):\n    return a + 1\n',
  'b.py': 'def g(b):\r\n    return b + 1\r\n',
  'c.py': 'def g(b):\r\n    if b:\n        return b\r\n    return b - 1',
  'broken.py': 'def f(:\n',
  'deep.py': `def f(a):\n    return ${Array(5000).fill('a').join(' + ')}\n`,
  'a.ts': 'function f(a: number) { return a + 1; }',
  plain: 'def f(a):\n    return a + 1\n',
};
Object.entries(files).forEach(([name, text]) => writeFileSync(join(folder, name), text));

const run = (argv: string[]) => runCommand(similarity, argv, { cwd: folder });

describe('batcoder similarity A B', () => {
  it('prints the score, whatever ends the lines', async () => {
    expect(await run(['a.py', 'b.py'])).toEqual({ code: 0, stdout: '1.0000\n', stderr: '' });
    const { stdout } = await run(['a.py', 'c.py', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ language: 'python', metric: 'cssg' });
    expect((JSON.parse(stdout) as { score: number }).score).toBeLessThan(1);
  });

  it.each(['cssg', 'codebleu', 'tsed', 'crystalbleu'])('knows --metric %s', async (metric) => {
    const { code, stdout } = await run(['a.py', 'a.py', '--metric', metric, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ language: 'python', metric, score: 1 });
  });

  it.each(['broken.py', 'deep.py'])('gives 0 to %s and says why', async (file) => {
    const { code, stdout, stderr } = await run(['a.py', file]);
    expect([code, stdout]).toEqual([0, '0.0000\n']);
    expect(stderr).toContain(`${file} is no unit of python`);
  });

  it('takes the language from either name', async () => {
    expect((await run(['plain', 'a.py'])).stdout).toBe('1.0000\n');
    expect((await run(['plain', 'plain', '--language', 'python'])).stdout).toBe('1.0000\n');
  });

  it.each([
    [['a.py'], 2, 'two files'],
    [['a.py', 'nowhere.py'], 1, 'there is no file nowhere.py'],
    [['a.py', '.'], 1, '. is a folder'],
    [['a.py', 'a.ts'], 1, 'only code of one language'],
    [['plain', 'plain'], 1, '--language'],
    [['a.py', 'b.py', '--language', 'klingon'], 2, 'klingon'],
    [['a.py', 'b.py', '--metric', 'bleu'], 2, 'cssg, codebleu, tsed, crystalbleu'],
    [['a.py', 'b.py', '--jsonl'], 2, 'stdin'],
  ])('refuses %j', async (argv, code, message) => {
    const result = await run(argv);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).toContain(message);
  });
});

describe('batcoder similarity --jsonl', () => {
  const pair = (language: string, a: string, b: string) => JSON.stringify({ language, a, b });

  async function withStdin<T>(stdin: PassThrough, work: () => Promise<T>): Promise<T> {
    const spy = vi.spyOn(process, 'stdin', 'get').mockReturnValue(stdin as never);
    try {
      return await work();
    } finally {
      spy.mockRestore();
    }
  }

  it('answers every line in order, blank ones left out', async () => {
    const stdin = new PassThrough();
    const one = pair('python', files['a.py'], files['b.py']);
    const other = pair('python', files['a.py'], files['broken.py']);
    const third = pair('typescript', files['a.ts'], files['a.ts']);
    stdin.end(`${one}\r\n\n${other}\n${third}`);
    const { code, stdout } = await withStdin(stdin, () => run(['--jsonl']));
    expect(code).toBe(0);
    expect(stdout).toBe('{"score":1}\n{"score":0}\n{"score":1}\n');
  });

  it('answers a line before the next one is there', async () => {
    const stdin = new PassThrough();
    stdin.write(`${pair('python', files['a.py'], files['a.py'])}\n`);
    const print = vi.fn();
    await withStdin(stdin, async () => {
      const done = runCommandLine(['similarity', '--jsonl'], {
        streams: { stdout: { write: print }, stderr: { write: () => true } },
        signal: new AbortController().signal,
        cwd: folder,
        commands: [{ name: 'similarity', summary: '', load: () => Promise.resolve(similarity) }],
        debug: false,
      });
      await vi.waitFor(() => expect(print).toHaveBeenCalledWith('{"score":1}\n'), 30_000);
      stdin.end();
      expect(await done).toBe(0);
    });
  });

  it.each([
    ['not json', 'pair 2 on stdin is no JSON'],
    ['[1]', 'pair 2 on stdin needs'],
    ['null', 'pair 2 on stdin needs'],
    [pair('cobol', '', ''), 'pair 2 on stdin needs "language"'],
  ])('says which line is none: %s', async (line, message) => {
    const stdin = new PassThrough();
    stdin.end(`${pair('python', files['a.py'], files['a.py'])}\n${line}\n`);
    const { code, stdout, stderr } = await withStdin(stdin, () => run(['--jsonl']));
    expect([code, stdout]).toEqual([1, '{"score":1}\n']);
    expect(stderr).toContain(message);
  });
});
