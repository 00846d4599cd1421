import { describe, expect, it } from 'vitest';
import { repeatsItself } from '../../../server/inference/prose.js';
import { codeTokens, leaksCode, longestSharedRun } from '../../../server/training/leak.js';
import { codeRewards, docReward } from '../../../server/training/reward.js';
import { checkDoc } from '../../../server/training/validity.js';

const facts = { parameters: ['path', 'limit'], returnsValue: true };
const whole =
  'Reads a file.\n@param path where it lies\n@param limit the most bytes\n@returns its text';
const validity = (text: string, own = facts): number => checkDoc(text, own, false, false).validity;

describe('checkDoc', () => {
  it('1 for a whole doc', () => {
    expect(checkDoc(whole, facts, false, false)).toEqual({ validity: 1, faults: [] });
    expect(validity('Closes the file.', { parameters: [], returnsValue: false })).toBe(1);
  });

  it('0.5 where a part is missing, doubled, invented or empty', () => {
    expect(validity('Reads a file.')).toBe(0.5);
    expect(validity(whole.replace('@param limit the most bytes\n', ''))).toBe(0.5);
    expect(validity(`${whole}\n@param path again`)).toBe(0.5);
    expect(validity(whole.replace('limit', 'size'))).toBe(0.5);
    expect(validity(whole.replace('where it lies', ''))).toBe(0.5);
    expect(validity(whole.replace('\n@returns its text', ''))).toBe(0.5);
    expect(validity('Closes it.\n@returns nothing', { parameters: [], returnsValue: false })).toBe(
      0.5,
    );
  });

  it('0.5 where the summary is more than one sentence', () => {
    const closed = { parameters: [], returnsValue: false };
    const second = 'Reads a file. It is closed after.';
    expect(checkDoc(whole.replace('Reads a file.', second), facts, false, false)).toEqual({
      validity: 0.5,
      faults: ['more than one summary sentence'],
    });
    expect(validity('Closes it.\nThen the lock\nis let go.', closed)).toBe(0.5);
    expect(validity('Closes the file,\ne.g. after a crash.', closed)).toBe(1);
    expect(validity('Closes a `File` vs. Folder.', closed)).toBe(1);
  });

  it('0 for an empty, truncated, leaking or repeating doc', () => {
    expect(validity('')).toBe(0);
    expect(validity('@param path where\n@param limit most\n@returns text')).toBe(0);
    expect(validity('Reads')).toBe(0);
    expect(checkDoc(whole, facts, true, false).validity).toBe(0);
    expect(checkDoc(whole, facts, false, true).validity).toBe(0);
    expect(validity(whole.replace('Reads a file', 'Reads the the the file'))).toBe(0);
  });
});

describe('repeatsItself', () => {
  it('finds loops, not ordinary repetition', () => {
    expect(repeatsItself('the end of the end of the end of the')).toBe(true);
    expect(repeatsItself('the file of the folder of the user')).toBe(false);
    expect(repeatsItself('')).toBe(false);
  });
});

describe('leaksCode', () => {
  const signature = 'function sum(values: number[]): number';
  const body =
    '{\n  let total = 0;\n  for (const value of values) {\n    total += value;\n  }\n  return total;\n}';

  it('passes prose, the signature and examples', () => {
    expect(
      leaksCode(
        'Adds up the values.\n@param values the numbers\n@returns their total',
        signature,
        body,
      ),
    ).toBe(false);
    expect(leaksCode('Adds up.\nfunction sum(values: number[])', signature, body)).toBe(false);
    expect(leaksCode('Adds up.\n>>> sum([1, 2])', signature, body)).toBe(false);
    expect(leaksCode('Returns the total, if there is one; else zero.', signature, body)).toBe(
      false,
    );
  });

  it('finds fences and lines of code', () => {
    expect(leaksCode('Adds up.\n```\nx\n```', signature, body)).toBe(true);
    expect(leaksCode('Adds up.\ntotal += value', signature, body)).toBe(true);
    expect(leaksCode('Adds up.\nreturn total;', signature, body)).toBe(true);
    expect(leaksCode('Adds up.\nfor item in values:', signature, body)).toBe(true);
    expect(leaksCode('Adds up.\n@returns reduce(values, add)', signature, body)).toBe(true);
  });

  it('finds code behind the mark of a comment or an example', () => {
    expect(leaksCode('Adds up.\n// total += value', signature, body)).toBe(true);
    expect(leaksCode('Adds up.\n>>> total += value', signature, body)).toBe(true);
    expect(leaksCode('Adds up.\n>>> total = sum(values)', signature, body)).toBe(false);
    // No line is code by itself; together they recite eight tokens.
    const parted = 'Goes over (const value of\n// values\n// )\n// { total +\n// and so on';
    expect(leaksCode(parted, signature, body)).toBe(true);
  });

  it('finds more than six tokens of the body in a row', () => {
    expect(leaksCode('It does for (const value of values) here', signature, body)).toBe(true); // 7 tokens
    expect(leaksCode('It does (const value of values) here', signature, body)).toBe(false); // 6 tokens
  });

  it('counts a dotted name or a string as one token', () => {
    expect(codeTokens('a.b.c.d("x y z w v", 1.5)')).toEqual([
      'a.b.c.d',
      '(',
      '"x y z w v"',
      ',',
      '1.5',
      ')',
    ]);
    expect(longestSharedRun(['a', 'b', 'c'], ['x', 'b', 'c', 'd'])).toBe(2);
  });
});

describe('rewards', () => {
  it('a doc has R_doc times the mean similarity, a code its own', () => {
    expect(docReward({ validity: 0.5, similarities: [0.2, 0.6] })).toBeCloseTo(0.2, 12);
    expect(docReward({ validity: 0, similarities: [] })).toBe(0);
    expect(codeRewards({ validity: 0.5, similarities: [0.2, 0.6] })).toEqual([0.2, 0.6]);
  });
});
