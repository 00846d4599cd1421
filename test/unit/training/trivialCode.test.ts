import { describe, expect, it } from 'vitest';
import { extractUnits } from '../../../server/corpus/extract.js';
import { viewOf } from '../../../server/inference/view.js';
import { loadParser } from '../../../server/languages/parser.js';
import type { LanguageId } from '../../../server/languages/types.js';
import { loadSimilarity } from '../../../server/similarity/similarity.js';
import { aboveTrivial, trivialSimilarity } from '../../../server/training/trivialCode.js';

async function trivial(language: LanguageId, text: string): Promise<number> {
  const view = viewOf(extractUnits(await loadParser(language), text).units[0]);
  return trivialSimilarity(view, await loadSimilarity(language));
}

describe('trivialSimilarity', () => {
  it('is what an empty body reaches: something, but not much', async () => {
    const go =
      'package p\nfunc Sum(xs []int) int {\n\tt := 0\n\tfor _, x := range xs {\n\t\tt += x\n\t}\n\treturn t\n}\n';
    const python = 'def sum(xs):\n    t = 0\n    for x in xs:\n        t += x\n    return t\n';
    const ruby = 'def sum(xs)\n  t = 0\n  xs.each { |x| t += x }\n  t\nend\n';
    for (const [language, text] of [
      ['go', go],
      ['python', python],
      ['ruby', ruby],
    ] as const) {
      const floor = await trivial(language, text);
      expect(floor).toBeGreaterThan(0);
      expect(floor).toBeLessThan(0.8);
    }
  });

  it('is 1 for a unit that does nothing', async () => {
    expect(await trivial('typescript', 'function f(): void {}\n')).toBeCloseTo(1, 9);
  });
});

describe('aboveTrivial', () => {
  it('counts from the floor up', () => {
    expect(aboveTrivial(0.4, 0.4)).toBe(0);
    expect(aboveTrivial(0.2, 0.4)).toBe(0);
    expect(aboveTrivial(0.7, 0.4)).toBeCloseTo(0.5, 9);
    expect(aboveTrivial(1, 0.4)).toBe(1);
    expect(aboveTrivial(1, 1)).toBe(0);
  });
});
