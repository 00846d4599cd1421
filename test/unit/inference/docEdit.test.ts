import { describe, expect, it } from 'vitest';
import { extractUnits } from '../../../server/corpus/extract.js';
import { assertAddsDocOnly, docInsertion } from '../../../server/inference/docEdit.js';
import { offsetAt, positionAt } from '../../../server/inference/text.js';
import { renderDoc } from '../../../server/languages/docs/styles.js';
import { loadParser } from '../../../server/languages/parser.js';
import type { LanguageId } from '../../../server/languages/types.js';

async function insert(language: LanguageId, text: string): Promise<string> {
  const parser = await loadParser(language);
  const { units } = extractUnits(parser, text);
  const unit = units[0];
  const doc = { summary: 'Does it.', params: [], returns: null };
  const context = { language, parameters: [], returnsType: null, indent: unit.docInsert.indent };
  const style = language === 'python' ? 'google' : 'tsdoc';
  const insertion = docInsertion(text, unit, renderDoc(doc, style, context));
  assertAddsDocOnly(parser, text, units, 0, insertion);
  const at = offsetAt(text, insertion.position);
  return text.slice(0, at) + insertion.newText + text.slice(at);
}

describe('docInsertion', () => {
  it('goes above, with the indentation of the place', async () => {
    expect(await insert('typescript', 'class A {\n  f() {\n    return 1;\n  }\n}\n')).toBe(
      'class A {\n  /** Does it. */\n  f() {\n    return 1;\n  }\n}\n',
    );
  });
  it('goes into a Python body', async () => {
    expect(await insert('python', 'def f(x):\n    return x\n')).toBe(
      'def f(x):\n    """Does it."""\n    return x\n',
    );
  });
  it('gives a body on the signature line a line of its own', async () => {
    expect(await insert('python', 'def f(x): return x\n')).toBe(
      'def f(x): \n    """Does it."""\n    return x\n',
    );
  });
  it('keeps the line ends of the file', async () => {
    expect(await insert('typescript', 'function f() {\r\n  return 1;\r\n}\r\n')).toBe(
      '/** Does it. */\r\nfunction f() {\r\n  return 1;\r\n}\r\n',
    );
  });
});

describe('assertAddsDocOnly', () => {
  it('throws for an insertion that changes the code or is no doc', async () => {
    const parser = await loadParser('typescript');
    const text = 'function f() {\n  return 1;\n}\n';
    const { units } = extractUnits(parser, text);
    const position = { line: 0, character: 0 };
    for (const newText of ['function g() {}\n', '// plain\n', '/** x */ async ', '/* open ']) {
      expect(() => assertAddsDocOnly(parser, text, units, 0, { position, newText })).toThrow(
        /withheld/,
      );
    }
  });
});

describe('positions', () => {
  it('are the inverse of offsets', () => {
    const text = 'ab\ncde\n';
    for (let offset = 0; offset <= text.length; offset++) {
      expect(offsetAt(text, positionAt(text, offset))).toBe(offset);
    }
  });
});
