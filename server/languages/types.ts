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
