import { Language as Grammar, Parser, type ParseState, Query, type Tree } from 'web-tree-sitter';
import { assetPath } from '../util/assets.js';
import type { Language } from './language.js';
import { languageById } from './table.js';
import { runtimeModule } from './treeCursor.js';
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
  /** As `parse`, for a text that is of use only without a syntax error: null where it has one. */
  parseClean(text: string): Tree | null;
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
  runtimeModule.locateFile = () => assetPath('wasm', 'web-tree-sitter.wasm');
  runtime ??= Parser.init(runtimeModule);
  await runtime;
  const grammar = await Grammar.load(assetPath('wasm', language.wasm));
  const parser = new Parser();
  parser.setLanguage(grammar);
  const queries = new Map<string, Query>();
  const run = (text: string, stop: (state: ParseState) => boolean): Tree | null => {
    try {
      // The runtime stops when the callback returns true, although its type says void.
      const tree = parser.parse(text, null, { progressCallback: stop });
      if (tree === null) {
        parser.reset();
      }
      return tree;
    } catch (error) {
      parser.reset();
      throw error;
    }
  };
  return {
    language,
    parse(text, limitMs) {
      const until = limitMs === undefined ? Infinity : performance.now() + limitMs;
      return run(text, () => performance.now() > until);
    },
    parseClean(text) {
      // Once every version of the parse is in error, no tree without one can come of it.
      const tree = run(text, ({ hasError }) => hasError);
      if (tree === null || !tree.rootNode.hasError) {
        return tree;
      }
      tree.delete();
      return null;
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
