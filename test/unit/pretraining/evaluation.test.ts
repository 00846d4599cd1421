import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PretrainingRecord } from '../../../server/corpus/pretraining/record.js';
import type { Doc, LanguageId } from '../../../server/languages/types.js';
import { loadSimilarity } from '../../../server/similarity/similarity.js';
import { Bm25 } from '../../../server/training/pretraining/evaluation/bm25.js';
import { Neighbours } from '../../../server/training/pretraining/evaluation/neighbours.js';
import {
  scoreCode,
  scoreDoc,
  scoreEmptyBody,
} from '../../../server/training/pretraining/evaluation/scores.js';
import { clearlyAhead, tabulate } from '../../../server/training/pretraining/evaluation/tables.js';
import {
  rulesTemplate,
  wordsTemplate,
} from '../../../server/training/pretraining/evaluation/template.js';
import {
  drawUnits,
  shareOut,
  unitOf,
} from '../../../server/training/pretraining/evaluation/units.js';

function record(
  language: LanguageId,
  name: string,
  signature: string,
  rest: string,
  doc: string | null,
): PretrainingRecord {
  const code = signature + rest;
  const split = 'evaluation';
  return { language, name, code, signature, rest, doc, source: 0, file: `${name}.x`, split };
}

async function* stream(records: readonly PretrainingRecord[]): AsyncGenerator<PretrainingRecord> {
  yield* await Promise.resolve(records);
}

const SUM = record(
  'python',
  'sum_all',
  'def sum_all(values, start):',
  '\n    total = start\n    for value in values:\n        total += value\n    return total',
  'Adds up the values. Nothing is changed.\n@param start where to begin\n@returns the sum',
);

