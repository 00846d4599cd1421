import type { LanguageId, Parameter, Returns, UnitKind } from '../languages/types.js';

export type { Parameter, Returns, UnitKind };

/** 0-based line and UTF-16 column, as in the language server protocol. */
export interface Position {
  line: number;
  character: number;
}

/** Half open: `end` is the first position after the text. */
export interface Range {
  start: Position;
  end: Position;
}

/** A function or method with signature, body and doc. Ranges are those of the file it was found in. */
export interface Unit {
  name: string;
  /** Enclosing classes, modules and functions joined by dots: `Outer.inner`. */
  qualifiedName: string;
  kind: UnitKind;
  language: LanguageId;
  /** The whole definition with its modifiers and decorators, without a doc comment that stands above it. */
  range: Range;
  /** From the start of the definition (after decorators) to the body, without trailing white space. */
  signatureRange: Range;
  /** The body as the grammar has it: with braces where there are some; a Python block with its docstring. */
  bodyRange: Range;
  docRange: Range | null;
  parameters: Parameter[];
  returns: Returns;
  /** Where a new doc would be put: the line, and the indentation that its lines need. */
  docInsert: { position: Position; indent: string };
}

/** A unit with its text: what the corpus keeps and training reads. */
export interface UnitText extends Unit {
  signature: string;
  /** The body without any doc; for Python the block after the docstring. */
  body: string;
  /** Signature and body with the doc taken out: the `c` of the method. */
  code: string;
  /** The doc as it stands in the file, comment marks and all. */
  doc: string | null;
}

/** A unit of a workspace. */
export interface CorpusUnit extends UnitText {
  /** Path relative to the workspace root, with forward slashes. */
  file: string;
  split: 'train' | 'held-out';
}
