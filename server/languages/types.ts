/** The languages BatCoder extracts units from. */
export const LANGUAGE_IDS = [
  'typescript',
  'tsx',
  'javascript',
  'python',
  'go',
  'java',
  'rust',
  'c',
  'cpp',
  'ruby',
  'php',
  'csharp',
  'kotlin',
  'scala',
  'lua',
  'bash',
] as const;

export type LanguageId = (typeof LANGUAGE_IDS)[number];

/** How a doc is written in source text; `docs/` parses and renders each. */
export type DocStyle =
  | 'tsdoc'
  | 'jsdoc'
  | 'google'
  | 'numpy'
  | 'sphinx'
  | 'javadoc'
  | 'kdoc'
  | 'scaladoc'
  | 'doxygen'
  | 'godoc'
  | 'rustdoc'
  | 'yard'
  | 'phpdoc'
  | 'xmldoc'
  | 'ldoc'
  | 'plain';

export type UnitKind = 'function' | 'method' | 'constructor' | 'arrow';

export interface Parameter {
  /** As a doc names it: no `*`, `&`, `...` or default; a destructured parameter has its whole pattern. */
  name: string;
  /** The written type, or null where the source has none. */
  type: string | null;
  optional: boolean;
  rest: boolean;
}

export interface Returns {
  /** The written return type, or null. */
  type: string | null;
  /** True where the type or the body says that a value comes back. */
  value: boolean;
}

/**
 * What a doc says, free of any style. `params` keeps the order of the signature.
 * The model reads and writes its plain text form (docs/plain.ts); the styles render it into files.
 */
export interface Doc {
  /** One or more sentences; the first line is the summary. */
  summary: string;
  params: { name: string; text: string }[];
  returns: string | null;
}