describe('shareOut', () => {
  it('gives as evenly as the limits allow, and never more', () => {
    expect(shareOut(10, [100, 2, 100])).toEqual([4, 2, 4]);
    expect(shareOut(7, [3, 3, 3])).toEqual([3, 2, 2]);
    expect(shareOut(50, [3, 4])).toEqual([3, 4]);
    expect(shareOut(2, [0, 5, 5, 5])).toEqual([0, 1, 1, 0]);
    const limits = fc.array(fc.nat(50), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(300), limits, (count, most) => {
        const shares = shareOut(count, most);
        const total = most.reduce((a, b) => a + b);
        expect(shares.reduce((a, b) => a + b)).toBe(Math.min(count, total));
        expect(shares.every((share, i) => share <= most[i])).toBe(true);
        const open = shares.filter((share, i) => share < most[i]);
        expect(Math.max(...open, 0) - Math.min(...open, Infinity)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('drawUnits', () => {
  it('draws documented units that fit, as many of each language, the same for the same seed', async () => {
    const records = (['python', 'go'] as const).flatMap((language) =>
      Array.from({ length: 20 }, (_, i) =>
        language === 'python'
          ? record('python', `f${i}`, `def f${i}(a):`, '\n    return a', i < 15 ? 'Does it.' : null)
          : record('go', `F${i}`, `func F${i}(a int) int`, ' {\n\treturn a\n}', 'Does it.'),
      ),
    );
    const draw = (seed: number) =>
      drawUnits(stream(records), 8, seed, ({ name }) => name !== 'f3' && name !== 'F3');
    const { units, population } = await draw(1);
    expect(units.map(({ language }) => language)).toEqual([
      ...Array<string>(4).fill('python'),
      ...Array<string>(4).fill('go'),
    ]);
    expect(new Set(units.map(({ name }) => name)).size).toBe(8);
    expect(units.some(({ name }) => /^[fF]3$/.test(name))).toBe(false);
    expect(population.get('python')).toEqual({ documented: 15, tooLong: 1 });
    expect((await draw(1)).units).toEqual(units);
    expect((await draw(2)).units).not.toEqual(units);
  });

  it('keeps the function before in the same file, if it is short and not around the next', async () => {
    const first = { ...record('python', 'f', 'def f(a):', '\n    return a', null), file: 'a.py' };
    const second = { ...SUM, file: 'a.py' };
    const before = async (...records: PretrainingRecord[]) =>
      (await drawUnits(stream(records), 1, 1, () => true)).units[0].before;
    expect(await before(first, second)).toBe(first.code);
    expect(await before(second)).toBeUndefined();
    expect(await before({ ...first, file: 'b.py' }, second)).toBeUndefined();
    expect(await before({ ...first, source: 1 }, second)).toBeUndefined();
    expect(await before({ ...first, code: first.code.repeat(99) }, second)).toBeUndefined();
    const outer = { ...first, code: `def outer():\n    ${second.code}` };
    expect(await before(outer, second)).toBeUndefined();
  });

  it('reads the parameters and the return, of members of classes too', async () => {
    expect(await unitOf(SUM)).toMatchObject({
      parameters: ['values', 'start'],
      returnsValue: true,
      summary: 'Adds up the values.',
    });
    const member = record('java', 'run', 'public void run(int times)', ' {\n}', 'Runs it often.');
    expect(await unitOf(member)).toMatchObject({ parameters: ['times'], returnsValue: false });
    const php = record(
      'php',
      'get',
      'public function get($key)',
      '\n{\n return $key;\n}',
      'Gets it.',
    );
    expect(await unitOf(php)).toMatchObject({ parameters: ['key'], returnsValue: true });
    await expect(unitOf({ ...SUM, name: 'other' })).rejects.toThrow('not found');
  });
});

describe('Bm25', () => {
  it('scores as worked by hand', () => {
    // Lengths 2, 1, 3: mean 2. "b" stands in 2 of 3: ln(1 + 1.5 / 2.5) = 0.470; "a" in 1: ln(1 + 2.5 / 1.5) = 0.981.
    const index = new Bm25();
    index.add(['a', 'b']);
    index.add(['b']);
    index.add(['c', 'c', 'd']);
    // 1 x 2.2 / (1 + 1.2 x (0.25 + 0.75 x 1 / 2)) = 1.257 x 0.470, against 1 x 0.470.
    expect(index.nearest(['b'])).toBe(1);
    expect(index.nearest(['a', 'b'])).toBe(0);
    expect(index.nearest(['d'])).toBe(2);
    expect(index.nearest(['x'])).toBeNull();
    // One "a" against "b" three times: 0.981 + 0.470 x 3 = 2.39 and 0.470 x 1.257 x 3 = 1.77.
    expect(index.nearest(['a', 'b', 'b', 'b'])).toBe(0);
  });
});

describe('templates', () => {
  const named = (
    language: LanguageId,
    name: string,
    parameters: string[],
    returnsValue = true,
  ) => ({
    language,
    name,
    parameters,
    returnsValue,
  });
  it('spells out the names', () => {
    expect(wordsTemplate(named('python', 'copy_user_name', ['userId', 'deep']))).toEqual({
      summary: 'Copies the user name from the user id and the deep.',
      params: [
        { name: 'userId', text: 'the user id' },
        { name: 'deep', text: 'the deep' },
      ],
      returns: 'the result',
    });
    expect(wordsTemplate(named('go', 'Push', [], false))).toEqual({
      summary: 'Pushes.',
      params: [],
      returns: null,
    });
  });
  it('knows getters, questions, nouns, conversions and the habit of Go', () => {
    const said = (language: LanguageId, name: string) =>
      rulesTemplate(named(language, name, [])).summary;
    expect(said('java', 'getUserName')).toBe('Returns the user name.');
    expect(said('java', 'isEmpty')).toBe('Returns whether it is empty.');
    expect(said('ruby', 'first_line')).toBe('Returns the first line.');
    expect(said('php', 'toArray')).toBe('Converts to array.');
    expect(said('rust', 'parse_header')).toBe('Parses the header.');
    expect(said('go', 'ParseHeader')).toBe('ParseHeader parses the header.');
    expect(said('python', '_')).toBe('Returns the value.');
  });
});

describe('Neighbours', () => {
  it('finds by name and signature for docs, by doc and signature for code, within the language', async () => {
    const training = [
      record('python', 'sum_items', 'def sum_items(items):', '\n    return 1', 'Sums. Then ends.'),
      record(
        'python',
        'read',
        'def read(path):',
        '\n    return 2',
        'Adds up the values of a file.',
      ),
      record('python', 'sum_all', 'def sum_all(values, start):', '\n    pass', null),
      record('go', 'sum_all', 'func sum_all(values int)', ' {}', 'Adds up the values.'),
    ];
    const neighbours = await Neighbours.read(stream(training), new Set<LanguageId>(['python']));
    expect(neighbours.doc('python', SUM)).toEqual({ summary: 'Sums.', params: [], returns: null });
    expect(neighbours.rest('python', SUM)).toBe('\n    return 2');
    expect(neighbours.doc('go', SUM)).toBeNull();
    expect(neighbours.rest('python', { name: '_', signature: '()', doc: '' })).toBeNull();
  });
});

describe('scores', () => {
  it('compares summaries, and counts the parameters of the whole doc', async () => {
    const unit = await unitOf(SUM);
    const doc: Doc = {
      summary: 'Adds up the values.',
      params: ['values', 'extra', 'start', 'start'].map((name) => ({ name, text: 'it' })),
      returns: null,
    };
    expect(scoreDoc(doc, unit)).toEqual({
      chrf: 1,
      rougeL: 1,
      bleu4: 1,
      named: 1,
      parameters: 2,
      invented: 1,
    });
    expect(scoreDoc(null, unit)).toEqual({
      chrf: 0,
      rougeL: 0,
      bleu4: 0,
      named: 0,
      parameters: 0,
      invented: 0,
    });
  });

  it('scores code by parse, sameness and similarity', async () => {
    const unit = await unitOf(SUM);
    const similarity = await loadSimilarity('python');
    expect(scoreCode(`${unit.rest}\n`, unit, similarity)).toEqual({
      parses: 1,
      exact: 1,
      cssg: 1,
      chrf: 1,
    });
    expect(scoreCode('\n    return )', unit, similarity)).toMatchObject({ parses: 0, cssg: 0 });
    expect(scoreCode(null, unit, similarity)).toMatchObject({ parses: 0, exact: 0, cssg: 0 });
    const renamed = unit.rest.replace(/total/g, 'result');
    expect(scoreCode(renamed, unit, similarity)).toMatchObject({ parses: 1, exact: 0, cssg: 1 });
    const empty = scoreEmptyBody(unit, similarity);
    expect(empty.cssg).toBeGreaterThan(0);
    expect(empty.cssg).toBeLessThan(1);
  });
});

describe('tabulate', () => {
  it('averages by language and in all, and tells the lead over each baseline, unit by unit', () => {
    const scores = new Map([
      ['model', [1, 0.5, 0.2].map((x) => ({ x }))],
      ['weak', [0, 0, 0.1].map((x) => ({ x }))],
      ['strong', [0.5, 0, 0.6].map((x) => ({ x }))],
    ]);
    const table = tabulate(['go', 'go', 'python'], scores, ['x'], ['weak', 'strong'], 1);
    const { rows } = table;
    expect(rows.map(({ language, units }) => [language, units])).toEqual([
      ['python', 1],
      ['go', 2],
      ['all', 3],
    ]);
    const [python, go, all] = rows;
    expect(go.figures.x.model).toMatchObject({ mean: 0.75, low: 0.5, high: 1, count: 2 });
    // Of each unit: 0.5 and 0.5, so that there is no spread.
    expect(go.ahead.x['strong']).toMatchObject({ mean: 0.5, low: 0.5, high: 0.5 });
    expect(python.ahead.x['strong']!.mean).toBeCloseTo(-0.4, 12);
    expect(python.ahead.x['weak']!.mean).toBeCloseTo(0.1, 12);
    expect(all.figures.x.strong.mean).toBeCloseTo(1.1 / 3, 12);
    expect(clearlyAhead(table, ['weak'])).toEqual(['python', 'go']);
    expect(clearlyAhead(table, ['weak', 'strong'])).toEqual(['go']);
  });
});
