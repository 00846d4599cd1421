import type { Doc, DocStyle, LanguageId } from '../types.js';
import { addMarks, type CommentShape } from './marks.js';
import { oneLine, renderPlainDoc } from './plain.js';
import { escapeXml } from './xml.js';

/** What a style needs to know of the unit besides its doc. */
export interface RenderContext {
  language: LanguageId;
  /** The unit's parameters; types are the written ones. */
  parameters: readonly { name: string; type: string | null }[];
  returnsType: string | null;
  /** White space before every line but the first. */
  indent: string;
}

/** A part of a doc as lines; the parts are put one under the other with a blank line where `blank` says so. */
type Layout = (doc: Doc, context: RenderContext, width: number) => string[];

/** Of styles that are no tool's of one language. */
const OWN_SHAPE: Record<LanguageId, CommentShape> = {
  typescript: 'block',
  tsx: 'block',
  javascript: 'block',
  python: 'docstring',
  go: '//',
  java: 'block',
  rust: '///',
  csharp: '///',
  kotlin: 'block',
  scala: 'block',
  ruby: '#',
  bash: '#',
  lua: '--',
  c: 'block',
  cpp: 'block',
  php: 'block',
};

const SHAPE: Record<DocStyle, (language: LanguageId) => CommentShape> = {
  tsdoc: () => 'block',
  jsdoc: () => 'block',
  javadoc: () => 'block',
  kdoc: () => 'block',
  scaladoc: () => 'block',
  doxygen: () => 'block',
  phpdoc: () => 'block',
  google: ownShape,
  numpy: ownShape,
  sphinx: ownShape,
  plain: ownShape,
  godoc: () => '//',
  rustdoc: () => '///',
  xmldoc: () => '///',
  yard: () => '#',
  ldoc: () => '---',
};

function ownShape(language: LanguageId): CommentShape {
  return OWN_SHAPE[language];
}

const LAYOUT: Record<DocStyle, Layout> = {
  tsdoc: tags((name) => `@param ${name} -`, '@returns'),
  jsdoc: tags(
    (name, type) => `@param ${type === null ? '' : `{${type}} `}${name} -`,
    (type) => `@returns${type === null ? '' : ` {${type}}`}`,
  ),
  javadoc: tags((name) => `@param ${name}`, '@return'),
  kdoc: tags((name) => `@param ${name}`, '@return'),
  scaladoc: tags((name) => `@param ${name}`, '@return'),
  doxygen: tags((name) => `@param ${name}`, '@return'),
  yard: tags((name) => `@param ${name}`, '@return'),
  ldoc: tags((name) => `@param ${name}`, '@return'),
  phpdoc: tags(
    (name, type) => `@param ${phpType(type)} ${name.startsWith('$') ? name : `$${name}`}`,
    (type) => `@return ${phpType(type)}`,
  ),
  sphinx: tags((name) => `:param ${name}:`, ':returns:'),
  google,
  numpy,
  rustdoc,
  godoc,
  xmldoc,
  plain: (doc) => renderPlainDoc(doc).split('\n'),
};

/**
 * Writes a doc as a complete comment in a style: marks and all, no newline at the end.
 * Text that would end the comment is escaped. Types are written only where the style wants them.
 */
export function renderDoc(doc: Doc, style: DocStyle, context: RenderContext): string {
  const width = (context.language === 'python' ? 88 : 100) - context.indent.length - 4;
  const lines = LAYOUT[style](doc, context, Math.max(40, width));
  return addMarks(lines, SHAPE[style](context.language), context.language, context.indent);
}

/** The styles that have one tag for every part. */
function tags(
  param: (name: string, type: string | null) => string,
  returns: string | ((type: string | null) => string),
): Layout {
  return (doc, context, width) => {
    const lines = doc.params.flatMap(({ name, text }) => {
      const head = param(name, typeOf(name, context));
      return wrap(text === '' ? head.replace(/ -$/, '') : `${head} ${text}`, width, '  ');
    });
    if (doc.returns !== null) {
      const head = typeof returns === 'string' ? returns : returns(context.returnsType);
      lines.push(...wrap(`${head} ${doc.returns}`, width, '  '));
    }
    return withSummary(doc, lines, width);
  };
}

