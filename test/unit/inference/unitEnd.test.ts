import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { extractUnits } from '../../../server/corpus/extract.js';
import { UnitEnd } from '../../../server/inference/unitEnd.js';
import { viewOf, type UnitView } from '../../../server/inference/view.js';
import { loadParser, type LanguageParser } from '../../../server/languages/parser.js';
import { languageForFile } from '../../../server/languages/table.js';
import { loadSimilarity, type Similarity } from '../../../server/similarity/similarity.js';
import { Random } from '../../../server/util/random.js';

const FIXTURES = new URL('../../fixtures/languages/', import.meta.url).pathname;
const files = readdirSync(FIXTURES).filter((name) => !name.endsWith('.expected'));
const PIECES =
  '\n    \n|\n|  |{|}|(|)|end\n|end|return x|;|:|"|\'|/*|*/|//|#|if x|else|x = 1|def f():|=|, |[|]|=>|\n}\n|\n}|pass|0| a|`';

describe.each(files)('code like that of %s', (file) => {
  const text = readFileSync(join(FIXTURES, file), 'utf8');
  const language = languageForFile(file, text)!;
  let parser: LanguageParser;
  let similarity: Similarity;
  let views: UnitView[];
  const headOf = (view: UnitView): string =>
    view.code.slice(0, view.code.length - view.rest.length);
  beforeAll(async () => {
    parser = await loadParser(language.id);
    similarity = await loadSimilarity(language.id);
    // An empty body, which some languages write without a sign, is nothing to write.
    views = extractUnits(parser, text)
      .units.filter(({ body }) => body.trim() !== '')
      .map(viewOf);
  });

  test('is ended where its unit ends, whatever follows', () => {
    const next = views[0].code;
    for (const view of views) {
      for (const more of ['', `\n\n${next}\n`, '\n\n;;; ((( nothing that parses\n', '\nx = ']) {
        const end = new UnitEnd(parser, headOf(view));
        const whole = view.rest + more;
        const closed = more === '';
        if (!closed) {
          let at = 0;
          while (at < whole.length && !end.reached(whole.slice(0, at))) {
            at++;
          }
          expect(at).toBeLessThan(whole.length);
        }
        expect(end.rest(whole, closed)?.trimEnd()).toBe(view.rest.trimEnd());
      }
    }
  });

  test('is not taken for whole while it is not', () => {
    for (const view of views) {
      const lines = view.rest.trimEnd().split('\n');
      for (let count = 1; count < lines.length; count++) {
        const part = lines.slice(0, count).join('\n');
        expect(new UnitEnd(parser, headOf(view)).rest(`${part}\n`, false)).toBeNull();
      }
    }
  });

  test('parses, or is withheld, where it is random', () => {
    const random = new Random(5);
    const pieces = PIECES.split('|');
    let whole = 0;
    for (let round = 0; round < 60; round++) {
      const view = views[random.int(views.length)];
      const cut = random.next() < 0.5 ? view.rest.length : random.int(view.rest.length);
      let made = view.rest.slice(0, cut);
      for (let i = random.int(5); i > 0; i--) {
        made += pieces[random.int(pieces.length)];
      }
      const rest = new UnitEnd(parser, headOf(view)).rest(made, random.next() < 0.5);
      if (rest !== null) {
        whole++;
        expect(similarity.parses(headOf(view) + rest)).toBe(true);
        expect(made.startsWith(rest.replace(/[;,]*$/, ''))).toBe(true);
      }
    }
    expect(whole).toBeGreaterThan(0);
  });
});

describe('the end of a unit', () => {
  const end = async (language: 'typescript' | 'python' | 'kotlin', signature: string) =>
    new UnitEnd(await loadParser(language), signature);

  test('is a dedented line in Python, also after lines that would do', async () => {
    const unit = await end('python', 'def f(x):');
    expect(unit.reached('\n    y = x\n    return y\n\n')).toBe(false);
    expect(unit.reached('\n    y = x\n    return y\n\nd')).toBe(true);
    expect(unit.rest('\n    y = x\n    return y\n\nd', false)).toBe('\n    y = x\n    return y');
  });

  test('is not a line at the margin inside a string or a bracket', async () => {
    const text = '\n    y = """\nno end\n"""\n    return max(x,\ny)\n';
    expect((await end('python', 'def f(x):')).reached(text)).toBe(false);
    expect((await end('python', 'def f(x):')).rest(text, true)).toBe(text.trimEnd());
  });

  test('leaves an expression that goes on in the next line', async () => {
    const text = ' =\n    x.map { it + 1 }\n        .filter { it > 2 }\n';
    const unit = await end('kotlin', 'fun f(x: List<Int>): List<Int>');
    expect(unit.reached(text)).toBe(false);
    expect(unit.rest(text, true)).toBe(text.trimEnd());
  });

  test('is there at the closing brace, and takes a semicolon along', async () => {
    const unit = await end('typescript', 'const f = (x: number): number =>');
    expect(unit.reached(' {\n  return x;\n};\n')).toBe(true);
    expect(unit.rest(' {\n  return x;\n};\n', false)).toBe(' {\n  return x;\n};');
  });

  test('is nowhere in a declaration without a body', async () => {
    expect((await end('typescript', 'function f(x: number): number')).rest(';\n', true)).toBeNull();
    expect((await end('kotlin', 'fun f(x: Int): Int')).rest('\n', true)).toBeNull();
  });
});
