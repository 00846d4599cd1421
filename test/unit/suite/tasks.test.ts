import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSuite } from '../../../server/training/suite/tasks.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'batcoder-tasks-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function suiteOf(...tasks: object[]): string {
  const file = join(folder, `${Math.random()}.jsonl`);
  writeFileSync(file, tasks.map((task) => `${JSON.stringify(task)}\n`).join('\n'));
  return file;
}

describe('readSuite', () => {
  it("reads HumanEval's form: what stands before, the signature, the doc, the tests", async () => {
    const prompt =
      'import math\n\n\ndef half(x):\n    return x / 2\n\n\n' +
      'def area(radius: float,\n         factor=1) -> float:\n    """ The area of a circle\n    with this radius.\n\n    >>> area(0)\n    0\n    """\n';
    const [task] = await readSuite(
      suiteOf({
        task_id: 'T/1',
        prompt,
        entry_point: 'area',
        test: 'def check(f):\n    assert f(0) == 0\n',
        canonical_solution: '    return math.pi * radius ** 2\n',
      }),
    );
    expect(task).toEqual({
      id: 'T/1',
      before: 'import math\n\n\ndef half(x):\n    return x / 2\n\n\n',
      signature: 'def area(radius: float,\n         factor=1) -> float:',
      doc: 'The area of a circle with this radius.',
      canonical: `${prompt}    return math.pi * radius ** 2\n`,
      tests: 'candidate_ = area\ndef check(f):\n    assert f(0) == 0\n\ncheck(candidate_)\n',
    });
  });

  it('finds the text of a task that is no docstring', async () => {
    const prompt = 'def half(n):\n    import math\n    """\n    Halves a number.\n    """\n';
    const [task] = await readSuite(suiteOf({ task_id: 1, prompt, entry_point: 'half', test: '' }));
    expect(task).toMatchObject({ signature: 'def half(n):', doc: 'Halves a number.' });
  });

  it('takes the indentation of the docstring, tabs too', async () => {
    const prompt = '\n\ndef twice(n):\n\t"""\n\tDoubles a number.\n\t>>> twice(2)\n\t4\n\t"""\n';
    const [task] = await readSuite(
      suiteOf({ task_id: 1, prompt, entry_point: 'twice', test: 'def check(f): pass' }),
    );
    expect(task.signature).toBe('def twice(n):');
    expect(task.doc).toBe('Doubles a number.');
    expect(task.canonical).toBeNull();
  });

  it("reads MBPP's form and that of its sanitized edition", async () => {
    const code =
      'import re\r\ndef helper(a):\r\n  return a\r\ndef add(a, b):\r\n  return helper(a) + b';
    const test_list = ['assert add(1, 2) == 3', 'assert add(0, 0) == 0'];
    const [plain, sanitized] = await readSuite(
      suiteOf(
        { task_id: 7, text: 'Add two numbers.', code, test_list, test_setup_code: 'X = 1' },
        { task_id: 8, prompt: 'Add two numbers.', code, test_list, test_imports: ['import os'] },
      ),
    );
    expect(plain).toEqual({
      id: 'MBPP/7',
      before: 'X = 1\nimport re\n',
      signature: 'def add(a, b):',
      doc: 'Add two numbers.',
      canonical: `X = 1\n${code}`,
      tests: 'assert add(1, 2) == 3\nassert add(0, 0) == 0\n',
    });
    expect(sanitized).toMatchObject({ id: 'MBPP/8', before: 'import os\nimport re\n' });
  });

  it("asks for MBPP's function that the tests call, not for one whose name ends its name", async () => {
    const code = 'def add(a, b):\n  return a + b\ndef list_add(xs):\n  return add(*xs)';
    const [task] = await readSuite(
      suiteOf({ task_id: 9, text: 'Add two.', code, test_list: ['assert list_add ([1, 2]) == 3'] }),
    );
    expect(task.signature).toBe('def list_add(xs):');
  });

  it('says what is wrong with a file', async () => {
    await expect(readSuite(join(folder, 'none'))).rejects.toThrow('cannot be read');
    await expect(readSuite(suiteOf())).rejects.toThrow('holds no task');
    await expect(readSuite(suiteOf({ task_id: 1 }))).rejects.toThrow("neither HumanEval's");
    await expect(readSuite(suiteOf({ language: 'go', prompt: '' }))).rejects.toThrow('another');
  });
});
