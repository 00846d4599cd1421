import type { Doc, LanguageId } from '../types.js';
import { stripMarks } from './marks.js';
import { oneLine, splitNameAndText } from './plain.js';
import { paramTag, plainMarkup, returnsTag } from './tags.js';
import { parseXmlDoc } from './xml.js';

const PARAM_SECTION =
  /^(?:args?|arguments?|parameters?|params?|keyword args|keyword arguments|inputs?)$/i;
const RETURN_SECTION = /^(?:returns?|yields?|outputs?)$/i;
const OTHER_SECTION =
  /^(?:raises?|throws|exceptions?|errors?|examples?|notes?|see also|references|attributes|warnings?|warns|todo|panics|safety|globals|usage|methods|side effects|version|since)$/i;
const DEFAULT_TYPE =
  /^(?:(?:int|str|bool|float|bytes|dict|list|tuple|set|None|object|Any|callable|iterable|iterator|generator|array|string|number)(?:\s+of\s+[\w.]+)?|[\w.]+\[.*\]|\w+(?:\.\w+)+|[A-Z][a-z0-9]+[A-Z]\w*)$/;

/** Where the text of the lines that follow goes. */
type Sink = (line: string) => void;

const drop: Sink = () => undefined;

/**
 * Reads a doc comment or docstring, marks and all, in any of the styles.
 * The first paragraph is the summary; later paragraphs, types, and sections of other kinds are left out.
 */
export function parseDoc(comment: string, language: LanguageId): Doc {
  const lines = stripMarks(comment, language);
  const text = lines.join('\n');
  if (/<(?:summary|param\s+name=|returns)\b/.test(text)) {
    return parseXmlDoc(text);
  }
  // LuaCATS, `---@param name type text`, has the type where LDoc has the text.
  return new DocReader(lines, language, language === 'lua' && /---\s?@/.test(comment)).read();
}

class DocReader {
  private readonly doc: Doc = { summary: '', params: [], returns: null };
  private sink: Sink;
  /** Inside a section: its kind, and the indentation of its entries (-1: none seen yet). */
  private section: 'params' | 'returns' | null = null;
  private heading = 0;
  private entryIndent = -1;
  private underlined = false;

  constructor(
    private readonly lines: string[],
    private readonly language: LanguageId,
    private readonly typed: boolean,
  ) {
    this.sink = this.toSummary;
  }

