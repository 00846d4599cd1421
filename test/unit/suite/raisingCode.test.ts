import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { extractUnits } from '../../../server/corpus/extract.js';
import { viewOf } from '../../../server/inference/view.js';
import { loadParser } from '../../../server/languages/parser.js';
import type { LanguageId } from '../../../server/languages/types.js';
import { loadSimilarity } from '../../../server/similarity/similarity.js';
import { raisingCode } from '../../../server/training/suite/raisingCode.js';

async function raising(language: LanguageId, text: string): Promise<string | null> {
  const view = viewOf(extractUnits(await loadParser(language), text).units[0]);
  return raisingCode(view, await loadSimilarity(language));
}

it.each<[LanguageId, string, string]>([
  [
    'typescript',
    'function f(a: number): number {\n  return g(a);\n}\n',
    'function f(a: number): number { throw new Error();\n  return g(a);\n}',
  ],
  ['javascript', 'const f = (a) => a + 1;\n', 'const f = (a) => { throw new Error(); }'],
  ['tsx', 'const f = (a: number) => {\n  return a + 1;\n};\n', '=> { throw new Error();\n  return'],
  [
    'python',
    'def f(a):\n    b = a\n    return b\n',
    'def f(a):\n    raise RuntimeError()\n    b = a\n    return b',
  ],
  ['python', 'def f(a): return g(a)\n', 'def f(a): raise RuntimeError()'],
  [
    'go',
    'package p\nfunc f(a int) int {\n\treturn g.H(a)\n}\n',
    '{ panic("");\n\treturn g.H(a)\n}',
  ],
  ['ruby', 'def f(a)\n  a + 1\nend\n', 'def f(a)\n  raise\n  a + 1\nend'],
  [
    'lua',
    'function f(a)\n  return a + 1\nend\n',
    'function f(a)\n  error("")\n  return a + 1\nend',
  ],
  ['rust', 'fn f(a: u8) -> u8 {\n    a + 1\n}\n', '{ panic!();\n    a + 1\n}'],
  ['c', 'int f(int a)\n{\n  return a + 1;\n}\n', '{ __builtin_trap();\n  return'],
  ['cpp', 'int f(int a) {\n  return a + 1;\n}\n', '{ __builtin_trap();\n  return'],
  [
    'java',
    'class A {\n  int f(int a) {\n    return a + 1;\n  }\n}\n',
    '{ if (true) throw new RuntimeException();\n',
  ],
  [
    'csharp',
    'class A {\n  int F(int a) {\n    return a + 1;\n  }\n}\n',
    '{ throw new System.Exception();\n',
  ],
  ['kotlin', 'fun f(a: Int): Int = a + 1\n', 'fun f(a: Int): Int = throw RuntimeException();'],
  ['kotlin', 'fun f(a: Int): Int {\n  return a + 1\n}\n', '{ throw RuntimeException();\n'],
  ['scala', 'def f(a: Int): Int = {\n  a + 1\n}\n', '= { throw new RuntimeException();\n'],
  ['php', '<?php\nfunction f($a) {\n  return $a + 1;\n}\n', '{ throw new \\Exception();\n'],
  ['bash', 'f() {\n  echo "$1" | sort\n  return 0\n}\n', '{ exit 1;\n'],
])('raises an error in %s before anything else', async (language, text, expected) => {
  expect(await raising(language, text)).toContain(expected);
});

it('keeps what the function did, so that Go misses no use of an import', async () => {
  const code = await raising(
    'go',
    'package p\nfunc f() string {\n\treturn strings.Trim(x, "")\n}\n',
  );
  expect(code).toMatch(/panic\(""\);[^]*strings\.Trim/);
});

it('raises an error that Node takes for one', async () => {
  const code = await raising('javascript', 'function f(a) {\n  return a;\n}\n');
  const caught = `${code}\ntry { f(1); } catch (error) { console.log(String(error)); }`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', caught], { encoding: 'utf8' });
  expect([stdout, stderr]).toEqual(['Error\n', '']);
});

it.each<[LanguageId, string]>([
  ['java', 'class A extends B {\n  A(int a) {\n    super(a);\n    b = a;\n  }\n}\n'],
  ['java', 'class A {\n  A() {\n    // The default. /* */\n    /* So. */\n    this(1);\n  }\n}\n'],
  ['scala', 'class A(a: Int) {\n  def this() = {\n    this(1)\n  }\n}\n'],
])('gives none in %s for a constructor that has to call another first', async (language, text) => {
  expect(await raising(language, text)).toBeNull();
});

it("raises an error in Java's other constructors, and before a method of the class above", async () => {
  const plain = 'class A {\n  A(int a) {\n    b = a;\n  }\n}\n';
  expect(await raising('java', plain)).toContain('throw');
  const method = 'class A {\n  void f() {\n    super.f();\n  }\n}\n';
  expect(await raising('java', method)).toContain('throw');
});
