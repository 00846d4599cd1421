import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadSimilarity, METRICS, type Similarity } from '../../../server/similarity/similarity.js';
import {
  areIndependent,
  blocksOf,
  declaresInBlocks,
  expressionsOf,
  LANGUAGES,
  OTHER_NAMES,
  PLAIN,
  type Program,
  program,
  render,
  type Statement,
  statementsOf,
} from './programs.js';

const RUNS = { numRuns: 60, seed: 11 };
const copy = (each: Program): Program => structuredClone(each);

describe.each(LANGUAGES)('CSSG in %s', (language) => {
  let cssg: Similarity;
  beforeAll(async () => {
    cssg = await loadSimilarity(language);
  });

  const score = (a: Program, b: Program) => cssg.score(render(a, language), render(b, language));

  test('is 1 for equal code, symmetric, and in [0, 1]', () => {
    fc.assert(
      fc.property(program, program, (a, b) => {
        expect(score(a, a)).toBe(1);
        const there = score(a, b);
        expect(there).toBe(score(b, a));
        expect(there).toBeGreaterThanOrEqual(0);
        expect(there).toBeLessThanOrEqual(1);
      }),
      RUNS,
    );
  });

  test('does not see names, format and comments', () => {
    fc.assert(
      fc.property(program, (each) => {
        const plain = render(each, language);
        expect(cssg.score(plain, render(each, language, { ...PLAIN, names: OTHER_NAMES }))).toBe(1);
        expect(cssg.score(plain, render(each, language, { ...PLAIN, indent: '\t' }))).toBe(1);
        expect(cssg.score(plain, render(each, language, { ...PLAIN, comments: true }))).toBe(1);
        expect(cssg.score(plain, plain.replace(/\n/g, '\n\n'))).toBe(1);
      }),
      RUNS,
    );
  });

  test('hardly sees the order of two new statements that do not depend on each other', () => {
    fc.assert(
      fc.property(
        program,
        fc.integer({ min: 100, max: 200 }),
        fc.nat(1000),
        (each, constant, pick) => {
          const [a, b] = [copy(each), copy(each)];
          const block = pick % blocksOf(each).length;
          const place = pick % (blocksOf(each)[block].length + 1);
          const first = {
            kind: 'assign' as const,
            index: 0,
            value: { kind: 'number' as const, value: constant },
          };
          const second = {
            ...first,
            index: 1,
            value: { kind: 'number' as const, value: constant + 1 },
          };
          blocksOf(a)[block].splice(place, 0, first, second);
          blocksOf(b)[block].splice(place, 0, second, first);
          expect(score(a, b)).toBeGreaterThanOrEqual(0.95);
        },
      ),
      RUNS,
    );
  });

  test('hardly sees the order of neighbours that do not depend on each other', () => {
    fc.assert(
      fc.property(program, fc.nat(1000), (each, pick) => {
        const changed = copy(each);
        const places = blocksOf(changed).flatMap((block) =>
          block.slice(1).flatMap((at, i) => (areIndependent(block[i], at) ? [{ block, i }] : [])),
        );
        fc.pre(places.length > 0);
        const { block, i } = places[pick % places.length];
        [block[i], block[i + 1]] = [block[i + 1], block[i]];
        expect(score(each, changed)).toBeGreaterThanOrEqual(0.95);
      }),
      RUNS,
    );
  });

  test('sees the order of two writes to one attribute', () => {
    const write = (value: number): Statement => ({
      kind: 'setAttribute',
      index: 0,
      attribute: 'size',
      value: { kind: 'number', value },
    });
    fc.assert(
      fc.property(program, fc.nat(1000), (each, pick) => {
        const [a, b] = [copy(each), copy(each)];
        const block = pick % blocksOf(each).length;
        blocksOf(a)[block].unshift(write(100), write(101));
        blocksOf(b)[block].unshift(write(101), write(100));
        expect(score(a, b)).toBeLessThan(1);
      }),
      RUNS,
    );
  });

  const breaks: [string, (each: Program, pick: number) => boolean][] = [
    [
      'a negated condition',
      (each, pick) => {
        const tests = statementsOf(each).filter((at) => at.kind === 'if' || at.kind === 'while');
        const chosen = tests[pick % Math.max(1, tests.length)];
        if (chosen?.kind !== 'if' && chosen?.kind !== 'while') {
          return false;
        }
        chosen.condition.negated = !chosen.condition.negated;
        return true;
      },
    ],
    [
      'swapped operands',
      (each, pick) => {
        const found = expressionsOf(each).filter(
          (at) =>
            at.kind === 'binary' &&
            (at.operator === '-' || at.operator === '/') &&
            JSON.stringify(at.left) !== JSON.stringify(at.right),
        );
        const chosen = found[pick % Math.max(1, found.length)];
        if (chosen?.kind !== 'binary') {
          return false;
        }
        [chosen.left, chosen.right] = [chosen.right, chosen.left];
        return true;
      },
    ],
    [
      'a statement left out',
      (each, pick) => {
        each.body.splice(pick % each.body.length, 1);
        return true;
      },
    ],
    [
      'another callee',
      (each, pick) => {
        const found = expressionsOf(each).filter((at) => at.kind === 'call');
        const chosen = found[pick % Math.max(1, found.length)];
        if (chosen?.kind !== 'call') {
          return false;
        }
        chosen.callee = 'unheard';
        return true;
      },
    ],
    [
      'the other side of a slice',
      (each, pick) => {
        const found = expressionsOf(each).filter(
          (at) => at.kind === 'slice' && (at.from === null) !== (at.to === null),
        );
        const chosen = found[pick % Math.max(1, found.length)];
        if (chosen?.kind !== 'slice') {
          return false;
        }
        [chosen.from, chosen.to] = [chosen.to, chosen.from];
        return true;
      },
    ],
    [
      'another constant',
      (each, pick) => {
        const found = expressionsOf(each).filter((at) => at.kind === 'number');
        const chosen = found[pick % Math.max(1, found.length)];
        if (chosen?.kind !== 'number') {
          return false;
        }
        chosen.value += 1000;
        return true;
      },
    ],
  ];

  test.each(breaks)('sees %s', (_, change) => {
    fc.assert(
      fc.property(program, fc.nat(1000), (each, pick) => {
        const changed = copy(each);
        fc.pre(change(changed, pick));
        expect(score(each, changed)).toBeLessThan(1);
      }),
      RUNS,
    );
  });

  test('gives garbage less than 0.2 against anything', () => {
    fc.assert(
      fc.property(program, fc.lorem(), fc.string(), (each, words, noise) => {
        const code = render(each, language);
        for (const garbage of [
          words,
          noise,
          '',
          code.slice(0, code.length / 2 - 1).replace(/\n.*$/, '(('),
        ]) {
          expect(cssg.score(code, garbage)).toBeLessThan(0.2);
          expect(cssg.parses(garbage)).toBe(false);
        }
      }),
      RUNS,
    );
  });
});

