import { LruCache } from '../util/lruCache.js';
import type { Similarity } from './measure.js';
import { countOf, nGrams, readUnitText, symmetricBleu } from './textTree.js';
import type { UnitSyntax } from './unitSyntax.js';

/** How many n-grams a corpus gives that count as shared by all code; the original's setting. */
const TRIVIAL = 500;

/**
 * CrystalBLEU (Eghbali and Pradel, 2022): BLEU without the n-grams that nearly all code of a language shares.
 * With a corpus these are its most frequent n-grams; without one, those made of keywords and punctuation only.
 */
export class CrystalBleu implements Similarity {
  private readonly units = new LruCache<string, readonly string[] | null>(256);
  private readonly keep: (gram: string) => boolean;

  constructor(
    private readonly syntax: UnitSyntax,
    corpus: readonly string[],
  ) {
    const trivial = this.frequent(corpus);
    this.keep =
      corpus.length > 0
        ? (gram) => !trivial.has(gram)
        : (gram) =>
            gram
              .split('\u0000')
              .some((token) => !syntax.keywords.has(token) && /[\w"'`]/.test(token));
  }

  parses(code: string): boolean {
    return this.tokens(code) !== null;
  }

  score(one: string, other: string): number {
    const [a, b] = [this.tokens(one), this.tokens(other)];
    if (a === null || b === null) {
      return 0;
    }
    const score = symmetricBleu(a, b, this.keep);
    return score ?? (a.join('\u0000') === b.join('\u0000') ? 1 : 0);
  }

  private frequent(corpus: readonly string[]): Set<string> {
    const grams = corpus.flatMap((code) => {
      const tokens = this.tokens(code) ?? [];
      return [1, 2, 3, 4].flatMap((n) => nGrams(tokens, n));
    });
    const byCount = [...countOf(grams)].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    return new Set(byCount.slice(0, TRIVIAL).map(([gram]) => gram));
  }

  private tokens(code: string): readonly string[] | null {
    return this.units.getOrMake(code, () => {
      const tree = this.syntax.forText(code);
      return tree === null ? null : readUnitText(tree, this.syntax.grammar).tokens;
    });
  }
}