function google(doc: Doc, _context: RenderContext, width: number): string[] {
  const parts: string[][] = [];
  if (doc.params.length > 0) {
    const entries = doc.params.flatMap((each) =>
      wrap(`    ${each.name}: ${each.text}`, width, '        '),
    );
    parts.push(['Args:', ...entries]);
  }
  if (doc.returns !== null) {
    parts.push(['Returns:', ...wrap(`    ${doc.returns}`, width, '    ')]);
  }
  return withSummary(doc, joined(parts), width);
}

function numpy(doc: Doc, context: RenderContext, width: number): string[] {
  const parts: string[][] = [];
  if (doc.params.length > 0) {
    const entries = doc.params.flatMap(({ name, text }) => {
      const type = typeOf(name, context);
      return [type === null ? name : `${name} : ${type}`, ...wrap(`    ${text}`, width, '    ')];
    });
    parts.push(['Parameters', '----------', ...entries]);
  }
  if (doc.returns !== null) {
    const text = wrap(`    ${doc.returns}`, width, '    ');
    parts.push(['Returns', '-------', context.returnsType ?? 'object', ...text]);
  }
  return withSummary(doc, joined(parts), width);
}

function rustdoc(doc: Doc, _context: RenderContext, width: number): string[] {
  const parts: string[][] = [];
  if (doc.params.length > 0) {
    const entries = doc.params.flatMap((each) =>
      wrap(`* \`${each.name}\` - ${each.text}`, width, '  '),
    );
    parts.push(['# Arguments', '', ...entries]);
  }
  if (doc.returns !== null) {
    parts.push(['# Returns', '', ...wrap(doc.returns, width, '')]);
  }
  return withSummary(doc, joined(parts), width);
}

function godoc(doc: Doc, _context: RenderContext, width: number): string[] {
  const parts: string[][] = [];
  if (doc.params.length > 0) {
    const entries = doc.params.flatMap((each) =>
      wrap(`  - ${each.name}: ${each.text}`, width, '    '),
    );
    parts.push(['Parameters:', ...entries]);
  }
  if (doc.returns !== null) {
    parts.push(wrap(`Returns: ${doc.returns}`, width, ''));
  }
  return withSummary(doc, joined(parts), width);
}

function xmldoc(doc: Doc, _context: RenderContext, width: number): string[] {
  const lines = ['<summary>', ...wrap(escapeXml(oneLine(doc.summary)), width, ''), '</summary>'];
  for (const param of doc.params) {
    const name = escapeXml(param.name).replace(/"/g, '&quot;');
    lines.push(
      ...wrap(`<param name="${name}">${escapeXml(oneLine(param.text))}</param>`, width, ''),
    );
  }
  if (doc.returns !== null) {
    lines.push(...wrap(`<returns>${escapeXml(oneLine(doc.returns))}</returns>`, width, ''));
  }
  return lines;
}

function withSummary(doc: Doc, rest: string[], width: number): string[] {
  const summary = wrap(oneLine(doc.summary), width, '');
  return rest.length === 0 ? summary : [...summary, '', ...rest];
}

function joined(parts: string[][]): string[] {
  return parts.flatMap((part, index) => (index === 0 ? part : ['', ...part]));
}

function typeOf(name: string, context: RenderContext): string | null {
  const type = context.parameters.find((each) => each.name === name)?.type ?? null;
  return type === null ? null : oneLine(type);
}

/** PHP's tools want a type in every tag, and it ends at the first blank. */
function phpType(type: string | null): string {
  return type === null ? 'mixed' : type.replace(/\s+/g, '');
}

/**
 * Breaks a line at blanks. The text's own leading white space stays; later lines start with `hanging`.
 * No line starts with a word that a reader would take for a mark or a heading.
 */
function wrap(text: string, width: number, hanging: string): string[] {
  const lead = /^\s*/.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let line = '';
  for (const word of text.trim().split(/\s+/)) {
    const candidate = line === '' ? lead + word : `${line} ${word}`;
    if (line !== '' && candidate.length > width && /^[\w(]/.test(word) && !word.endsWith(':')) {
      lines.push(line);
      line = hanging + word;
    } else {
      line = candidate;
    }
  }
  return [...lines, line.trimEnd()];
}
