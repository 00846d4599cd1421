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
];
