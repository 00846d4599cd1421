import { describe, expect, test } from 'vitest';
import { detectStyle, parseDoc } from '../../../server/languages/docs/styles.js';
import type { Doc, LanguageId } from '../../../server/languages/types.js';

/** Docs as people write them: `[what, language, comment, doc]`. */
const CASES: [string, LanguageId, string, Doc][] = [
  [
    'JSDoc with types, an optional name and other tags',
    'javascript',
    '/**\n * Opens a file.\n * It must exist.\n *\n * More about it.\n * @param {string} path - where\n * @param {{a: number}} [options={}] how\n *   to open it\n * @throws {Error} when absent\n * @return {Promise<void>} when done\n * @example open("x")\n */',
    {
      summary: 'Opens a file. It must exist.',
      params: [
        { name: 'path', text: 'where' },
        { name: 'options', text: 'how to open it' },
      ],
      returns: 'when done',
    },
  ],
  [
    'JSDoc with a pattern for a name',
    'typescript',
    '/** Draws.\n * @param { x, y } - the place */',
    { summary: 'Draws.', params: [{ name: '{ x, y }', text: 'the place' }], returns: null },
  ],
  [
    'Google with types',
    'python',
    'r"""\n    Scores a pair.\n\n    Longer text.\n\n    Args:\n        a (Dict[str, int]): the first\n            of two\n        *rest: the others\n        **kwargs (dict, optional): more\n\n    Returns:\n        Optional[float]: the score: a number\n\n    Raises:\n        ValueError: a: b\n    """',
    {
      summary: 'Scores a pair.',
      params: [
        { name: 'a', text: 'the first of two' },
        { name: 'rest', text: 'the others' },
        { name: 'kwargs', text: 'more' },
      ],
      returns: 'the score: a number',
    },
  ],
  [
    'NumPy with shared entries',
    'python',
    '"""Scores.\n\n    Parameters\n    ----------\n    a, b : array_like\n        Both sides.\n    axis : int, optional\n        Along which.\n\n    Returns\n    -------\n    out : ndarray\n        The score.\n\n    Notes\n    -----\n    a : nothing\n    """',
    {
      summary: 'Scores.',
      params: [
        { name: 'a', text: 'Both sides.' },
        { name: 'b', text: 'Both sides.' },
        { name: 'axis', text: 'Along which.' },
      ],
      returns: 'The score.',
    },
  ],
  [
    'Sphinx with types',
    'python',
    '"""Scores.\n\n:param str a: first\n:type b: int\n:param b: second\n    line\n:rtype: int\n:return: it\n"""',
    {
      summary: 'Scores.',
      params: [
        { name: 'a', text: 'first' },
        { name: 'b', text: 'second line' },
      ],
      returns: 'it',
    },
  ],
  [
    'a docstring in single quotes',
    'python',
    "'''Says \"hi\".'''",
    { summary: 'Says "hi".', params: [], returns: null },
  ],
  [
    'Javadoc with inline tags and a type parameter',
    'java',
    '/**\n * Gets {@code x} of {@link Y}.\n * <p>More.\n * @param <T> kind\n * @param key  the key\n * @return the value\n */',
    {
      summary: 'Gets x of Y.',
      params: [{ name: 'key', text: 'the key' }],
      returns: 'the value',
    },
  ],
  [
    'KDoc with a bracketed name',
    'kotlin',
    '/**\n * Gets.\n * @param[key] the key\n */',
    { summary: 'Gets.', params: [{ name: 'key', text: 'the key' }], returns: null },
  ],
  [
    'Doxygen with commands and directions',
    'cpp',
    '/*!\n * \\brief Copies.\n *\n * Details.\n * \\param[in] from source\n * \\param[in,out] to target\n * \\return bytes\n */',
    {
      summary: 'Copies.',
      params: [
        { name: 'from', text: 'source' },
        { name: 'to', text: 'target' },
      ],
      returns: 'bytes',
    },
  ],
  [
    'a Go comment',
    'go',
    '// Open opens the file.\n// It fails if absent.\n//\n// More text.',
    { summary: 'Open opens the file. It fails if absent.', params: [], returns: null },
  ],
  [
    'a Rust doc with other headings',
    'rust',
    '/// Opens.\n///\n/// # Errors\n///\n/// If absent.\n///\n/// # Arguments\n///\n/// * `path` - where\n///   it is\n',
    { summary: 'Opens.', params: [{ name: 'path', text: 'where it is' }], returns: null },
  ],
  [
    'YARD with types on either side',
    'ruby',
    '# Opens.\n#\n# @param path [String] where\n# @param [Hash] opts how\n# @return [File, nil] the file',
    {
      summary: 'Opens.',
      params: [
        { name: 'path', text: 'where' },
        { name: 'opts', text: 'how' },
      ],
      returns: 'the file',
    },
  ],
  [
    'PHPDoc',
    'php',
    '/**\n * Opens.\n *\n * @param array<int, string> $parts the parts\n * @param string ...$rest the rest\n * @return ?File the file\n */',
    {
      summary: 'Opens.',
      params: [
        { name: 'parts', text: 'the parts' },
        { name: 'rest', text: 'the rest' },
      ],
      returns: 'the file',
    },
  ],
  [
    'XML docs with markup',
    'csharp',
    '/// <summary>Gets <see cref="T:Foo"/> &lt; 3.</summary>\n/// <param name="a">the <paramref name="b"/></param>\n/// <remarks>no</remarks>',
    { summary: 'Gets Foo < 3.', params: [{ name: 'a', text: 'the b' }], returns: null },
  ],
  [
    'LDoc with types',
    'lua',
    '--- Opens.\n-- @tparam string path where\n-- @treturn file the file',
    { summary: 'Opens.', params: [{ name: 'path', text: 'where' }], returns: 'the file' },
  ],
  [
    'LuaCATS',
    'lua',
    '---Opens.\n---@param path string where\n---@return file the file',
    { summary: 'Opens.', params: [{ name: 'path', text: 'where' }], returns: 'the file' },
  ],
  [
    'a long Lua comment',
    'lua',
    '--[[\n  Opens.\n  It must exist.\n]]',
    { summary: 'Opens. It must exist.', params: [], returns: null },
  ],
  [
    'a shell header',
    'bash',
    '#######\n# Opens a file.\n# Globals:\n#   HOME\n# Arguments:\n#   path: where\n# Returns:\n#   0 if it went well\n#######',
    {
      summary: 'Opens a file.',
      params: [{ name: 'path', text: 'where' }],
      returns: '0 if it went well',
    },
  ],
  ['nothing', 'python', '""""""', { summary: '', params: [], returns: null }],
  ['an unclosed comment', 'java', '/** Opens', { summary: 'Opens', params: [], returns: null }],
];

describe('docs as people write them', () => {
  test.each(CASES)('%s', (_, language, comment, doc) => {
    expect(parseDoc(comment, language)).toEqual(doc);
    expect(parseDoc(comment.replace(/\n/g, '\r\n'), language)).toEqual(doc);
  });
});

describe('the style of a file', () => {
  test('is that of most of its docs', () => {
    const numpy = '"""A.\n\n    Parameters\n    ----------\n    a : int\n    """';
    const google = '"""A.\n\n    Args:\n        a: b\n    """';
    expect(detectStyle([numpy, google, numpy], 'python')).toBe('numpy');
    expect(detectStyle([numpy, google, google], 'python')).toBe('google');
  });

  test('is the language default where the docs show none', () => {
    expect(detectStyle(['"""Just this."""'], 'python')).toBe('google');
    expect(detectStyle([], 'typescript')).toBe('tsdoc');
    expect(detectStyle(['/** Takes. @param {string} a - it */'], 'typescript')).toBe('jsdoc');
  });
});
