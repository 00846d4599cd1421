import type { LanguageParser } from '../languages/parser.js';
import { DROP, flatten, type FlatTree, KEEP, LEAF } from './flatTree.js';
import { ROLE } from './roles.js';
import { type GrammarRoles, grammarRoles } from './syntax.js';
import { wrappersFor } from './wrappers.js';

/** Parses units of one language, as they stand in their classes or alone. */
export class UnitSyntax {
  readonly grammar: GrammarRoles;
  readonly keywords: ReadonlySet<string>;
  private readonly pruned: Uint8Array;
  private readonly whole: Uint8Array;

  constructor(private readonly parser: LanguageParser) {
    const id = parser.language.id;
    this.keywords = parser.language.keywords;
    const probe = parser.parse('');
    if (probe === null) {
      throw new Error(`The ${parser.language.name} grammar could not be used.`);
    }
    this.grammar = grammarRoles(id, probe.language);
    probe.delete();
    this.pruned = this.grammar.roles.map((role) =>
      role === ROLE.drop ? DROP : role === ROLE.name || role === ROLE.number ? LEAF : KEEP,
    );
    this.whole = this.grammar.roles.map((_, type) =>
      /comment/.test(this.grammar.typeNames[type] ?? '') ? DROP : KEEP,
    );
  }

  /** The tree without types, modifiers and punctuation, for the program graph; null where the code has an error or is too deep. */
  forGraph(code: string): FlatTree | null {
    return this.flat(code, this.pruned);
  }

  /** The whole tree, comments left out; null as above. */
  forText(code: string): FlatTree | null {
    return this.flat(code, this.whole);
  }

  private flat(code: string, handling: Uint8Array): FlatTree | null {
    const { id } = this.parser.language;
    for (const [before, after] of wrappersFor(id, code)) {
      const text = before + code + after;
      const tree = this.parser.parseClean(text);
      if (tree !== null) {
        try {
          const flat = flatten(tree, text, handling);
          return flat !== null && this.definesFunction(flat) ? flat : null;
        } finally {
          tree.delete();
        }
      }
    }
    return null;
  }

  /** Words alone are a program in some languages; a unit they are not. */
  private definesFunction(tree: FlatTree): boolean {
    const { roles } = this.grammar;
    for (let node = 0; node < tree.count; node++) {
      const role = roles[tree.type[node]];
      if (role === ROLE.function || role === ROLE.lambda) {
        return true;
      }
    }
    return false;
  }
}
