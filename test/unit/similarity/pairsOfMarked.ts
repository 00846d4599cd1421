import type { Pair } from './pairs.js';

/** Languages whose variables are marked: Bash and PHP. */
export const MARKED: Pair[] = [
  ...renaming('bash', [
    (x) => `f() { local ${x}=$1; echo "a $${x} b"; }`,
    (x) => `f() { local ${x}=$1; g "\${${x}%.*}" "\${${x}:-b}" "\${${x}:1:2}" \${#${x}}; }`,
    (x) => `f() { local ${x}; ${x}=$(g "$1"); h "$${x}"/c $${x}-d; }`,
    (x) => `f() { local ${x}=(); ${x}+=("$1"); echo "\${#${x}[@]}" "\${${x}[0]}"; }`,
    (x) => `f() { declare -A ${x}; ${x}[a]=1; echo "\${${x}[a]}"; }`,
    (x) => `f() { while read -r ${x}; do g "$${x}"; done; }`,
    (x) => `f() { local ${x}=$1; if [ -n "$${x}" ] || [[ ! -e $${x} ]]; then $${x} a; fi; }`,
  ]),
  ...distinct('bash', (part) => `f() { local y=$1 z=$2; g "${part}"; }`, [
    '$y',
    '$z',
    '${z%.*}',
    '${y%.*}',
    '${y#.*}',
    '${#y}',
    '${y:1:2}',
    '${y:2:2}',
    '${y:-a}',
    '${y:-b}',
  ]),
  ...distinct('bash', (part) => `f() { if [ ${part} ]; then g; fi; }`, [
    '-n "$1"',
    '-z "$1"',
    '-z "$2"',
  ]),
  [
    'a variable in braces',
    'bash',
    'f() { local y=$1; g "${y}"; }',
    'f() { local y=$1; g "$y"; }',
    'same',
  ],
  ...renaming('php', [
    (x) => `function f($${x}, $b) { return [$${x} => $b, 'k' => $${x}]; }`,
    (x) => `function f($a) { [$${x}, $z] = $a; return g($${x}, $z); }`,
    (x) => `function f($a) { ['k' => $${x}] = $a; return g($${x}); }`,
    (x) => `function f($${x}) { return "a $${x} {$${x}->b}"; }`,
    (x) => `function f($${x}) { return <<<X\n a $${x} b\nX;\n}`,
    (x) =>
      `function f($${x}) { return new class($${x}) extends B { function m($q) { return $q; } }; }`,
    (x) =>
      `function f($a, $${x}) { return map(function ($q) use ($${x}) { return $q + $${x}; }); }`,
  ]),
  [
    'a variable of a closure that has the name of one around it',
    'php',
    'function f($x) { $g = function () { $x = 1; return $x; }; return $g() + $x; }',
    'function f($x) { $g = function () { $z = 1; return $z; }; return $g() + $x; }',
    'same',
  ],
  [
    'a variable that a closure sets, or one of its own',
    'php',
    'function f($x) { $g = function () use (&$x) { $x = 1; }; $g(); return $x; }',
    'function f($x) { $g = function () use ($x) { $x = 1; }; $g(); return $x; }',
    'other',
  ],
  ...distinct('php', (part) => `function f($a, $b) { return ${part}; }`, [
    '[$a, $b]',
    '[$b, $a]',
    '[$a => $b]',
    '[$b => $a]',
    "['a' => $b]",
    "['b' => $b]",
    'new class($b) {}',
    'new class($a) {}',
  ]),
  [
    'entries in another order',
    'php',
    "function f($a, $b) { return ['a' => $a, 'b' => $b]; }",
    "function f($a, $b) { return ['b' => $b, 'a' => $a]; }",
    'same',
  ],
  [
    'the long form of an array',
    'php',
    'function f($a, $b) { return array($a, $b); }',
    'function f($a, $b) { return [$a, $b]; }',
    'same',
  ],
];

function renaming(language: Pair[1], codes: ((name: string) => string)[]): Pair[] {
  return codes.map((code) => ['the name of a variable', language, code('y'), code('zz'), 'same']);
}

/** Each of the codes means something else than the one before. */
function distinct(language: Pair[1], code: (part: string) => string, parts: string[]): Pair[] {
  return parts
    .slice(1)
    .map((part, i) => [
      'what a variable is used for',
      language,
      code(parts[i]),
      code(part),
      'other',
    ]);
}
