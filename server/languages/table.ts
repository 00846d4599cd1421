import { bash } from './bash.js';
import { c, cpp } from './c.js';
import { csharp } from './csharp.js';
import { go } from './go.js';
import { java } from './java.js';
import { javascript, tsx, typescript } from './javascript.js';
import { kotlin } from './kotlin.js';
import type { Language } from './language.js';
import { lua } from './lua.js';
import { php } from './php.js';
import { python } from './python.js';
import { ruby } from './ruby.js';
import { rust } from './rust.js';
import { scala } from './scala.js';
import type { LanguageId } from './types.js';

/** Every language that units are extracted from. */
export const LANGUAGES: readonly Language[] = [
  typescript,
  tsx,
  javascript,
  python,
  go,
  java,
  rust,
  c,
  cpp,
  ruby,
  php,
  csharp,
  kotlin,
  scala,
  lua,
  bash,
];

const byId = new Map<LanguageId, Language>(LANGUAGES.map((language) => [language.id, language]));
const byExtension = new Map<string, Language>();
const byFilename = new Map<string, Language>();
const byVscodeId = new Map<string, Language>();
for (const language of LANGUAGES) {
  language.extensions.forEach((extension) => byExtension.set(extension, language));
  language.filenames.forEach((name) => byFilename.set(name, language));
  language.vscodeIds.forEach((id) => byVscodeId.set(id, language));
}

/** The table's entry for an id. */
export function languageById(id: LanguageId): Language {
  const language = byId.get(id);
  if (language === undefined) {
    throw new Error(`Unknown language '${id as string}'.`);
  }
  return language;
}

/** The language for an id of the editor's (`typescriptreact`, `shellscript`), or null. */
export function languageForVscodeId(id: string): Language | null {
  return byVscodeId.get(id) ?? null;
}

/** The language for a file's name, or null where the name says nothing. */
export function languageForPath(path: string): Language | null {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  const dot = name.lastIndexOf('.');
  const byName = byFilename.get(name);
  return byName ?? (dot > 0 ? (byExtension.get(name.slice(dot).toLowerCase()) ?? null) : null);
}

const CPP_HEADER =
  /^\s*(?:class\s+\w|namespace\b|template\s*<|using\s+\w|(?:public|private|protected)\s*:|#\s*include\s*<[a-z_]+>)/m;

/**
 * The language for a file whose text is at hand: also by its `#!` line, and C++ for a `.h` that is C++.
 * @param text the file's text, or its beginning
 */
export function languageForFile(path: string, text: string): Language | null {
  const language = languageForPath(path);
  if (language === null) {
    const line = /^#!\s*\S*?(?:\/env\s+(?:-S\s+)?)?([\w.-]+)(?:\s|$)/.exec(text.slice(0, 200));
    const program = line?.[1].replace(/[\d.]+$/, '');
    return LANGUAGES.find((each) => each.interpreters.includes(program ?? '')) ?? null;
  }
  return language.id === 'c' && path.endsWith('.h') && CPP_HEADER.test(text) ? cpp : language;
}
