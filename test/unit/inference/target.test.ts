import { describe, expect, it } from 'vitest';
import { codeTargetAt } from '../../../server/inference/target.js';
import { loadParser } from '../../../server/languages/parser.js';
import type { LanguageId } from '../../../server/languages/types.js';

async function at(language: LanguageId, text: string, line: number) {
  return codeTargetAt(await loadParser(language), text, line);
}

describe('codeTargetAt', () => {
  it('replaces the body under a doc comment', async () => {
    const text =
      '/** Adds two numbers. */\nfunction add(a: number, b: number): number {\n  return 0;\n}\n';
    expect(await at('typescript', text, 0)).toEqual({
      doc: 'Adds two numbers.',
      signature: 'function add(a: number, b: number): number',
      before: undefined,
      range: { start: { line: 1, character: 42 }, end: { line: 3, character: 1 } },
      indent: '',
      lead: '',
    });
    expect(await at('typescript', text, 1)).toEqual(await at('typescript', text, 0));
  });

  it('goes on after a docstring', async () => {
    const text = 'class A:\n    def f(self, x):\n        """Doubles it."""\n        pass\n';
    const target = await at('python', text, 2);
    expect(target?.doc).toBe('Doubles it.');
    expect(target?.signature).toBe('def f(self, x):');
    expect(target?.range.start).toEqual({ line: 2, character: 25 });
    expect(target?.indent).toBe('    ');
  });

  it('takes a signature that has no body yet', async () => {
    const text = '/** Adds two numbers. */\nfunction add(a: number, b: number): number\n';
    const target = await at('typescript', text, 0);
    expect(target?.signature).toBe('function add(a: number, b: number): number');
    expect(target?.range.start).toEqual({ line: 1, character: 42 });
  });

  it('takes a comment alone, line comments together', async () => {
    const text = 'package p\n\n// Add adds two\n// numbers.\n';
    const target = await at('go', text, 3);
    expect(target?.doc).toBe('Add adds two numbers.');
    expect(target?.signature).toBe('');
    expect(target?.range.start).toEqual({ line: 3, character: 11 });
    expect(target?.lead).toBe('\n');
  });

  it('tells the function before, not one around it or after it', async () => {
    const half = 'def half(x):\n    """Halves it."""\n    return x / 2\n';
    const inner = '    def g(self):\n        """Doubles it."""\n        pass\n';
    const text = `${half}\nclass A:\n${inner}\n    def h(self):\n        pass\n`;
    const before = 'def half(x):\n    return x / 2';
    expect((await at('python', text, 6))?.before).toBe(before);
    expect((await at('python', `${half}\n# Doubles it.\n`, 4))?.before).toBe(before);
    expect((await at('python', half, 1))?.before).toBeUndefined();
    const long = `def long():\n${'    step()\n'.repeat(200)}`;
    expect((await at('python', `${long}\n# Doubles it.\n`, 202))?.before).toBeUndefined();
  });

  it('is null where there is no comment', async () => {
    expect(await at('typescript', 'const a = 1;\n', 0)).toBeNull();
  });
});
