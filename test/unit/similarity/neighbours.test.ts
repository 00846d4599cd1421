import { beforeAll, describe, expect, test } from 'vitest';
import { loadSimilarity, METRICS, type Similarity } from '../../../server/similarity/similarity.js';

const CODE =
  'def f(xs, k):\n    total = 0\n    for x in xs:\n        total += x * k\n    return total\n';
const PADDING =
  'def g(ys):\n    best = None\n    while ys:\n        best = ys.pop()\n    print(best)\n';

describe.each(METRICS)('%s', (metric) => {
  let measure: Similarity;
  beforeAll(async () => {
    measure = await loadSimilarity('python', metric);
  });

  test('falls when code is added to a match', () => {
    const one = measure.score(CODE, CODE + PADDING);
    expect(one).toBeLessThan(0.95);
    expect(measure.score(CODE, CODE + PADDING + PADDING.replace('g', 'h'))).toBeLessThan(one);
  });

  test('falls when a match is repeated', () => {
    expect(measure.score(CODE, CODE + CODE.replace('f', 'g'))).toBeLessThan(0.95);
  });

  test.each([
    ['an operator', 'x * k', 'x - k'],
    ['a literal', 'total = 0', 'total = 7'],
  ])('sees %s', (_, from, to) => {
    expect(measure.score(CODE, CODE.replace(from, to))).toBeLessThan(1);
  });

  test('gives nothing for code that does not parse, and for none', () => {
    for (const broken of ['', 'def f(', 'lorem ipsum']) {
      expect(measure.score(broken, broken)).toBe(0);
      expect(measure.score(CODE, broken)).toBe(0);
    }
  });
});

describe('CodeBLEU', () => {
  test('gives no credit for data flow that does not match at all', async () => {
    const measure = await loadSimilarity('python', 'codebleu');
    // Nearly the same text; the second has data flow and none of the first's.
    const flowing = 'def f(a):\n    return a + 1\n';
    const other = 'def f(a):\n    return -b\n';
    const without = 'def f(a):\n    return\n';
    expect(measure.score(flowing, other)).toBeLessThan(0.75);
    expect(measure.score(flowing, without)).toBeLessThan(0.75);
  });

  test('leaves data flow out where neither side has any', async () => {
    const measure = await loadSimilarity('python', 'codebleu');
    expect(measure.score('def f():\n    pass\n', 'def f():\n    pass\n')).toBe(1);
  });

  test('reads code without blanks as it reads it with them', async () => {
    const measure = await loadSimilarity('javascript', 'codebleu');
    const spaced = 'function f(a, b) { return a * (b + 1); }';
    expect(measure.score(spaced, 'function f(a,b){return a*(b+1);}')).toBe(1);
  });
});

describe('TSED', () => {
  test('keeps the type of a node that its parent holds by a field', async () => {
    const measure = await loadSimilarity('python', 'tsed');
    // Equal shape, a call in place of an attribute on the left: only the type tells.
    const a = 'def f(a, b):\n    return a.b + b\n';
    const b = 'def f(a, b):\n    return a[b] + b\n';
    expect(measure.score(a, b)).toBeLessThan(1);
  });

  test('is 1 - edits / the larger tree', async () => {
    const measure = await loadSimilarity('python', 'tsed');
    // module(function_definition(def, identifier, parameters((, )), :, block(return_statement(return, integer)))): 12
    const score = measure.score('def f():\n    return 1\n', 'def f():\n    return 2\n');
    expect(score).toBeCloseTo(1 - 1 / 12, 12);
  });
});

describe('CrystalBLEU', () => {
  test('takes no notice of what all code of the corpus shares', async () => {
    const shared = 'import os\n';
    const corpus = Array.from(
      { length: 30 },
      (_, i) => `def f${i}(self):\n    return self.x${i}\n`,
    );
    const measure = await loadSimilarity('python', 'crystalbleu', corpus);
    const plain = await loadSimilarity('python', 'codebleu');
    const a = `${shared}def one(self):\n    return self.alpha\n`;
    const b = `${shared}def two(self):\n    return self.beta\n`;
    expect(measure.score(a, b)).toBeLessThan(plain.score(a, b));
    expect(measure.score(a, a)).toBe(1);
  });
});
