import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { extractUnits } from '../../../server/corpus/extract.js';
import { loadParser } from '../../../server/languages/parser.js';
import { languageForFile } from '../../../server/languages/table.js';
import { isSureMember, wrappersOf } from '../../../server/similarity/wrappers.js';

/** Close to methods, and programs all the same. */
const PROGRAMS = [
  'async (x) => { return x; }',
  'async x => x',
  'async (a: T): R => { x }',
  'async(a: number) => a',
  'async <T>(x: T) => x',
  'get(x)\n{ y() }',
  'foo(a) // c\n{ b }',
  'foo(a\n)\n{\n}',
  'get: (x) => y',
  'get = () => 1',
  'static = 3',
  'if (a) { b }',
  'while (a) { b }',
  'switch (a) { }',
  'for (a of b) { c }',
  'get\nfoo(x)',
  'async\nfoo(x)',
  'static\nx = 3',
  'readonly\nfoo()\n{}',
  'set\n\nfoo(a)',
  'async function f() {}',
  'constructor(a)\n{}',
];

describe.each(['typescript', 'tsx', 'javascript', 'php'] as const)('%s', (language) => {
  test('what is said to be no file by itself has an error as one', async () => {
    const parser = await loadParser(language);
    const folder = join(import.meta.dirname, '../../fixtures/languages');
    const units = readdirSync(folder)
      .filter((file) => languageForFile(file, '')?.id === language)
      .flatMap((file) => extractUnits(parser, readFileSync(join(folder, file), 'utf8')).units);
    const [before, after] = wrappersOf(language)[0];
    const codes = [...units.map(({ code }) => code), ...(language === 'php' ? [] : PROGRAMS)];
    const sure = codes.filter((code) => isSureMember(language, code));
    for (const code of sure) {
      expect(parser.parseClean(before + code + after), code).toBeNull();
    }
    expect(PROGRAMS.filter((code) => sure.includes(code) && parser.parseClean(code))).toEqual([]);
    expect(sure.length).toBeGreaterThan(language === 'tsx' ? -1 : 0);
  });
});
