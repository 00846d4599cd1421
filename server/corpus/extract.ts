import type { Node } from 'web-tree-sitter';
import type { UnitName, UnitShape } from '../languages/language.js';
import type { LanguageParser } from '../languages/parser.js';
import type { Returns, UnitKind } from '../languages/types.js';
import { type Captures, collectCaptures, type Found, outermost } from './captures.js';
import { lookAbove } from './leading.js';
import { LineIndex } from './lines.js';
import type { Range, UnitText } from './unit.js';

/** The units of a file. */
export interface Extraction {
  /** In the order of the text, an outer unit before those inside it. */
  units: UnitText[];
  /** Whether the file has a syntax error anywhere. */
  hasErrors: boolean;
  /** Definitions that overlap a syntax error: their ranges cannot be trusted. */
  rejected: { name: string; range: Range; reason: 'syntax-error' }[];
}

/** Parsing or reading a file took longer than it may. */
export class TimeLimitError extends Error {
  override name = 'TimeLimitError';
}

/**
 * Finds every function and method of a file that has a body.
 * @param limitMs the longest that it may take; no limit when left out
 * @throws TimeLimitError
 */
export function extractUnits(parser: LanguageParser, text: string, limitMs?: number): Extraction {
  const until = limitMs === undefined ? Infinity : performance.now() + limitMs;
  const overdue = () => performance.now() > until;
  const tree = parser.parse(text, limitMs);
  try {
    // The runtime stops when the callback returns true, although its type says void.
    const matches =
      tree === null
        ? []
        : parser.query(parser.language.query).matches(tree.rootNode, { progressCallback: overdue });
    if (tree === null || overdue()) {
      throw new TimeLimitError(`Reading the file took more than ${limitMs} ms.`);
    }
    return new Sweep(parser, text, collectCaptures(matches, text), tree.rootNode.hasError).run();
  } finally {
    tree?.delete();
  }
}

interface Open {
  end: number;
  names: string[];
  isClass: boolean;
  /** The function-like thing that a return inside belongs to; null for classes and scopes. */
  returns: { value: boolean } | null;
}

/** One pass over the captures of a file, with a stack of what encloses the current one. */
class Sweep {
  private readonly lines: LineIndex;
  private readonly result: Extraction;
  private readonly open: Open[] = [];
  private nextReturn = 0;

  constructor(
    private readonly parser: LanguageParser,
    private readonly text: string,
    private readonly captures: Captures,
    hasErrors: boolean,
  ) {
    this.lines = new LineIndex(text);
    this.result = { units: [], hasErrors, rejected: [] };
  }

  run(): Extraction {
    for (const { start, end, type, found, name } of this.captures.enclosures) {
      this.closeUntil(start);
      if (found === null) {
        const returns = type === 'lambda' ? { value: false } : null;
        const names = name === null ? [] : scopeNames(name);
        this.open.push({ end, names, isClass: type === 'class', returns });
      } else {
        this.openUnit(found, end);
      }
    }
    this.closeUntil(Infinity);
    return this.result;
  }

  /** Closes what ends before an offset, and hands each return on the way to its function. */
  private closeUntil(offset: number): void {
    for (;;) {
      const top = this.open.at(-1);
      const limit = Math.min(top?.end ?? Infinity, offset);
      const { returns } = this.captures;
      while (this.nextReturn < returns.length && returns[this.nextReturn] < limit) {
        const owner = this.open.findLast((each) => each.returns !== null);
        if (owner?.returns) {
          owner.returns.value = true;
        }
        this.nextReturn += 1;
      }
      if (top === undefined || top.end > offset) {
        return;
      }
      this.open.pop();
    }
  }

  private openUnit(found: Found, end: number): void {
    const { shape } = this.parser.language;
    const named = shape.name
      ? shape.name(found.name, found.definition)
      : found.name && { name: found.name.text, qualifier: [] };
    const body = bodyOf(found.value, shape);
    const unit = named && body && this.readUnit(found, body, named);
    if (unit) {
      this.result.units.push(unit);
    }
    // Where the type does not say, a return seen later in the sweep does.
    const undecided = unit && unit.returns.type === null && unit.kind !== 'constructor';
    this.open.push({
      end,
      names: body && named ? [...named.qualifier, named.name] : [],
      isClass: false,
      returns: undecided ? unit.returns : { value: false },
    });
  }

  private readUnit(
    found: Found,
    body: { node: Node | null; start: number; end: number },
    named: UnitName,
  ): UnitText | null {
    const { name, qualifier } = named;
    const { text, lines, captures } = this;
    const { id, shape, docs } = this.parser.language;
    const outer = outermost(found.definition, captures.outerOf);
    const written = found.name?.text ?? name;
    const above = lookAbove(text, lines, captures.leading, outer.startIndex, written, docs);
    const end = this.withoutTrailingComments(outer.endIndex, body.start);
    const range = lines.range(above.start, end);
    if (outer.hasError || this.overlapsError(outer)) {
      this.result.rejected.push({ name, range, reason: 'syntax-error' });
      return null;
    }
    const bodyEnd = Math.min(body.end, end);
    const signatureStart = afterDecorators(outer, shape);
    const signatureEnd = this.withoutTrailingComments(body.start, signatureStart);
    const inside = docs.place === 'inside' ? docstring(body.node, docs.isDoc) : null;
    const doc = inside ?? above.doc;
    const bodyText = inside === null ? body.start : Math.min(inside.next ?? bodyEnd, bodyEnd);
    const beforeDoc = inside?.start ?? bodyText;
    const owner = this.open.at(-1)?.isClass ? this.open.at(-1) : undefined;
    const kind = unitKind(found.kind, named, owner, shape);
    return {
      name,
      qualifiedName: [...this.open.flatMap(({ names }) => names), ...qualifier, name].join('.'),
      kind,
      language: id,
      range,
      signatureRange: lines.range(signatureStart, signatureEnd),
      bodyRange: lines.range(body.start, bodyEnd),
      docRange: doc === null ? null : lines.range(doc.start, doc.end),
      // `_` is a parameter that has no meaning, and so none to tell of.
      parameters: shape.parameters(found.value).filter((each) => !['', '_'].includes(each.name)),
      returns: returnsOf(kind, found.value, body.node, shape),
      docInsert:
        docs.place === 'inside'
          ? this.insertInside(signatureEnd, body.start)
          : {
              position: lines.position(above.docAnchor),
              indent: lines.indentAt(above.docAnchor),
            },
      signature: text.slice(signatureStart, signatureEnd),
      body: text.slice(bodyText, bodyEnd),
      code: text.slice(signatureStart, beforeDoc) + text.slice(bodyText, end),
      doc: doc === null ? null : text.slice(doc.start, doc.end),
    };
  }

