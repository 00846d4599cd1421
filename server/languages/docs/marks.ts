import type { LanguageId } from '../types.js';

/**
 * How a doc is put between comment marks.
 * `block`: slash-star-star; `docstring`: three double quotes; the others stand before every line.
 */
export type CommentShape = 'block' | 'docstring' | '///' | '//' | '#' | '--' | '---';

const LINE_MARK = /^[ \t]*(?:\/\/[/!]?|##?(?!!)|---?)[ \t]?/;

/** Kotlin, Scala and Rust nest block comments, so that an opening mark in a text matters too. */
const NESTING: ReadonlySet<LanguageId> = new Set(['kotlin', 'scala', 'rust']);

/** Makes a text safe inside slash-star marks; undone by {@link unescapeBlock}. */
function escapeBlock(text: string, language: LanguageId): string {
  let safe = text.replace(/\*(\\*)\//g, '*\\$1/');
  if (NESTING.has(language)) {
    safe = safe.replace(/\/(\\*)\*/g, '/\\$1*');
  }
  // Java reads \u escapes in comments as well: a wrong one does not compile.
  return language === 'java' ? safe.replace(/\\u/g, '&#92;u') : safe;
}

function unescapeBlock(text: string, language: LanguageId): string {
  let plain = language === 'java' ? text.replace(/&#92;u/g, '\\u') : text;
  if (NESTING.has(language)) {
    plain = plain.replace(/\/\\(\\*)\*/g, '/$1*');
  }
  return plain.replace(/\*\\(\\*)\//g, '*$1/');
}

/** Takes the comment marks off: the lines of the text, with the indentation that they share removed. */
export function stripMarks(comment: string, language: LanguageId): string[] {
  const text = comment.replace(/\r\n?/g, '\n').trim();
  const docstring = /^([a-z]*)("""|'''|"|')([\s\S]*)$/i.exec(text);
  if (language === 'python' && docstring) {
    return stripDocstring(docstring[1], docstring[2], docstring[3]);
  }
  const long = /^--\[(=*)\[([\s\S]*?)(?:\]\1\])?$/.exec(text);
  if (long) {
    return dedent(long[2].replace(/^-+/, '').split('\n'));
  }
  if (text.startsWith('=begin')) {
    return dedent(
      text
        .replace(/^=begin/, '')
        .replace(/\n=end[\s\S]*$/, '')
        .split('\n'),
    );
  }
  if (text.startsWith('/*')) {
    const body = text.replace(/^\/\*[*!]*/, '').replace(/\**\*\/$/, '');
    return dedentKeepingFirst(
      body.split('\n').map((line) => line.replace(/^[ \t]*\*(?!\*)[ \t]?/, ' ')),
    ).map((line) => unescapeBlock(line, language));
  }
  return dedent(text.split('\n').map((line) => line.replace(LINE_MARK, '').replace(/^-{3,}$/, '')));
}

function stripDocstring(prefix: string, quote: string, rest: string): string[] {
  const body = rest.endsWith(quote) ? rest.slice(0, -quote.length) : rest;
  const plain = /r/i.test(prefix) ? body : body.replace(/\\(["'\\])/g, '$1');
  return dedentKeepingFirst(plain.split('\n'));
}

/** Python's rule (PEP 257): the first line has no indentation of its own. */
function dedentKeepingFirst(lines: string[]): string[] {
  return [lines[0].trim(), ...dedent(lines.slice(1))];
}

function dedent(lines: string[]): string[] {
  const expanded = lines.map((line) => line.replace(/\t/g, '    ').trimEnd());
  const indents = expanded.filter((line) => line !== '').map((line) => line.search(/\S/));
  const shared = indents.length > 0 ? Math.min(...indents) : 0;
  return expanded.map((line) => line.slice(shared));
}

/** Puts lines of text between marks. Every line but the first starts with `indent`. */
export function addMarks(
  lines: string[],
  shape: CommentShape,
  language: LanguageId,
  indent: string,
): string {
  return markedLines(lines, shape, language)
    .map((line, index) => (index === 0 || line === '' ? line : indent + line))
    .join('\n');
}

function markedLines(lines: string[], shape: CommentShape, language: LanguageId): string[] {
  switch (shape) {
    case 'block': {
      const safe = lines.map((line) => escapeBlock(line, language));
      return safe.length === 1
        ? [`/** ${safe[0]} */`]
        : ['/**', ...safe.map((line) => ` * ${line}`.trimEnd()), ' */'];
    }
    case 'docstring':
      return docstringLines(lines);
    case '---':
      return lines.map((line, index) => `${index === 0 ? '---' : '--'} ${line}`.trimEnd());
    default:
      return lines.map((line) => `${shape} ${line}`.trimEnd());
  }
}

function docstringLines(lines: string[]): string[] {
  const text = lines.join('\n');
  const single = lines.length === 1;
  const raw =
    text.includes('\\') &&
    !text.includes('"""') &&
    !text.startsWith('"') &&
    !(single && /["\\]$/.test(text));
  // A quote at either end would join the marks.
  const quotes = single && text.endsWith('"') ? /"/g : /"""|^"/g;
  const safe = raw
    ? lines
    : lines.map((line) => line.replace(/\\/g, '\\\\').replace(quotes, escapeQuotes));
  const open = `${raw ? 'r' : ''}"""${safe[0]}`;
  return single ? [`${open}"""`] : [open, ...safe.slice(1), '"""'];
}

function escapeQuotes(quotes: string): string {
  return '\\"'.repeat(quotes.length);
}
