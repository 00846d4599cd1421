import { describe, expect, test } from 'vitest';
import { LANGUAGE_IDS } from '../../../server/languages/types.js';
import { loadSimilarity } from '../../../server/similarity/similarity.js';
import { FUNCTIONS } from './functions.js';
import { PAIRS } from './pairs.js';
import { FINDINGS } from './pairsOfFindings.js';
import { FORMS } from './pairsOfForms.js';
import { PARTS } from './pairsOfParts.js';
import { PATTERNS } from './pairsOfPatterns.js';
import { MARKED } from './pairsOfMarked.js';
import { SCOPES } from './pairsOfScopes.js';
import { TYPES } from './pairsOfTypes.js';

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

test.each([...PAIRS, ...PARTS, ...FORMS, ...TYPES, ...FINDINGS, ...PATTERNS, ...SCOPES, ...MARKED])(
  '%s (%s)',
  async (_, language, a, b, verdict) => {
    const cssg = await loadSimilarity(language);
    expect(cssg.parses(a) && cssg.parses(b)).toBe(true);
    const score = cssg.score(a, b);
    if (verdict === 'same') {
      expect(score).toBe(1);
    } else {
      expect(score).toBeLessThan(1);
    }
  },
);
