import { builtinsOf } from '../languages/builtins.js';
import { loadParser } from '../languages/parser.js';
import type { LanguageId } from '../languages/types.js';
import { usedNames } from '../similarity/dependence.js';
import { UnitSyntax } from '../similarity/unitSyntax.js';

/** The class that a method stands in while it is parsed alone. */
const WRAPPER_CLASS = 'C';
const IDENTIFIER = /[\p{L}_$@][\p{L}\p{N}_$]*[?!]?/gu;

/** Tells how many of the names in generated code cannot be what was meant: mostly, nobody declares them. */
export class UnknownNames {
  private constructor(
    private readonly syntax: UnitSyntax,
    private readonly builtins: ReadonlySet<string>,
  ) {}

  static async load(language: LanguageId): Promise<UnknownNames> {
    return new UnknownNames(new UnitSyntax(await loadParser(language)), builtinsOf(language));
  }

  /**
   * The share of the names used in a unit that it does not declare, that the language does not have, and that stand
   * nowhere in the texts it was asked for with; besides, those that a loop's own variable hides in what it goes through.
   * @param known signature, doc, and the file around the place
   * @returns in [0, 1]; 0 where the code does not parse
   */
  share(code: string, known: readonly string[]): number {
    const tree = this.syntax.forGraph(code);
    const names = tree === null ? null : usedNames(tree, this.syntax.grammar);
    if (names === null || names.used.size === 0) {
      return 0;
    }
    const said = new Set([WRAPPER_CLASS, ...known].flatMap((text) => text.match(IDENTIFIER) ?? []));
    const unknown = [...names.free].filter((name) => {
      // Of a path or a type, the first name is what must be known.
      const first = name.match(IDENTIFIER)?.[0] ?? null;
      return first !== null && !this.builtins.has(first) && !said.has(first);
    });
    return (unknown.length + names.hidden.size) / names.used.size;
  }
}
