import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePlainDoc, renderPlainDoc } from '../../../server/languages/docs/plain.js';
import {
  detectStyle,
  parseDoc,
  renderDoc,
  type RenderContext,
} from '../../../server/languages/docs/styles.js';
import type { Doc, DocStyle, LanguageId } from '../../../server/languages/types.js';

const doc: Doc = {
  summary: 'Adds two numbers.',
  params: [
    { name: 'left', text: 'the first number' },
    { name: 'right', text: 'the second number' },
  ],
  returns: 'their sum',
};

function context(language: LanguageId, indent = ''): RenderContext {
  return {
    language,
    parameters: [
      { name: 'left', type: 'int' },
      { name: 'right', type: null },
    ],
    returnsType: 'int',
    indent,
  };
}

const GOLDENS: [DocStyle, LanguageId, string, string][] = [
  [
    'tsdoc',
    'typescript',
    '  ',
    '/**\n   * Adds two numbers.\n   *\n   * @param left - the first number\n   * @param right - the second number\n   * @returns their sum\n   */',
  ],
  [
    'jsdoc',
    'javascript',
    '',
    '/**\n * Adds two numbers.\n *\n * @param {int} left - the first number\n * @param right - the second number\n * @returns {int} their sum\n */',
  ],
  [
    'google',
    'python',
    '    ',
    '"""Adds two numbers.\n\n    Args:\n        left: the first number\n        right: the second number\n\n    Returns:\n        their sum\n    """',
  ],
  [
    'numpy',
    'python',
    '',
    '"""Adds two numbers.\n\nParameters\n----------\nleft : int\n    the first number\nright\n    the second number\n\nReturns\n-------\nint\n    their sum\n"""',
  ],
  [
    'sphinx',
    'python',
    '',
    '"""Adds two numbers.\n\n:param left: the first number\n:param right: the second number\n:returns: their sum\n"""',
  ],
  [
    'javadoc',
    'java',
    '',
    '/**\n * Adds two numbers.\n *\n * @param left the first number\n * @param right the second number\n * @return their sum\n */',
  ],
  [
    'kdoc',
    'kotlin',
    '',
    '/**\n * Adds two numbers.\n *\n * @param left the first number\n * @param right the second number\n * @return their sum\n */',
  ],
  [
    'scaladoc',
    'scala',
    '',
    '/**\n * Adds two numbers.\n *\n * @param left the first number\n * @param right the second number\n * @return their sum\n */',
  ],
  [
    'doxygen',
    'c',
    '',
    '/**\n * Adds two numbers.\n *\n * @param left the first number\n * @param right the second number\n * @return their sum\n */',
  ],
  [
    'godoc',
    'go',
    '',
    '// Adds two numbers.\n//\n// Parameters:\n//   - left: the first number\n//   - right: the second number\n//\n// Returns: their sum',
  ],
  [
    'rustdoc',
    'rust',
    '    ',
    '/// Adds two numbers.\n    ///\n    /// # Arguments\n    ///\n    /// * `left` - the first number\n    /// * `right` - the second number\n    ///\n    /// # Returns\n    ///\n    /// their sum',
  ],
  [
    'yard',
    'ruby',
    '  ',
    '# Adds two numbers.\n  #\n  # @param left the first number\n  # @param right the second number\n  # @return their sum',
  ],
  [
    'phpdoc',
    'php',
    '',
    '/**\n * Adds two numbers.\n *\n * @param int $left the first number\n * @param mixed $right the second number\n * @return int their sum\n */',
  ],
  [
    'xmldoc',
    'csharp',
    '',
    '/// <summary>\n/// Adds two numbers.\n/// </summary>\n/// <param name="left">the first number</param>\n/// <param name="right">the second number</param>\n/// <returns>their sum</returns>',
  ],
  [
    'ldoc',
    'lua',
    '',
    '--- Adds two numbers.\n--\n-- @param left the first number\n-- @param right the second number\n-- @return their sum',
  ],
  [
    'plain',
    'bash',
    '',
    '# Adds two numbers.\n# @param left the first number\n# @param right the second number\n# @returns their sum',
  ],
];

