import { describe, expect, it } from 'vitest';
import { withCallees } from '../../../server/corpus/pretraining/docCallees.js';
import { Random } from '../../../server/util/random.js';

const told = (doc: string, rest: string, seed = 1): string =>
  withCallees(doc, { signature: 'def total(items):', rest }, new Random(seed));

describe('withCallees', () => {
  it('puts a sentence behind the summary and leaves the other lines alone', () => {
    const doc = 'Sums up\n@param items what to sum\n@returns the sum';
    const [summary, ...others] = told(doc, '\n    return add_all(items)').split('\n');
    expect(summary).toMatch(/^Sums up\. (?:Uses|Calls|Built on) `?add_all`?\.$/);
    expect(others).toEqual(['@param items what to sum', '@returns the sum']);
  });

  it('names at most three, each once, of all that is called', () => {
    const rest = '\n    return a(b(c(d(e(a(items))))))';
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const named = told('Sums.', rest, seed)
        .replace(/^Sums\. (?:Uses|Calls|Built on) /, '')
        .match(/\b[a-e]\b/g)!;
      expect(new Set(named).size).toBe(named.length);
      expect(named.length).toBeLessThanOrEqual(3);
      named.forEach((name) => seen.add(name));
    }
    expect([...seen].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('names no keyword, not the function itself and nothing that the doc names already', () => {
    const rest = '\n    if (items): return total(f(items)) and not (len(items))';
    expect(told('Sums by f.', rest)).toBe('Sums by f.');
    expect(told('Sums.', rest)).toMatch(/^Sums\. (?:Uses|Calls|Built on) `?f`?\.$/);
  });

  it('takes names of any script and form', () => {
    const rest = '{ return $this->größe_2($x) . Name::of(1); }';
    expect(told('', rest, 3)).toMatch(/größe_2|of/);
  });
});