  read(): Doc {
    for (let i = 0; i < this.lines.length; i++) {
      const line = this.lines[i].trimEnd();
      const next = this.lines[i + 1]?.trim() ?? '';
      const rule = /^[-=]{3,}$/.test(next) && next.length >= 3;
      if (this.readHeading(line, rule)) {
        i += rule ? 1 : 0;
      } else if (line.trim() === '' || /^([-=*~#/_])\1{2,}$/.test(line.trim())) {
        this.readBlank();
      } else if (/^\s*<p>/.test(line)) {
        this.readBlank();
        this.readText(line, false);
      } else if (!this.readTag(line.trim())) {
        this.readText(line, next !== '' && indentOf(this.lines[i + 1]) > indentOf(line));
      }
    }
    return this.doc;
  }

  private readonly toSummary: Sink = (line) => {
    this.doc.summary = oneLine(`${this.doc.summary} ${plainMarkup(line)}`);
  };

  private readonly toReturns: Sink = (line) => {
    this.doc.returns = oneLine(`${this.doc.returns ?? ''} ${plainMarkup(line)}`);
  };

  /** Several names where one entry describes them together. */
  private addParams(names: string[], text: string): void {
    const params = names.map((name) => ({ name, text: oneLine(plainMarkup(text)) }));
    this.doc.params.push(...params);
    this.sink = (line) => {
      for (const param of params) {
        param.text = oneLine(`${param.text} ${plainMarkup(line)}`);
      }
    };
  }

  /** A section's heading: `Args:`, `# Arguments`, or a word with a rule under it. */
  private readHeading(line: string, underlined: boolean): boolean {
    const hash = /^\s*#{1,4}\s+([\w ]+?):?$/.exec(line);
    const colon = /^\s*([A-Z][\w ]*?):(?:\s+(\S.*))?$/.exec(line);
    const word = underlined ? /^\s*([A-Za-z][\w ]*)$/.exec(line) : null;
    const title = (hash ?? word ?? colon)?.[1];
    if (title === undefined || (this.section !== null && indentOf(line) > this.heading)) {
      return false;
    }
    const rest = hash || word ? undefined : colon?.[2];
    if (RETURN_SECTION.test(title)) {
      this.open('returns', line, underlined);
      this.doc.returns = '';
      this.sink = this.toReturns;
      if (rest !== undefined) {
        this.section = null;
        this.toReturns(rest);
      }
      return true;
    }
    if (rest !== undefined || !(PARAM_SECTION.test(title) || OTHER_SECTION.test(title))) {
      return false;
    }
    this.open(PARAM_SECTION.test(title) ? 'params' : null, line, underlined);
    this.sink = drop;
    return true;
  }

  private open(section: 'params' | 'returns' | null, line: string, underlined: boolean): void {
    this.section = section;
    this.heading = indentOf(line);
    this.entryIndent = -1;
    this.underlined = underlined;
  }

  /** A blank line ends what it follows, unless that has no text yet. */
  private readBlank(): void {
    const empty =
      (this.sink === this.toSummary && this.doc.summary === '') ||
      (this.sink === this.toReturns && this.doc.returns === '');
    if (!empty) {
      this.sink = drop;
    }
  }

  private readTag(line: string): boolean {
    const field = /^:(\w+)\s*([^:]*):\s*(.*)$/.exec(line);
    if (field && this.language === 'python') {
      this.section = null;
      this.readField(field[1], field[2].trim(), field[3]);
      return true;
    }
    const tag = /^[@\\]([a-zA-Z]\w*)(.*)$/.exec(line);
    if (!tag) {
      return false;
    }
    const [, name, rest] = tag;
    if (/^(?:params?|arg|argument)$/.test(name) || (name === 'tparam' && this.language === 'lua')) {
      const type = name === 'tparam' ? 'before' : this.typed ? 'after' : null;
      const param = paramTag(rest, this.language, type);
      this.sink = drop;
      if (param !== null) {
        this.addParams([param.name], param.text);
      }
    } else if (/^(?:returns?|result|treturn)$/.test(name)) {
      this.doc.returns = '';
      this.sink = this.toReturns;
      this.toReturns(returnsTag(rest, this.language, this.typed || name === 'treturn'));
    } else if (/^(?:brief|summary|description|short|details)$/.test(name)) {
      this.sink = this.doc.summary === '' ? this.toSummary : drop;
      this.sink(rest);
    } else if (line.startsWith('@')) {
      this.sink = drop;
    } else {
      return false;
    }
    this.section = null;
    return true;
  }

  /** A field of reStructuredText: `:param name: text`. */
  private readField(kind: string, argument: string, text: string): void {
    if (/^(?:param|parameter|arg|argument|key|keyword)$/.test(kind)) {
      // `:param type name: text`
      this.addParams([bareName(argument.split(/\s+/).pop() ?? '')], text);
    } else if (/^(?:returns?|yields?)$/.test(kind)) {
      this.doc.returns = '';
      this.sink = this.toReturns;
      this.toReturns(text);
    } else {
      this.sink = drop;
    }
  }

  private readText(line: string, deeperNext: boolean): void {
    const indent = indentOf(line);
    if (this.section === 'params' && this.readEntry(line, indent)) {
      return;
    }
    if (this.section === 'returns' && this.entryIndent < 0) {
      this.entryIndent = indent;
      this.readFirstReturn(line.trim(), deeperNext);
      return;
    }
    if (
      this.section !== null &&
      !this.underlined &&
      this.entryIndent > this.heading &&
      indent <= this.heading
    ) {
      this.section = null;
      this.sink = drop;
    }
    this.sink(line);
  }

  /** One parameter of a section. @returns false where the line only continues the one before */
  private readEntry(line: string, indent: number): boolean {
    if (this.entryIndent < 0) {
      this.entryIndent = indent;
    }
    if (indent !== this.entryIndent) {
      return false;
    }
    const text = line.trim().replace(/^[-*+•]\s+/, '');
    if (this.underlined) {
      const [names, ...type] = text.split(/\s*:\s+|\s*:$/);
      const description = type.length > 1 ? type.slice(1).join(': ') : '';
      this.addParams(names.split(/\s*,\s+/).map(bareName), description);
      return true;
    }
    const entry =
      /^([`*\\.&$\p{L}\p{N}_]+|`?(?:\{[^}]*\}|\[[^\]]*\]|\([^()]*,[^()]*\))`?)\s*(\(.*?\)(?=\s*[:–—-]))?\s*(?::|[-–—](?=\s|$))\s*(.*)$/u.exec(
        text,
      );
    if (!entry) {
      return false;
    }
    this.addParams([bareName(entry[1])], entry[3]);
    return true;
  }

  private readFirstReturn(text: string, deeperNext: boolean): void {
    const bare = text.replace(/^[-*+•]\s+/, '');
    if (this.underlined) {
      if (!deeperNext) {
        this.toReturns(bare);
      }
      return;
    }
    const typed = /^([^:]+?):\s+(\S.*)$/.exec(bare);
    this.toReturns(typed && DEFAULT_TYPE.test(typed[1]) ? typed[2] : bare);
  }
}

function indentOf(line: string): number {
  return Math.max(0, line.search(/\S/));
}

/** A parameter's name without what marks it in a signature or in Markdown: `**kwargs`, a name in backticks. */
function bareName(name: string): string {
  const bare = name.replace(/^(?:[`*&\\]|\.\.\.)+/, '').replace(/[`*:]+$/, '');
  return /^[[{(]/.test(bare) ? splitNameAndText(bare).name : bare;
}
