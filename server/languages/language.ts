import type { Node } from 'web-tree-sitter';
import type { DocStyle, LanguageId, Parameter } from './types.js';

/**
 * One row of the language table: everything that differs between languages and is not the look of a doc.
 *
 * The query names these captures; a sweep over them in document order (corpus/extract.ts) makes the units:
 * - `@function`, `@method`, `@constructor`, `@arrow`: a definition, with `@name` in the same match, and `@value`
 *   where parameters and body belong to an inner node (a function bound to a name);
 * - `@class` and `@scope`, with `@scope.name`: what qualifies the names inside it; functions of a class are methods;
 * - `@lambda`: any other function, so that its returns are not taken for those of the unit around it;
 * - `@outer` with `@inner`: a wrapper (export, decorators, template line) that belongs to the definition in it;
 * - `@decorator`: a sibling before the definition that belongs to it; `@overload`: a signature without body;
 * - `@comment`: any comment; `@returns.value`: a statement that gives a value back; `@error`: a syntax error.
 */
export interface Language {
  readonly id: LanguageId;
  /** As a person writes it. */
  readonly name: string;
  /** With the dot, lower case. */
  readonly extensions: readonly string[];
  /** Whole file names, for files without an extension. */
  readonly filenames: readonly string[];
  /** Programs named in a `#!` line. */
  readonly interpreters: readonly string[];
  readonly vscodeIds: readonly string[];
  /** File name under `wasm/` of the build. */
  readonly wasm: string;
  readonly query: string;
  /** The first is the default. */
  readonly docStyles: readonly DocStyle[];
  /** Reserved words that a program is made of; identifiers are never among them. */
  readonly keywords: ReadonlySet<string>;
  readonly docs: DocPlacement;
  readonly shape: UnitShape;
}

/** Where a doc stands, and which comments are docs. */
export interface DocPlacement {
  place: 'above' | 'inside';
  /** Whether a comment is a doc by its marks. */
  readonly isDoc: (comment: string) => boolean;
  /** Whether several line comments one under the other make one doc. */
  joinsLines: boolean;
}

/** How to read the parts of a definition off its nodes; `value` is the node that owns parameters and body. */
export interface UnitShape {
  parameters(value: Node): Parameter[];
  returnType(value: Node): string | null;
  /** Written return types that mean that nothing comes back. */
  nothing: ReadonlySet<string>;
  /** Node types at the front of a definition that are not part of its signature. */
  decorators: ReadonlySet<string>;
  /** The body; null for a declaration. Left out: the field `body`. */
  body?(value: Node): Node | null;
  /** True where the grammar has no node for the body of an empty function; it then ends before the last token. */
  emptyBodies?: boolean;
  /** Whether a value comes back although neither type nor return statement says so. */
  impliesValue?(value: Node, body: Node): boolean;
  /** The plain name, and any qualification written in the name itself (`Class::name`, `exports.name`). */
  name?(name: Node | null, definition: Node): UnitName | null;
  /** Tells a constructor by its name; `owner` is the class it stands in, or null. */
  isConstructor?(name: string, owner: string | null): boolean;
}

export interface UnitName {
  name: string;
  qualifier: string[];
  /** The name itself tells that it is a method (`Class::name`). */
  method?: boolean;
}

/** Words in a string as a set. */
export function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter((word) => word !== ''));
}

/** The text of a field, or null. */
export function fieldText(node: Node, field: string): string | null {
  return node.childForFieldName(field)?.text ?? null;
}

/** A parameter that is neither optional nor rest, unless said otherwise. A pattern over several lines becomes one. */
export function parameter(
  name: string,
  type: string | null,
  more: { optional?: boolean; rest?: boolean } = {},
): Parameter {
  const line = name.replace(/\s+/g, ' ');
  return { name: line, type, optional: more.optional ?? false, rest: more.rest ?? false };
}
