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
  expect(spawnSync(process.execPath, ['-e', `${code}\nf(1)`]).status).not.toBe(0);
});
