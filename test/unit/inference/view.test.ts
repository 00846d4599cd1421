import { describe, expect, it } from 'vitest';
import { extractUnits } from '../../../server/corpus/extract.js';
import {
  dedent,
  firstSentence,
  indentRest,
  rebuild,
  viewOf,
} from '../../../server/inference/view.js';
import { loadParser } from '../../../server/languages/parser.js';

describe('viewOf', () => {
  it('moves a method to the margin and cuts it after the signature', async () => {
    const text = `class A {
  /** Adds up. Also counts.
   * @param values the numbers
   * @param other not there
   * @returns their total */
  sum(values: number[]): number {
    let total = 0;
    return total;
  }
}
`;
    const view = viewOf(extractUnits(await loadParser('typescript'), text).units[0]);
    expect(view.signature).toBe('sum(values: number[]): number');
    expect(view.rest).toBe(' {\n  let total = 0;\n  return total;\n}');
    expect(view.code).toBe(view.signature + view.rest);
    expect(view.doc).toBe('Adds up.\n@param values the numbers\n@returns their total');
    expect(rebuild(view, ' {}')).toBe('sum(values: number[]): number {}');
  });

  it('keeps the depth of a Python body and leaves the docstring out', async () => {
    const text = 'class A:\n    def f(self, x):\n        """Doubles it."""\n        return 2 * x\n';
    const view = viewOf(extractUnits(await loadParser('python'), text).units[0]);
    expect(view.signature).toBe('def f(self, x):');
    expect(view.rest).toBe('\n    return 2 * x');
    expect(view.doc).toBe('Doubles it.');
    expect(view.parameters).toEqual(['x']);
  });
});

describe('indentation', () => {
  it('comes off and goes back on', () => {
    const code = 'f() {\n    a;\n\n    b;\n  }';
    const moved = dedent(code, 2);
    expect(moved).toBe('f() {\n  a;\n\n  b;\n}');
    expect(indentRest(moved, '  ')).toBe(code);
  });
  it('takes no more than every line can spare', () => {
    expect(dedent('f() {\n  a;\n}', 14)).toBe('f() {\n  a;\n}');
  });
});

describe('firstSentence', () => {
  it('ends at a full stop before a new sentence only', () => {
    expect(firstSentence('Reads it. Then closes it.')).toBe('Reads it.');
    expect(firstSentence('Reads e.g. The file.')).toBe('Reads e.g. The file.');
    expect(firstSentence('Version 1.5 of it')).toBe('Version 1.5 of it');
  });
});
