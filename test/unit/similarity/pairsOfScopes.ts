import type { Pair } from './pairs.js';

/** Which variable a name stands for: one of its block, one from around it, or one that others see. */
export const SCOPES: Pair[] = [
  ...shadowing(
    'typescript',
    (x) => `function f(a: B) { let x = 1; if (a) { let ${x} = 2; g(${x}); } return x; }`,
  ),
  ...shadowing(
    'typescript',
    (x) => `function f(a: B[], x: B) { for (const ${x} of a) { g(${x}); } return x; }`,
  ),
  ...shadowing(
    'typescript',
    (x) =>
      `function f(a: B[], x: B) { for (const { ${x === 'x' ? 'x' : `x: ${x}`} } of a) { g(${x}); } return x; }`,
  ),
  ...shadowing(
    'typescript',
    (x) => `function f(a: B[], x: B) { const b = a.map((${x}) => ${x} + 1); return h(b, x); }`,
  ),
  ...shadowing(
    'javascript',
    (x) => `function f(a, x) { try { g(a); } catch (${x}) { h(${x}); } return x; }`,
  ),
  ...shadowing(
    'javascript',
    (x) =>
      `function f(a, x) { for (let ${x} = 0; ${x} < a; ${x}++) { if (g(${x})) { break; } } return x; }`,
  ),
  ...shadowing(
    'c',
    (x) => `int f(int a) { int x = 1; if (a) { int ${x} = g(); h(${x}); } return x; }`,
  ),
  ...shadowing(
    'c',
    (x) => `int f(int a, int x) { for (int ${x} = 0; ${x} < a; ${x}++) { h(${x}); } return x; }`,
  ),
  ...shadowing('cpp', (x) => `int f(V a, int x) { for (auto ${x} : a) { h(${x}); } return x; }`),
  ...shadowing(
    'cpp',
    (x) => `int f(V a, int x) { if (auto ${x} = g(a); ${x}) { h(${x}); } return x; }`,
  ),
  ...shadowing(
    'go',
    (e) =>
      `func f() error {\n\ta, x := g()\n\tif b, ${e} := h(a); ${e} != nil {\n\t\tlog(b, ${e})\n\t}\n\treturn x\n}`,
  ),
  ...shadowing(
    'go',
    (x) =>
      `func f(a []int, x int) int {\n\tfor _, ${x} := range a {\n\t\tg(${x})\n\t}\n\treturn x\n}`,
  ),
  ...shadowing(
    'go',
    (x) =>
      `func f(a any, x int) int {\n\tswitch ${x} := a.(type) {\n\tcase int:\n\t\tg(${x})\n\t}\n\treturn x\n}`,
  ),
  ...shadowing(
    'go',
    (x) =>
      `func f(a bool, x int) int {\n\tif a {\n\t\tvar ${x} = 2\n\t\tg(${x})\n\t}\n\treturn x\n}`,
  ),
  ...shadowing('rust', (x) => `fn f(a: bool) -> u8 { let x = 1; { let ${x} = h(a); g(${x}); } x }`),
  ...shadowing(
    'rust',
    (x) => `fn f(a: Option<u8>, x: u8) -> u8 { if let Some(${x}) = a { g(${x}); } x }`,
  ),
  ...shadowing(
    'rust',
    (x) => `fn f(a: Option<u8>, x: u8) -> u8 { match a { Some(${x}) => g(${x}), None => h() } x }`,
  ),
  ...shadowing(
    'rust',
    (x) => `fn f(a: V, x: u8) -> u8 { let b = a.map(|${x}| ${x} + 1); h(b, x) }`,
  ),
  ...shadowing(
    'kotlin',
    (x) =>
      `fun f(a: Boolean, x: Int): Int {\n  if (a) {\n    val ${x} = 2\n    g(${x})\n  }\n  return x\n}`,
  ),
  ...shadowing(
    'kotlin',
    (x) =>
      `fun f(a: List<Int>, x: Int): Int {\n  for (${x} in a) {\n    g(${x})\n  }\n  return x\n}`,
  ),
  ...shadowing(
    'kotlin',
    (x) => `fun f(a: List<Int>, x: Int): Int {\n  a.forEach { ${x} -> g(${x}) }\n  return x\n}`,
  ),
  ...shadowing(
    'scala',
    (x) =>
      `def f(a: Boolean, x: Int): Int = {\n  if (a) {\n    val ${x} = 2\n    g(${x})\n  }\n  x\n}`,
  ),
  ...shadowing(
    'scala',
    (x) =>
      `def f(a: Option[Int], x: Int): Int = {\n  a match {\n    case Some(${x}) => g(${x})\n    case None => h()\n  }\n  x\n}`,
  ),
  ...shadowing(
    'java',
    (x) => `int f(int a) { { int ${x} = g(a); h(${x}); } int x = 2; return x; }`,
  ),
  ...shadowing(
    'csharp',
    (x) => `int F(int a) { foreach (var ${x} in G(a)) { H(${x}); } { var x = 2; return x; } }`,
  ),
  ...shadowing(
    'lua',
    (x) =>
      `function f(a)\n  local x = 1\n  if a then\n    local ${x} = 2\n    g(${x})\n  end\n  return x\nend`,
  ),
  ...shadowing(
    'lua',
    (x) => `function f(a, x)\n  for _, ${x} in ipairs(a) do\n    g(${x})\n  end\n  return x\nend`,
  ),
  ...shadowing('ruby', (x) => `def f(a, x)\n  a.each { |${x}| g(${x}) }\n  x\nend\n`),
  ...shadowing(
    'python',
    (x) => `def f(a, x):\n    b = map(lambda ${x}: ${x} + 1, a)\n    return h(b, x)\n`,
  ),
  ...shadowing(
    'php',
    (x) => `function f($a, $x) { $b = map(fn ($${x}) => $${x} + 1, $a); return h($b, $x); }`,
  ),
  ...shadowing(
    'lua',
    (x) =>
      `function f(a)\n  local x = 1\n  repeat\n    local ${x} = g(a)\n  until ${x} > 1\n  return x\nend`,
  ),
  ...shadowing(
    'kotlin',
    (x) =>
      `fun f(a: Int, x: Int): Int {\n  do {\n    val ${x} = g(a)\n  } while (${x} > 1)\n  return x\n}`,
  ),
  ...shadowing(
    'go',
    (x) =>
      `func f(a int, x int) int {\n\tswitch a {\n\tcase 1:\n\t\t${x} := g(a)\n\t\th(${x})\n\tcase 2:\n\t\tx = 3\n\t}\n\treturn x\n}`,
  ),
  ...shadowing(
    'javascript',
    (x) =>
      `function f(a, x) { switch (a) { case 1: let ${x} = g(); h(${x}); break; default: ${x} = 2; h(${x}); } return x; }`,
  ),
  ...shadowing(
    'php',
    (x) =>
      `class A { function f() { global $x; $x = 1; } function g($a) { $${x} = $a; h($${x}); return $${x}; } }`,
  ),
  [
    'a global, in a function where another one has a variable of its name',
    'lua',
    'function f()\n  x = 1\n  local g = function() local x = 2; h(x) end\n  g()\nend',
    'function f()\n  y = 1\n  local g = function() local x = 2; h(x) end\n  g()\nend',
    'other',
  ],
  [
    'a declaration that does nothing to a variable that is there',
    'javascript',
    'function f(x) { var x; return x; }',
    'function f(x) { return x; }',
    'same',
  ],
  [
    'a variable of the function, or of the round',
    'javascript',
    'function f(a) { for (const b of a) { var x; g(x); x = b; } }',
    'function f(a) { for (const b of a) { let x; g(x); x = b; } }',
    'other',
  ],
  [
    'a new variable of the block, or the one around it',
    'typescript',
    'function f(a: B) { let x = 1; if (a) { let x = 2; g(x); } return x; }',
    'function f(a: B) { let x = 1; if (a) { x = 2; g(x); } return x; }',
    'other',
  ],
  [
    'a new variable of the block, or the one around it',
    'go',
    'func f(a bool) int {\n\tx := 1\n\tif a {\n\t\tx := 2\n\t\tg(x)\n\t}\n\treturn x\n}',
    'func f(a bool) int {\n\tx := 1\n\tif a {\n\t\tx = 2\n\t\tg(x)\n\t}\n\treturn x\n}',
    'other',
  ],
  [
    'a new variable of the block, or the one around it',
    'lua',
    'function f(a)\n  local x = 1\n  if a then\n    local x = 2\n    g(x)\n  end\n  return x\nend',
    'function f(a)\n  local x = 1\n  if a then\n    x = 2\n    g(x)\n  end\n  return x\nend',
    'other',
  ],
  [
    'a variable that a block gives its first value',
    'java',
    'int f(int a) { int x; if (a > 1) { x = 2; } else { x = 3; } return x; }',
    'int f(int a) { int y; if (a > 1) { y = 2; } else { y = 3; } return y; }',
    'same',
  ],
  [
    'a new variable made from the one that it hides',
    'rust',
    'fn f(x: u8) -> u8 { let y = g(x); { let y = h(y); k(y); } y }',
    'fn f(x: u8) -> u8 { let y = g(x); { let z = h(y); k(z); } y }',
    'same',
  ],
  [
    'a variable that hides one of a loop, and a jump',
    'java',
    'int f(V a) { int n = 0; for (int x : a) { if (x > 1) { int y = g(x); n = y; break; } } for (int y : a) { n += y; } return n; }',
    'int f(V a) { int n = 0; for (int x : a) { if (x > 1) { int z = g(x); n = z; break; } } for (int y : a) { n += y; } return n; }',
    'same',
  ],
  [
    'a variable of the package',
    'go',
    'func f(a int) {\n\tcount = a\n\ttotal = 0\n}',
    'func f(a int) {\n\ttotal = a\n\tcount = 0\n}',
    'other',
  ],
  [
    'a value with a name, or none',
    'go',
    'func f(a int) int {\n\tb := g(a)\n\treturn b\n}',
    'func f(a int) int {\n\treturn g(a)\n}',
    'same',
  ],
  [
    'a variable set again that others see',
    'csharp',
    'void F(int a) { count = a; total = a; count = 1; }',
    'void F(int a) { count = a; total = a; total = 1; }',
    'other',
  ],
  [
    'a variable of the object',
    'ruby',
    'def f\n  @open = false\n  @done = true\nend\n',
    'def f\n  @open = true\n  @done = false\nend\n',
    'other',
  ],
  [
    'a variable of the object',
    'ruby',
    'def initialize(name, size)\n  @name = name\n  @size = size\nend\n',
    'def initialize(name, size)\n  @title = name\n  @count = size\nend\n',
    'other',
  ],
  [
    'a variable of the object, or of the method',
    'ruby',
    'def f(a)\n  @x = g(a)\nend\n',
    'def f(a)\n  x = g(a)\nend\n',
    'other',
  ],
  ['a global', 'lua', 'function f(a)\n  x = a\nend', 'function f(a)\n  y = a\nend', 'other'],
  [
    'a global, or a variable of the function',
    'lua',
    'function f(a)\n  x = g(a)\n  return x\nend',
    'function f(a)\n  local x = g(a)\n  return x\nend',
    'other',
  ],
  [
    'a variable of the function',
    'lua',
    'function f(a)\n  local x\n  if a then x = 1 end\n  return x\nend',
    'function f(a)\n  local y\n  if a then y = 1 end\n  return y\nend',
    'same',
  ],
  [
    'a global',
    'php',
    'function f($a) { global $x; $x = $a; }',
    'function f($a) { global $y; $y = $a; }',
    'other',
  ],
  [
    'a global',
    'python',
    'def f(a):\n    global x, y\n    x = a\n    y = 0\n',
    'def f(a):\n    global x, y\n    y = a\n    x = 0\n',
    'other',
  ],
  [
    'a value that a case names',
    'kotlin',
    'fun f(x: Int, a: Int, b: Int): Int {\n  return when (x) {\n    a -> 1\n    else -> b\n  }\n}',
    'fun f(x: Int, a: Int, b: Int): Int {\n  return when (x) {\n    b -> 1\n    else -> b\n  }\n}',
    'other',
  ],
  [
    'a list or a set made in rounds',
    'python',
    'def f(a):\n    return [g(x) for x in a]\n',
    'def f(a):\n    return {g(x) for x in a}\n',
    'other',
  ],
  [
    'a list made in rounds, or its values one by one',
    'python',
    'def f(a):\n    return [g(x) for x in a]\n',
    'def f(a):\n    return (g(x) for x in a)\n',
    'other',
  ],
  [
    'a value, or a row of one',
    'python',
    'def f(a):\n    return a\n',
    'def f(a):\n    return a,\n',
    'other',
  ],
  ...renaming(
    'typescript',
    (z) => `function f() { const s = () => { ${z} = 1; }; let ${z} = 0; s(); return ${z}; }`,
  ),
  ...renaming(
    'javascript',
    (z) => `function f(a) { if (a) { var ${z} = 1; } else { ${z} = 2; } return ${z}; }`,
  ),
  ...renaming(
    'javascript',
    (z) => `function f(a) { g(function () { return ${z}; }); var ${z} = a; return ${z}; }`,
  ),
  ...renaming('python', (z) => `def f(${z}, b):\n    return {${z}: b}\n`),
  ...renaming('ruby', (z) => `def f(${z}, b)\n  { ${z} => b }\nend\n`),
  ...renaming('lua', (z) => `function f(${z}, b)\n  return { [${z}] = b }\nend`),
  ...renaming('javascript', (z) => `function f(a) { ${z} = 2; g(a); var ${z}; return ${z}; }`),
  ...renaming(
    'javascript',
    (z) =>
      `function f(a) { a.each(function (b) { var ${z} = b; g(${z}); }); var y = 1; return y; }`,
  ),
  ...shadowing(
    'javascript',
    (x) =>
      `function f(a, x) { a.each(function (b) { for (var ${x} of b) { g(${x}); } }); return x; }`,
  ),
  ...renaming('javascript', (z) => `function f(a) { function ${z}() {} ${z} = a; return ${z}; }`),
  ...renaming('csharp', (z) => `void F(A a) { a.Each(${z} => { ${z} = 1; G(${z}); }); }`),
  ...renaming(
    'csharp',
    (z) =>
      `int F(D d, int k) { if (!d.TryGet(k, out var ${z})) return 0; ${z} = G(${z}); return ${z}; }`,
  ),
  ...renaming(
    'csharp',
    (z) => `int F(object a) { if (!(a is int ${z})) return 0; return G(${z}); }`,
  ),
  ...renaming(
    'csharp',
    (z) => `int F(object a) { switch (a) { case int ${z}: return G(${z}); default: return 0; } }`,
  ),
  ...renaming(
    'java',
    (z) => `int f(Object o) { if (!(o instanceof T ${z})) return 0; return g(${z}); }`,
  ),
  ...renaming(
    'java',
    (z) =>
      `int f(Object o) { return switch (o) { case T ${z} -> g(${z}); case P(int a, var b) -> h(b); default -> 0; }; }`,
  ),
  ...renaming(
    'java',
    (z) =>
      `int f(Object o) { if (o instanceof P(int ${z}, int b) && ${z} > b) return g(${z}); return 0; }`,
  ),
  ...renaming(
    'go',
    (z) =>
      `func f(c chan int) int {\n\tselect {\n\tcase ${z} := <-c:\n\t\treturn g(${z})\n\tdefault:\n\t\treturn 0\n\t}\n}`,
  ),
  ...renaming('ruby', (z) => `def f(a)\n  ${z} = ->(y) { y }\n  ${z}.call(a)\nend\n`),
  ...renaming(
    'rust',
    (z) => `fn f(p: P) -> u8 { match p { P { x: ${z}, .. } => g(${z}), _ => 0 } }`,
  ),
  ...renaming(
    'python',
    (z) =>
      `def f(p):\n    match p:\n        case P(x=${z}):\n            return g(${z})\n        case {"k": v}:\n            return v\n`,
  ),
  ...renaming('c', (z) => `int f(int a) { int g(int ${z}); return g(a); }`),
];

/** A variable that hides the `x` around it is one under any other name. */
function shadowing(language: Pair[1], code: (name: string) => string): Pair[] {
  return [['a variable that hides another', language, code('x'), code('z'), 'same']];
}

/** What a variable is called is the same to the program. */
function renaming(language: Pair[1], code: (name: string) => string): Pair[] {
  return [['the name of a variable', language, code('y1'), code('zz'), 'same']];
}
