import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { extractUnits } from '../../../server/corpus/extract.js';
import type { CorpusUnit } from '../../../server/corpus/unit.js';
import { identifierPattern, rebuild, viewOf } from '../../../server/inference/view.js';
import { languageForPath } from '../../../server/languages/table.js';
import { loadParser } from '../../../server/languages/parser.js';
import type { LanguageId } from '../../../server/languages/types.js';
import { loadSimilarity } from '../../../server/similarity/similarity.js';
import { maskUnit } from '../../../server/training/maskedName.js';

async function unitsOf(language: LanguageId, text: string): Promise<CorpusUnit[]> {
  const { units } = extractUnits(await loadParser(language), text);
  return units.map((unit) => ({ ...unit, file: 'file', split: 'held-out' }));
}

async function maskedOf(language: LanguageId, text: string): Promise<CorpusUnit> {
  const [unit] = await unitsOf(language, text);
  return maskUnit(unit, await loadSimilarity(language));
}

it('puts a neutral name wherever the own one stands as a word', async () => {
  const masked = await maskedOf(
    'python',
    'def fact(n):\n    if n < 0:\n        raise ValueError("fact of " + factor(n))\n    return n * fact(n - 1) if n else 1\n',
  );
  expect(masked.name).toBe('func');
  expect(masked.signature).toBe('def func(n):');
  expect(viewOf(masked).code).toBe(
    'def func(n):\n    if n < 0:\n        raise ValueError("func of " + factor(n))\n    return n * func(n - 1) if n else 1',
  );
});

it('compares a recursive function with code under the same name', async () => {
  const text = 'function fact(n) { return n === 0 ? 1 : n * fact(n - 1); }';
  const similarity = await loadSimilarity('javascript');
  const [unit] = await unitsOf('javascript', text);
  const view = viewOf(maskUnit(unit, similarity));
  const written = ' { return n === 0 ? 1 : n * func(n - 1); }';
  expect(similarity.score(view.code, rebuild(view, written))).toBe(1);
  const plain = viewOf(unit);
  expect(similarity.score(plain.code, rebuild(plain, written))).toBeLessThan(1);
});

it('takes a name that the code does not have: func is a keyword of Go', async () => {
  const masked = await maskedOf('go', 'package p\n\nfunc Half(n int) int { return n / 2 }\n');
  expect(masked.signature).toBe('func func1(n int) int');
});

it('leaves an operator as it is', async () => {
  const text = 'class Box\n  def ==(other)\n    @size == other.size\n  end\nend\n';
  const [unit] = await unitsOf('ruby', text);
  expect(maskUnit(unit, await loadSimilarity('ruby'))).toBe(unit);
});

it('hides every name in every language, but for operators and words of the language', async () => {
  const samples = join(import.meta.dirname, '../../fixtures/languages');
  const kept: string[] = [];
  for (const file of readdirSync(samples).filter((name) => !name.endsWith('.expected'))) {
    const { id } = languageForPath(file)!;
    const similarity = await loadSimilarity(id);
    for (const unit of await unitsOf(id, readFileSync(join(samples, file), 'utf8'))) {
      const { code } = viewOf(unit);
      const masked = maskUnit(unit, similarity);
      const view = viewOf(masked);
      expect(view.code.endsWith(view.signature + view.rest), view.code).toBe(true);
      if (masked !== unit) {
        expect(view.code, file).not.toMatch(identifierPattern(unit.name));
      } else if (similarity.score(code, code) > 0.999 && /^\w+$/.test(unit.name)) {
        kept.push(unit.name);
      }
    }
  }
  expect(kept.sort()).toEqual(['12', 'constructor', 'default']);
});
