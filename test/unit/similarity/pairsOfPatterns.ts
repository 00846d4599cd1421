import type { Pair } from './pairs.js';

/** Patterns: what they test, and what they take from where. */
export const PATTERNS: Pair[] = [
  [
    'fields of a pattern in another order',
    'rust',
    'fn f(p: P) -> u8 { match p { P { x, y } => g(x, y) } }',
    'fn f(p: P) -> u8 { match p { P { y, x } => g(x, y) } }',
    'same',
  ],
  [
    'another field in a pattern',
    'rust',
    'fn f(p: P) -> u8 { match p { P { x: a } => g(a) } }',
    'fn f(p: P) -> u8 { match p { P { z: a } => g(a) } }',
    'other',
  ],
  [
    'attributes of a pattern',
    'python',
    'def f(p):\n    match p:\n        case P(x=a, y=b):\n            return g(a, b)\n',
    'def f(p):\n    match p:\n        case P(y=b, x=a):\n            return g(a, b)\n',
    'same',
  ],
  [
    'attributes of a pattern',
    'python',
    'def f(p):\n    match p:\n        case P(x=a, y=b):\n            return g(a, b)\n',
    'def f(p):\n    match p:\n        case P(x=b, y=a):\n            return g(a, b)\n',
    'other',
  ],
  [
    'keys of a pattern in another order',
    'python',
    'def f(p):\n    match p:\n        case {"k": a, "l": b}:\n            return g(a, b)\n',
    'def f(p):\n    match p:\n        case {"l": b, "k": a}:\n            return g(a, b)\n',
    'same',
  ],
  [
    'the type of a pattern',
    'csharp',
    'int F(object a) { if (a is int z) return G(z); return 0; }',
    'int F(object a) { if (a is long z) return G(z); return 0; }',
    'other',
  ],
  [
    'the type of a pattern',
    'java',
    'int f(Object o) { return switch (o) { case T z -> g(z); default -> 0; }; }',
    'int f(Object o) { return switch (o) { case U z -> g(z); default -> 0; }; }',
    'other',
  ],
  ...testing('csharp', (test) => `int F(int? a) { if (a is ${test}) return 1; return 0; }`, [
    'null',
    'not null',
    '> 5',
    '< 5',
    '> 5 and < 9',
    '> 5 or < 9',
  ]),
  ...testing('csharp', (test) => `int F(object a) { return a switch { ${test} => 1, _ => 0 }; }`, [
    'P { X: 1 }',
    'Q { X: 1 }',
    'P { Y: 1 }',
  ]),
  ...testing(
    'python',
    (test) => `def f(p):\n    match p:\n        case ${test}:\n            return 1\n`,
    ['1', '-1', '[x, y]', '[x, *y]'],
  ),
  ...testing('rust', (test) => `fn f(n: u8) -> u8 { match n { ${test} => 1, _ => 0 } }`, [
    '1..5',
    '1..=5',
    '1..',
    '..=1',
    'P { .. }',
    'Q { .. }',
  ]),
  ...testing('rust', (test) => `fn f(a: A) -> u8 { if let ${test} = a { g(x) } else { 0 } }`, [
    'Some(x)',
    'Ok(x)',
  ]),
  ...testing('rust', (test) => `fn f(a: A) { while let ${test} = a.next() { g(x); } }`, [
    'Some(x)',
    'Ok(x)',
  ]),
  ...testing('rust', (test) => `fn f(a: A) -> u8 { let ${test} = a else { return 0; }; g(x) }`, [
    'Some(x)',
    'Ok(x)',
  ]),
  ...testing('scala', (test) => `def f(a: A): Int = a match {\n  case ${test} => g(x)\n}`, [
    'x: Int',
    'x: String',
    'Some(x)',
    'Other(x)',
  ]),
  ...naming(
    'python',
    (x) => `def f(p):\n    match p:\n        case [1, 2] as ${x}:\n            return ${x}\n`,
  ),
  ...naming('rust', (x) => `fn f(n: u8) -> u8 { match n { ${x} @ 1..=5 => g(${x}), _ => 0 } }`),
  ...naming('rust', (x) => `fn f(a: A) -> u8 { let Some(${x}) = a else { return 0; }; g(${x}) }`),
  ...naming('rust', (x) => `fn f(p: P) -> u8 { let P { x: ${x}, y } = p; g(${x}, y) }`),
  ...naming('scala', (x) => `def f(a: A): Int = a match {\n  case ${x}: Int => g(${x})\n}`),
  ...naming('csharp', (x) => `V F(V a) { return from ${x} in a where ${x} > 1 select g(${x}); }`),
  [
    'what a query leaves out',
    'csharp',
    'V F(V a) { return from x in a where x > 1 select g(x); }',
    'V F(V a) { return from x in a where x > 2 select g(x); }',
    'other',
  ],
  [
    'fields of a pattern in another order',
    'rust',
    'fn f(p: P) -> u8 { let P { x, y } = p; g(x, y) }',
    'fn f(p: P) -> u8 { let P { y, x } = p; g(x, y) }',
    'same',
  ],
  [
    'fields of a pattern',
    'rust',
    'fn f(p: P) -> u8 { let P { x: a, y: b } = p; g(a, b) }',
    'fn f(p: P) -> u8 { let P { x: b, y: a } = p; g(a, b) }',
    'other',
  ],
  ...giving(
    'rust',
    (a, b) => `fn f(n: u8) { let x = match n { 1 => ${a}, 3 => ${b}, _ => 0 }; g(x); }`,
  ),
  ...giving(
    'java',
    (a, b) =>
      `int f(int n) { return switch (n) { case 1 -> ${a}; case 3 -> ${b}; default -> 0; }; }`,
  ),
  ...giving(
    'csharp',
    (a, b) => `int F(int n) { return n switch { 1 => ${a}, 3 => ${b}, _ => 0 }; }`,
  ),
  ...giving(
    'kotlin',
    (a, b) =>
      `fun f(n: Int): Int {\n  return when (n) {\n    1 -> ${a}\n    3 -> ${b}\n    else -> 0\n  }\n}`,
  ),
  ...giving(
    'scala',
    (a, b) =>
      `def f(n: Int): Int = {\n  val x = n match {\n    case 1 => ${a}\n    case 3 => ${b}\n  }\n  g(x)\n}`,
  ),
  ...giving(
    'php',
    (a, b) => `function f($n) { return match ($n) { 1 => ${a}, 3 => ${b}, default => 0 }; }`,
  ),
];

/** Each pattern tests something else than the one before. */
function testing(language: Pair[1], code: (test: string) => string, tests: string[]): Pair[] {
  return tests
    .slice(1)
    .map((test, i) => ['what a pattern tests', language, code(tests[i]), code(test), 'other']);
}

/** What a pattern calls a value is the same to the program. */
function naming(language: Pair[1], code: (name: string) => string): Pair[] {
  return [['the name that a pattern gives', language, code('x1'), code('zz'), 'same']];
}

/** Which case gives which value. */
function giving(language: Pair[1], code: (a: string, b: string) => string): Pair[] {
  return [['the values of two cases', language, code('2', '4'), code('4', '2'), 'other']];
}