  /** Comments that the grammar puts at the end of a piece of code, but which belong to what follows. */
  private withoutTrailingComments(end: number, start: number): number {
    const { leading } = this.captures;
    let at = start + this.text.slice(start, end).trimEnd().length;
    for (let i = indexByEnd(leading, at); i >= 0; i--) {
      const item = leading[i];
      if (item.type !== 'comment' || item.end !== at || item.start < start) {
        break;
      }
      at = start + this.text.slice(start, item.start).trimEnd().length;
    }
    return at;
  }

  private overlapsError({ startIndex, endIndex }: Node): boolean {
    return this.captures.errors.some(({ start, end }) => start < endIndex && end > startIndex);
  }

  /** A docstring goes on the first line after the signature, above comments; or opens a one-line body. */
  private insertInside(signatureEnd: number, bodyStart: number): UnitText['docInsert'] {
    const { lines, text } = this;
    if (!lines.isFirstOnLine(bodyStart)) {
      return { position: lines.position(bodyStart), indent: `${lines.indentAt(bodyStart)}    ` };
    }
    const indent = lines.indentAt(bodyStart);
    for (let line = lines.lineAt(signatureEnd) + 1; line < lines.lineAt(bodyStart); line++) {
      const start = lines.offset({ line, character: 0 });
      if (text.startsWith(`${indent}#`, start)) {
        return { position: { line, character: indent.length }, indent };
      }
    }
    return { position: lines.position(bodyStart), indent };
  }
}

function indexByEnd(items: readonly { end: number }[], end: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle].end <= end) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}

function bodyOf(
  value: Node,
  shape: UnitShape,
): { node: Node | null; start: number; end: number } | null {
  const node = shape.body ? shape.body(value) : value.childForFieldName('body');
  if (node !== null) {
    return { node, start: node.startIndex, end: node.endIndex };
  }
  const last = value.lastChild;
  if (shape.emptyBodies !== true || last?.type !== 'end') {
    return null;
  }
  return { node: null, start: last.startIndex, end: last.startIndex };
}

/** Where the signature begins: after decorators, annotations and attributes at the front. */
function afterDecorators(node: Node, shape: UnitShape): number {
  for (const child of shape.decorators.size > 0 ? node.children : []) {
    // Modifiers are a node of their own in some grammars, with the annotations among them.
    const parts = child.type === 'modifiers' ? child.children : [child];
    const first = parts.find(
      ({ type }) => !shape.decorators.has(type) && !type.endsWith('comment'),
    );
    if (first !== undefined) {
      return first.startIndex;
    }
  }
  return node.startIndex;
}

function docstring(
  body: Node | null,
  isDoc: (literal: string) => boolean,
): { start: number; end: number; next: number | null } | null {
  const statements = body?.namedChildren ?? [];
  const at = statements.findIndex(({ type }) => type !== 'comment');
  const literal = statements[at]?.type === 'expression_statement' ? statements[at].child(0) : null;
  const parts = literal?.type === 'concatenated_string' ? literal.namedChildren : [literal];
  if (literal === null || !parts.every((part) => part?.type === 'string' && isDoc(part.text))) {
    return null;
  }
  const next = statements[at + 1]?.startIndex ?? null;
  return { start: literal.startIndex, end: literal.endIndex, next };
}

function unitKind(
  kind: UnitKind,
  { name, qualifier, method }: UnitName,
  owner: Open | undefined,
  shape: UnitShape,
): UnitKind {
  const ownerName = qualifier.at(-1) ?? owner?.names.at(-1) ?? (owner === undefined ? null : '');
  if (kind !== 'arrow' && shape.isConstructor?.(name, ownerName)) {
    return 'constructor';
  }
  return kind === 'function' && (method || owner !== undefined) ? 'method' : kind;
}

/** What the signature and the last expression say; return statements are seen in the sweep. */
function returnsOf(kind: UnitKind, value: Node, body: Node | null, shape: UnitShape): Returns {
  const type = shape.returnType(value);
  if (kind === 'constructor' || type !== null) {
    return { type, value: type !== null && !shape.nothing.has(type) };
  }
  return { type, value: body !== null && (shape.impliesValue?.(value, body) ?? false) };
}

/** The plain names in what a class or module is called: `a::B<T>` gives a and B. */
function scopeNames(written: string): string[] {
  return written
    .replace(/<[\s\S]*$/, '')
    .split(/::|\.|\\/)
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== 'self');
}
