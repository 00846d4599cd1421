import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Contamination } from '../../../server/corpus/pretraining/contamination.js';
import type { Harvested } from '../../../server/corpus/pretraining/harvest.js';
import type { PretrainingRecord } from '../../../server/corpus/pretraining/record.js';
import {
  type SelectableSource,
  type SelectionReport,
  select,
} from '../../../server/corpus/pretraining/select.js';

/** A function whose code is unlike that of any other number. */
function unit(number: number, more: Partial<Harvested> = {}): Harvested {
  const names = Array.from({ length: 12 }, (_, i) => `value${number}_${i}`);
  const signature = `def work_${number}(${names[0]}):`;
  const rest = `\n    ${names.map((name) => `${name} = call_${name}()`).join('\n    ')}\n    return ${number}`;
  return {
    language: 'python',
    name: `work_${number}`,
    code: signature + rest,
    signature,
    rest,
    doc: `Does the work of number ${number}.`,
    file: `file${number % 3}.py`,
    ...more,
  };
}

function source(
  index: number,
  split: SelectableSource['split'],
  units: Harvested[],
): SelectableSource {
  return {
    index,
    split,
    async *units() {
      yield* await Promise.resolve(units);
    },
  };
}

async function run(
  sources: SelectableSource[],
  contamination = new Contamination(),
  capChars = 1e9,
): Promise<{ records: PretrainingRecord[]; reports: Map<number, SelectionReport> }> {
  const records: PretrainingRecord[] = [];
  const reports = new Map<number, SelectionReport>();
  for await (const record of select(sources, contamination, { seed: 1, capChars }, (i, report) =>
    reports.set(i, report),
  )) {
    records.push(record);
  }
  return { records, reports };
}

describe('select', () => {
  it('takes from training what stands in a source set aside, whatever the order of the list', async () => {
    const { records, reports } = await run([
      source(0, 'train', [unit(1), unit(2)]),
      source(1, 'evaluation', [unit(2), unit(3)]),
      source(2, 'workspace', [unit(1)]),
    ]);
    expect(records.map(({ split, name }) => `${split} ${name}`).sort()).toEqual([
      'evaluation work_2',
      'evaluation work_3',
      'workspace work_1',
    ]);
    expect(reports.get(0)).toMatchObject({ units: 0, rejected: { 'near-duplicate': 2 } });
  });

  it('finds a copy with another layout, and keeps code that is different', async () => {
    const copy = unit(1, { file: 'copied.py' });
    copy.code = copy.code.replaceAll('    ', '\t\t');
    const { records } = await run([source(0, 'train', [unit(1), copy, unit(2)])]);
    expect(records.map(({ name, file }) => `${name} ${file}`)).toEqual([
      'work_1 file1.py',
      'work_2 file2.py',
    ]);
  });

  it('drops what shares text with a benchmark', async () => {
    const contamination = new Contamination();
    contamination.add(unit(2).code);
    const { records, reports } = await run([source(0, 'train', [unit(1), unit(2)])], contamination);
    expect(records.map(({ name }) => name)).toEqual(['work_1']);
    expect(reports.get(0)?.rejected).toEqual({ 'in-a-benchmark': 1 });
  });

  it('keeps a doc that many units share on the first few only', async () => {
    const units = Array.from({ length: 6 }, (_, i) => unit(i, { doc: 'Gets or sets the value.' }));
    const { records, reports } = await run([source(0, 'train', units)]);
    expect(records.map(({ doc }) => doc !== null)).toEqual([true, true, true, false, false, false]);
    expect(reports.get(0)).toMatchObject({ documented: 3, boilerplateDocs: 3 });
  });

  it('caps a training source, by seed, and leaves those set aside whole', async () => {
    const units = Array.from({ length: 30 }, (_, i) => unit(i));
    const others = Array.from({ length: 30 }, (_, i) => unit(100 + i));
    const capChars = 10 * unit(20).code.length;
    const { records, reports } = await run(
      [source(0, 'train', units), source(1, 'evaluation', others)],
      undefined,
      capChars,
    );
    const train = records.filter(({ split }) => split === 'train');
    expect(train.length).toBeGreaterThan(7);
    expect(train.length).toBeLessThan(12);
    expect(records.length - train.length).toBe(30);
    expect(reports.get(0)?.rejected['over-the-cap']).toBe(30 - train.length);
    const again = await run([source(0, 'train', units)], undefined, capChars);
    expect(again.records).toEqual(train);
  });
});

