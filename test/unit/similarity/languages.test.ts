import { describe, expect, test } from 'vitest';
import { LANGUAGE_IDS, type LanguageId } from '../../../server/languages/types.js';
import { loadSimilarity } from '../../../server/similarity/similarity.js';
import { FUNCTIONS } from './functions.js';

function replaced(code: string, from: string | RegExp, to: string): string {
  const result = code.replace(from, to);
  expect(result).not.toBe(code);
  return result;
}

describe.each(LANGUAGE_IDS)('CSSG in %s', (language) => {
  const code = FUNCTIONS[language];
  const dollar = language === 'php' ? '$' : '';

  test('keeps 1 where the meaning is kept', async () => {
    const cssg = await loadSimilarity(language);
    expect(cssg.parses(code)).toBe(true);
    expect(cssg.score(code, replaced(code, /\btotal\b/g, 'amount'))).toBe(1);
    expect(cssg.score(code, replaced(code, /\n/g, '\n\n'))).toBe(1);
    if (language !== 'bash') {
      const turned = replaced(code, `${dollar}x > ${dollar}k`, `${dollar}k < ${dollar}x`);
      expect(cssg.score(code, turned)).toBe(1);
    }
  });

  test('falls below 1 where it is not', async () => {
    const cssg = await loadSimilarity(language);
    const changes: [RegExp, string][] =
      language === 'bash'
        ? [
            [/-gt/, '-lt'],
            [/x \* 2/, 'x * 3'],
            [/\(g "/, '(h "'],
            [/"\$x" "\$k"\)/, '"$k" "$x")'],
          ]
        : [
            [/x > /, 'x < '],
            [/x \* 2/, 'x * 3'],
            [/- g\(/, '- gg('],
            [/\(\$?x, \$?k\)/, `(${dollar}k, ${dollar}x)`],
            [/\$?total - (g\([^)]*\))/, `$1 - ${dollar}total`],
            [/\n[^\n]*x \* 2[^\n]*/, ''],
          ];
    for (const [from, to] of changes) {
      if (language === 'python' && to === '') {
        // The branch would be empty: no unit any more.
        continue;
      }
      const score = cssg.score(code, replaced(code, from, to));
      expect(score, `${from}`).toBeGreaterThan(0.5);
      expect(score, `${from}`).toBeLessThan(1);
    }
  });

  test('gives 0 to what is no unit', async () => {
    const cssg = await loadSimilarity(language);
    for (const broken of [
      '',
      'lorem ipsum dolor',
      '((((',
      code.slice(0, Math.floor(code.length / 2)),
    ]) {
      expect(cssg.parses(broken)).toBe(false);
      expect(cssg.score(code, broken)).toBe(0);
      expect(cssg.score(broken, broken)).toBe(0);
    }
  });
});

test.each([
  ['typescript', 'decode: (value) => Number(value) - 1', 'encode: (it) => Number(it) - 1'],
  ['javascript', 'get: function () { return m[k]; }', 'read: function () { return m[k]; }'],
  ['typescript', 'private readonly f = (x) => g(x)', 'public h = (y) => g(y)'],
  ['ruby', 'def f(a)\nend', 'def g(b)\nend'],
  ['lua', 'function M.f(a) end', 'function M.g(b) end'],
  ['php', '<?php\nfunction f($a) { return $a; }', 'function g($b) { return $b; }'],
] as const)('a unit as it stands in its file (%s)', async (language, a, b) => {
  const cssg = await loadSimilarity(language);
  expect(cssg.parses(a)).toBe(true);
  expect(cssg.score(a, b)).toBe(1);
});

/** Pairs that mean the same, and pairs that do not, where the language has its own ways. */
const PAIRS: [string, LanguageId, string, string, 'same' | 'other'][] = [
  [
    'a side taken by an early return',
    'python',
    'def f(a):\n    if a:\n        return 1\n    return 2\n',
    'def f(a):\n    if a:\n        return 1\n    else:\n        return 2\n',
    'same',
  ],
  [
    'sides swapped with the condition negated',
    'go',
    'func f(a int) int {\n\tif a == 1 {\n\t\treturn g(a)\n\t} else {\n\t\treturn h(a)\n\t}\n}',
    'func f(a int) int {\n\tif a != 1 {\n\t\treturn h(a)\n\t}\n\treturn g(a)\n}',
    'same',
  ],
  [
    'sides swapped alone',
    'go',
    'func f(a int) int {\n\tif a == 1 {\n\t\treturn g(a)\n\t}\n\treturn h(a)\n}',
    'func f(a int) int {\n\tif a == 1 {\n\t\treturn h(a)\n\t}\n\treturn g(a)\n}',
    'other',
  ],
  [
    'the order of writes to one list',
    'python',
    'def f(a, x, y):\n    a.append(x)\n    a.append(y)\n    return a\n',
    'def f(a, x, y):\n    a.append(y)\n    a.append(x)\n    return a\n',
    'other',
  ],
  [
    'the order of writes to two attributes',
    'typescript',
    'set(a: A) { this.x = a.x; this.y = a.y; }',
    'set(a: A) { this.y = a.y; this.x = a.x; }',
    'same',
  ],
  [
    'an attribute read before and after it is set',
    'typescript',
    'f(o: O) { const a = o.x; o.x = 1; return a; }',
    'f(o: O) { o.x = 1; const a = o.x; return a; }',
    'other',
  ],
  [
    'a guard written as unless',
    'ruby',
    'def f(a)\n  unless a\n    g(1)\n  end\nend',
    'def f(a)\n  if !a\n    g(1)\n  end\nend',
    'same',
  ],
  ['an implicit return', 'ruby', 'def f(a)\n  a + 1\nend', 'def f(a)\n  return a + 1\nend', 'same'],
  [
    'an implicit return',
    'rust',
    'fn f(a: i32) -> i32 { a + 1 }',
    'fn f(a: i32) -> i32 { return a + 1; }',
    'same',
  ],
  [
    'a value dropped by a semicolon',
    'rust',
    'fn f(a: i32) { g(a) }',
    'fn f(a: i32) { g(a); }',
    'other',
  ],
  [
    'an arrow with and without a block',
    'javascript',
    'const f = (a) => a * 2;',
    'const f = (a) => { return a * 2; };',
    'same',
  ],
  [
    'an expression body',
    'csharp',
    'int F(int a) => a * 2;',
    'int F(int a) { return a * 2; }',
    'same',
  ],
  [
    'an expression body',
    'kotlin',
    'fun f(a: Int) = a * 2',
    'fun f(a: Int): Int { return a * 2 }',
    'same',
  ],
  [
    'the names that a pattern binds',
    'javascript',
    'function f([a, b]) { return a - b; }',
    'function f([a, b]) { return b - a; }',
    'other',
  ],
  [
    'a swap of two variables',
    'python',
    'def f(a, b):\n    a, b = b, a\n    return a - b\n',
    'def f(a, b):\n    b, a = b, a\n    return a - b\n',
    'other',
  ],
  [
    'parameters in another order',
    'java',
    'int f(int a, int b) { return a - b; }',
    'int f(int b, int a) { return a - b; }',
    'other',
  ],
  [
    'the kind of quotes',
    'python',
    'def f():\n    return "a"\n',
    "def f():\n    return 'a'\n",
    'same',
  ],
  [
    'a docstring',
    'python',
    'def f():\n    """Doc."""\n    return 1\n',
    'def f():\n    return 1\n',
    'same',
  ],
  [
    'another exception caught',
    'java',
    'void f() { try { g(); } catch (IOException e) { h(); } }',
    'void f() { try { g(); } catch (OtherException e) { h(); } }',
    'other',
  ],
  [
    'what a handler does',
    'python',
    'def f():\n    try:\n        g()\n    except E:\n        h()\n',
    'def f():\n    try:\n        h()\n    except E:\n        g()\n',
    'other',
  ],
  [
    'a value that only a handler sees',
    'python',
    'def f():\n    try:\n        a = p()\n        b = q()\n        g()\n        a = 0\n        b = 0\n    except E:\n        h(a)\n',
    'def f():\n    try:\n        a = p()\n        b = q()\n        g()\n        a = 0\n        b = 0\n    except E:\n        h(b)\n',
    'other',
  ],
  [
    'a value that only a finally sees',
    'java',
    'void f() { R a = p(), b = q(); try { g(); a = null; b = null; } finally { h(a); } }',
    'void f() { R a = p(), b = q(); try { g(); a = null; b = null; } finally { h(b); } }',
    'other',
  ],
  [
    'a value that does not get past a finally',
    'javascript',
    'function f() { let a = p(), b = q(); try { g(); a = 0; b = 0; } finally { h(); } return a; }',
    'function f() { let a = p(), b = q(); try { g(); a = 0; b = 0; } finally { h(); } return b; }',
    'same',
  ],
  [
    'a step at the end of a loop',
    'c',
    'int f(int n) { int s = 0; for (int i = 0; i < n; i++) { s += i; } return s; }',
    'int f(int n) { int s = 0; int i = 0; while (i < n) { s += i; i++; } return s; }',
    'same',
  ],
  [
    'a constructor',
    'java',
    'public Foo(int a) { this.a = a; }',
    'public Foo(int b) { this.a = b; }',
    'same',
  ],
  [
    'a constructor of C++',
    'cpp',
    'Foo::Foo(int a) : x(a) { g(a); }',
    'Foo::Foo(int b) : x(b) { g(b); }',
    'same',
  ],
  [
    'a free name that is another',
    'typescript',
    'function f(a: string) { return VOWELS.includes(a); }',
    'function f(a: string) { return DIGITS.includes(a); }',
    'other',
  ],
  [
    'a closure that changes a variable before it is read',
    'javascript',
    'function f(a) { let n = 1; const g = () => { n = a; }; g(); return n; }',
    'function f(a) { let n = 1; const g = () => { a = n; }; g(); return n; }',
    'other',
  ],
  [
    'which function of the unit is called',
    'python',
    'def f(a):\n    return g(a)\ndef g(a):\n    return a + 1\ndef h(a):\n    return a - 1\n',
    'def f(a):\n    return h(a)\ndef g(a):\n    return a + 1\ndef h(a):\n    return a - 1\n',
    'other',
  ],
  [
    'the names of the functions of the unit',
    'python',
    'def f(a):\n    return g(a)\ndef g(a):\n    return a + 1\n',
    'def u(a):\n    return v(a)\ndef v(a):\n    return a + 1\n',
    'same',
  ],
  [
    'a part that is taken apart by another key',
    'typescript',
    'function f({ a }: P) { return a; }',
    'function f({ b }: P) { return b; }',
    'other',
  ],
  [
    'the first element and the whole',
    'javascript',
    'function f(a) { const [b] = a; return g(b); }',
    'function f(a) { const b = a; return g(b); }',
    'other',
  ],
  [
    'an early exit out of a loop',
    'go',
    'func f(n int) { for i := 0; i < n; i++ { if i == 3 { break }; g(i) } }',
    'func f(n int) { for i := 0; i < n; i++ { if i == 3 { continue }; g(i) } }',
    'other',
  ],
  [
    'a definition that reaches only by one side',
    'python',
    'def f(a):\n    x = g()\n    if a:\n        x = h()\n    return x\n',
    'def f(a):\n    x = g()\n    x = h()\n    if a:\n        pass\n    return x\n',
    'other',
  ],
  [
    'a call of itself under another name',
    'python',
    'def f(n):\n    return n * f(n - 1)\n',
    'def g(m):\n    return m * g(m - 1)\n',
    'same',
  ],
];

test.each(PAIRS)('%s (%s)', async (_, language, a, b, verdict) => {
  const cssg = await loadSimilarity(language);
  expect(cssg.parses(a) && cssg.parses(b)).toBe(true);
  const score = cssg.score(a, b);
  if (verdict === 'same') {
    expect(score).toBe(1);
  } else {
    expect(score).toBeLessThan(1);
  }
});