describe('each style', () => {
  test.each(GOLDENS)(
    '%s is written as its tools want it, and read back',
    (style, language, indent, golden) => {
      const text = renderDoc(doc, style, context(language, indent));
      expect(text).toBe(golden);
      expect(parseDoc(text, language)).toEqual(doc);
      if (style !== 'plain') {
        expect(detectStyle([text], language)).toBe(style);
      }
    },
  );

  test('a summary alone takes one line', () => {
    const short: Doc = { summary: 'Adds.', params: [], returns: null };
    expect(renderDoc(short, 'tsdoc', context('typescript', '  '))).toBe('/** Adds. */');
    expect(renderDoc(short, 'google', context('python', '  '))).toBe('"""Adds."""');
    expect(renderDoc(short, 'godoc', context('go'))).toBe('// Adds.');
  });
});

const word = fc.stringMatching(/^[a-z][a-z'0-9]{0,9}$/);
/** Words that could end a comment, open a tag, or be taken for a mark. */
const hostile = fc.constantFrom(
  '*/',
  '/*',
  '*\\/',
  '"""',
  "'''",
  '\\',
  '\\u0',
  '"',
  '<b>',
  '&amp;',
  ']]',
  '-',
  'x*/',
  '#',
  '?>',
);
const text = fc
  .tuple(word, fc.array(fc.oneof({ weight: 4, arbitrary: word }, hostile), { maxLength: 30 }))
  .map(([first, rest]) => [first, ...rest].join(' '));
const anyDoc: fc.Arbitrary<Doc> = fc.record({
  summary: text,
  params: fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[a-z]\w{0,8}$/), text }), {
    maxLength: 3,
    selector: (param) => param.name,
  }),
  returns: fc.option(text, { nil: null }),
});

describe('what is written is what is read', () => {
  test.each(GOLDENS)('%s', (style, language) => {
    fc.assert(
      fc.property(anyDoc, fc.nat(3), (each, depth) => {
        const written = renderDoc(each, style, context(language, '    '.repeat(depth)));
        expect(parseDoc(written, language)).toEqual(each);
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  test('the plain form', () => {
    fc.assert(
      fc.property(anyDoc, (each) => {
        expect(parsePlainDoc(renderPlainDoc(each))).toEqual(each);
      }),
      { seed: 7 },
    );
  });

  test('no text ends a block comment or a docstring early', () => {
    fc.assert(
      fc.property(anyDoc, (each) => {
        const block = renderDoc(each, 'tsdoc', context('typescript'));
        expect(block.indexOf('*/')).toBe(block.length - 2);
        const docstring = renderDoc(each, 'google', context('python'));
        const inner = docstring.replace(/^r?"""/, '').replace(/"""$/, '');
        expect(docstring.startsWith('r') ? inner : inner.replace(/\\[\s\S]/g, '')).not.toMatch(
          /"""|"$/,
        );
      }),
      { seed: 7 },
    );
  });
});

describe('the plain form', () => {
  test('reads lines between tags as going on, and drops tags it does not know', () => {
    expect(
      parsePlainDoc(
        'Reads a file\nand closes it.\n@throws never\n@param path where\n  it is\n@returns the text',
      ),
    ).toEqual({
      summary: 'Reads a file and closes it.',
      params: [{ name: 'path', text: 'where it is' }],
      returns: 'the text',
    });
  });

  test('takes a destructuring pattern as one name', () => {
    expect(parsePlainDoc('S.\n@param { a, b: { c } } the options').params).toEqual([
      { name: '{ a, b: { c } }', text: 'the options' },
    ]);
  });

  test('takes nonsense', () => {
    expect(parsePlainDoc('')).toEqual({ summary: '', params: [], returns: null });
    expect(parsePlainDoc('@param')).toEqual({
      summary: '',
      params: [{ name: '', text: '' }],
      returns: null,
    });
  });
});