describe('Contamination', () => {
  it('reads plain and compressed files, and finds a solution in other clothes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'benchmark-'));
    const task = {
      prompt: 'def nearest_pair(points): """Find the two points that are nearest to each other."""',
      canonical_solution: '    return min(combinations(points, 2), key=lambda p: dist(p[0], p[1]))',
    };
    writeFileSync(join(folder, 'a.jsonl'), `${JSON.stringify(task)}\n\n`);
    writeFileSync(join(folder, 'b.jsonl.gz'), gzipSync(JSON.stringify(task)));
    for (const name of ['a.jsonl', 'b.jsonl.gz']) {
      const contamination = new Contamination();
      contamination.addFile(join(folder, name));
      expect(
        contamination.holds('// FIND the two points that are nearest\n// to each other, quickly'),
      ).toBe(true);
      expect(
        contamination.holds('finds the two points that are far from each other in a plane'),
      ).toBe(false);
    }
    expect(() => new Contamination().addFile(join(folder, 'c.jsonl'))).toThrow(/cannot be read/);
  });

  const phrase = (field: string) => `one two three four five six seven eight nine ${field}`;

  it.each([
    ['HumanEval', ['prompt', 'canonical_solution', 'test'], ['task_id', 'entry_point']],
    ['MBPP', ['text', 'code', 'test_list'], ['test_setup_code']],
    ['a translation', ['prompt', 'description', 'canonical_solution', 'test'], ['language']],
  ])('takes task, solution and tests of %s', (_, fields, others) => {
    const file = join(mkdtempSync(join(tmpdir(), 'benchmark-')), 'a.jsonl');
    const task = Object.fromEntries([...fields, ...others].map((key) => [key, phrase(key)]));
    const tests = { test_list: ['assert f(1) == 2', phrase('test_list')] };
    writeFileSync(file, JSON.stringify('test_list' in task ? { ...task, ...tests } : task));
    const contamination = new Contamination();
    contamination.addFile(file);
    expect(fields.filter((field) => contamination.holds(phrase(field)))).toEqual(fields);
    expect(others.filter((field) => contamination.holds(phrase(field)))).toEqual([]);
  });

  it('takes a solution that is missing for none, and says which files it read', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'benchmark-')), 'a.jsonl');
    writeFileSync(file, JSON.stringify({ prompt: phrase('prompt'), canonical_solution: null }));
    const contamination = new Contamination();
    contamination.addFile(file);
    expect(contamination.files).toEqual([
      { name: 'a.jsonl', sha256: createHash('sha256').update(readFileSync(file)).digest('hex') },
    ]);
  });

  it.each([
    ['{"question": "one two three"}', /is no benchmark: no line has any of prompt/],
    ['{"prompt":', /cannot be read/],
  ])('refuses a file that would keep nothing out: %s', (text, message) => {
    const file = join(mkdtempSync(join(tmpdir(), 'benchmark-')), 'a.jsonl');
    writeFileSync(file, text);
    expect(() => new Contamination().addFile(file)).toThrow(message);
  });

  it('takes a short text as a whole only', () => {
    const contamination = new Contamination();
    contamination.add('return sum of all even numbers below n');
    expect(contamination.holds('Return sum of all even numbers below n')).toBe(true);
    expect(contamination.holds('return sum of all even numbers')).toBe(false);
  });
});