test.each(LANGUAGES.filter(declaresInBlocks))(
  'CSSG does not see that a variable hides another (%s)',
  async (language) => {
    const cssg = await loadSimilarity(language);
    fc.assert(
      fc.property(program, fc.nat(1000), (each, pick) => {
        const blocks = blocksOf(each).slice(1);
        fc.pre(blocks.some((block) => block.length > 0));
        const filled = blocks.filter((block) => block.length > 0);
        const block = filled[pick % filled.length];
        const [hiding, other] = [PLAIN.names[0], 'inner'].map((name) =>
          render(each, language, { ...PLAIN, own: { block, name } }),
        );
        expect(hiding).not.toBe(other);
        expect(cssg.score(hiding, other)).toBe(1);
      }),
      RUNS,
    );
  },
);

describe.each(METRICS)('%s', (metric) => {
  test('is 1 for equal code, symmetric, in [0, 1], and 0 for what does not parse', async () => {
    const measure = await loadSimilarity('python', metric);
    fc.assert(
      fc.property(program, program, (one, other) => {
        const [a, b] = [render(one, 'python'), render(other, 'python')];
        expect(measure.score(a, a)).toBe(1);
        expect(measure.score(a, b)).toBe(measure.score(b, a));
        expect(measure.score(a, b)).toBeGreaterThanOrEqual(0);
        expect(measure.score(a, b)).toBeLessThanOrEqual(1);
        expect(measure.score(a, 'def (')).toBe(0);
      }),
      { numRuns: metric === 'tsed' ? 3 : 20, seed: 3 },
    );
  });
});

test('functions too large for the assignment are matched all the same', async () => {
  const cssg = await loadSimilarity('typescript');
  // More nodes of one category than are assigned at their least cost.
  const large = (callee: (i: number) => string) => {
    const calls = Array.from({ length: 200 }, (_, i) => `  a = ${callee(i)}(a, ${i});`);
    return `function f(a: number) {\n${calls.join('\n')}\n  return a;\n}`;
  };
  const plain = large((i) => `g${i % 9}`);
  const changed = large((i) => (i === 100 ? 'h' : `g${i % 9}`));
  const other = large((i) => `h${i % 7}`);
  expect(cssg.score(plain, changed)).toBeGreaterThan(0.99);
  expect(cssg.score(plain, changed)).toBeLessThan(1);
  expect(cssg.score(plain, other)).toBeLessThan(cssg.score(plain, changed));
  expect(cssg.score(plain, other)).toBe(cssg.score(other, plain));
  expect(cssg.score(plain.replace(/\ba\b/g, 'b'), changed)).toBe(cssg.score(plain, changed));
});

test('the same bits on every run', async () => {
  const sums = await Promise.all(
    LANGUAGES.map(async (language) => {
      const cssg = await loadSimilarity(language);
      const programs = fc.sample(program, { numRuns: 30, seed: 5 });
      return programs
        .slice(1)
        .reduce(
          (sum, each, i) => sum + cssg.score(render(programs[i], language), render(each, language)),
          0,
        );
    }),
  );
  // Integer costs and one division: these do not depend on the machine. They change when costs or graphs do.
  expect(sums).toMatchInlineSnapshot(`
    [
      10.511285580195878,
      10.455824077844191,
      10.511285580195878,
      10.259513062648596,
    ]
  `);
});
