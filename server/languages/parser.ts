import { Language as Grammar, Parser, Query, type Tree } from 'web-tree-sitter';
import { assetPath } from '../util/assets.js';
import type { Language } from './language.js';
import { languageById } from './table.js';
import type { LanguageId } from './types.js';

/** A grammar that is ready to use. One per language and thread; parsing is synchronous. */
export interface LanguageParser {
  readonly language: Language;
  /**
   * Parses a file. The caller must call `delete()` on the tree: its memory is outside the JavaScript heap.
   * @param limitMs the longest that parsing may take; no limit when left out
   * @returns null when the limit was reached
   */
  parse(text: string, limitMs?: number): Tree | null;
  /** Compiles a query of this language; the same source is compiled once. */
  query(source: string): Query;
}

let runtime: Promise<void> | null = null;
const loaded = new Map<LanguageId, Promise<LanguageParser>>();

/** Loads the runtime and the grammar, once for each thread. */
export function loadParser(id: LanguageId): Promise<LanguageParser> {
  let parser = loaded.get(id);
  if (parser === undefined) {
    parser = load(languageById(id));
    loaded.set(id, parser);
    parser.catch(() => loaded.delete(id));
  }
  return parser;
}

async function load(language: Language): Promise<LanguageParser> {
  runtime ??= Parser.init({ locateFile: () => assetPath('wasm', 'web-tree-sitter.wasm') });
  await runtime;
  const grammar = await Grammar.load(assetPath('wasm', language.wasm));
  const parser = new Parser();
  parser.setLanguage(grammar);
  const queries = new Map<string, Query>();
  return {
    language,
    parse(text, limitMs) {
      const until = limitMs === undefined ? Infinity : performance.now() + limitMs;
      // The runtime stops when the callback returns true, although its type says void.
      const progressCallback = () => performance.now() > until;
      try {
        const tree = parser.parse(text, null, { progressCallback });
        if (tree === null) {
          parser.reset();
        }
        return tree;
      } catch (error) {
        parser.reset();
        throw error;
      }
    },
    query(source) {
      let query = queries.get(source);
      if (query === undefined) {
        query = new Query(grammar, source);
        queries.set(source, query);
      }
      return query;
    },
  };
}
