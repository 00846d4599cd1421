import { describe, expect, it } from 'vitest';
import { loadParser } from '../../../server/languages/parser.js';
import {
  LANGUAGES,
  languageById,
  languageForFile,
  languageForPath,
  languageForVscodeId,
} from '../../../server/languages/table.js';
import { LANGUAGE_IDS } from '../../../server/languages/types.js';

const HELLO: Record<string, string> = {
  typescript: 'const a: number = 1;',
  tsx: 'const a = <p>{x}</p>;',
  javascript: 'const a = 1;',
  python: 'a = 1\n',
  go: 'package a\n',
  java: 'class A {}',
  rust: 'fn f() {}',
  c: 'int f(void) { return 1; }',
  cpp: 'namespace a { class B {}; }',
  ruby: 'def f = 1\n',
  php: '<?php echo 1;',
  csharp: 'class A {}',
  kotlin: 'val a = 1\n',
  scala: 'object A { def f = 1 }',
  lua: 'local a = 1',
  bash: 'f() { echo 1; }',
};

describe('the language table', () => {
  it('has an entry for every language id, in order', () => {
    expect(LANGUAGES.map(({ id }) => id)).toEqual([...LANGUAGE_IDS]);
    expect(languageById('go').name).toBe('Go');
  });

  it('finds languages by name, content and editor id', () => {
    expect(languageForPath('a/b/x.TS')?.id).toBe('typescript');
    expect(languageForPath('C:\\x\\Rakefile')?.id).toBe('ruby');
    expect(languageForPath('a.py/notes')).toBeNull();
    expect(languageForPath('.ts')).toBeNull();
    expect(languageForVscodeId('shellscript')?.id).toBe('bash');
    expect(languageForFile('tool', '#!/usr/bin/env -S python3.11 -u\n')?.id).toBe('python');
    expect(languageForFile('tool', '#!/bin/sh\n')?.id).toBe('bash');
    expect(languageForFile('tool', 'no line')).toBeNull();
    expect(languageForFile('a.h', 'int f(void);\n')?.id).toBe('c');
    expect(languageForFile('a.h', 'class A {\n public:\n};\n')?.id).toBe('cpp');
  });
});

describe('the parser', () => {
  it.each(LANGUAGE_IDS)('parses %s and compiles its query', async (id) => {
    const parser = await loadParser(id);
    const tree = parser.parse(HELLO[id]);
    expect(tree?.rootNode.hasError).toBe(false);
    expect(parser.query(parser.language.query).patternCount()).toBeGreaterThan(3 - 1);
    expect(parser.query(parser.language.query)).toBe(parser.query(parser.language.query));
    tree?.delete();
  });

  it('is loaded once', () => {
    expect(loadParser('go')).toBe(loadParser('go'));
  });

  it('gives null at the time limit and works afterwards', async () => {
    const parser = await loadParser('javascript');
    expect(parser.parse('a = [1, 2, 3];\n'.repeat(200_000), 1)).toBeNull();
    const tree = parser.parse('a = 1');
    expect(tree?.rootNode.hasError).toBe(false);
    tree?.delete();
  });
});
