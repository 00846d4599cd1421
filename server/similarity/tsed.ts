import { UserError } from '../util/errors.js';
import { LruCache } from '../util/lruCache.js';
import type { Similarity } from './measure.js';
import { readUnitText, type UnitText } from './textTree.js';
import type { UnitSyntax } from './unitSyntax.js';

/** Of the product of the trees' sizes: 0.5 GB for each of two tables. */
const LARGEST = 2 ** 27;

/**
 * TSED (Song et al., 2024): 1 - tree edit distance / size of the larger tree, at least 0.
 * Every edit costs 1, so that the measure is symmetric; node types stay, and literals carry their text.
 */
export class Tsed implements Similarity {
  private readonly units = new LruCache<string, UnitText | null>(256);

  constructor(private readonly syntax: UnitSyntax) {}

  parses(code: string): boolean {
    return this.unit(code) !== null;
  }

  score(one: string, other: string): number {
    const [a, b] = [this.unit(one), this.unit(other)];
    if (a === null || b === null) {
      return 0;
    }
    if (a.labels.length * b.labels.length > LARGEST) {
      throw new UserError('TSED takes too much memory for code as large as this; use cssg.');
    }
    return Math.max(0, 1 - treeEditDistance(a, b) / Math.max(a.labels.length, b.labels.length));
  }

  private unit(code: string): UnitText | null {
    return this.units.getOrMake(code, () => {
      const tree = this.syntax.forText(code);
      return tree === null ? null : readUnitText(tree, this.syntax.grammar);
    });
  }
}

/** The edit distance of ordered trees by keyroots (Zhang and Shasha, 1989). Nodes are in post order. */
function treeEditDistance(
  a: Pick<UnitText, 'labels' | 'leftmost'>,
  b: Pick<UnitText, 'labels' | 'leftmost'>,
): number {
  const [n, m] = [a.labels.length, b.labels.length];
  const width = m + 1;
  const trees = new Int32Array(n * m);
  const forests = new Int32Array((n + 1) * width);
  for (const i of keyroots(a.leftmost)) {
    for (const j of keyroots(b.leftmost)) {
      const [left, top] = [a.leftmost[i], b.leftmost[j]];
      forests[left * width + top] = 0;
      for (let x = left; x <= i; x++) {
        forests[(x + 1) * width + top] = forests[x * width + top] + 1;
      }
      for (let y = top; y <= j; y++) {
        forests[left * width + y + 1] = forests[left * width + y] + 1;
      }
      for (let x = left; x <= i; x++) {
        for (let y = top; y <= j; y++) {
          const whole = a.leftmost[x] === left && b.leftmost[y] === top;
          const edit = Math.min(forests[x * width + y + 1], forests[(x + 1) * width + y]) + 1;
          const match = whole
            ? forests[x * width + y] + (a.labels[x] === b.labels[y] ? 0 : 1)
            : forests[a.leftmost[x] * width + b.leftmost[y]] + trees[x * m + y];
          const best = Math.min(edit, match);
          forests[(x + 1) * width + y + 1] = best;
          if (whole) {
            trees[x * m + y] = best;
          }
        }
      }
    }
  }
  return trees[n * m - 1];
}

/** For each leftmost leaf the highest node that has it. */
function keyroots(leftmost: Int32Array): number[] {
  const last = new Map<number, number>();
  leftmost.forEach((leaf, node) => last.set(leaf, node));
  return [...last.values()].sort((x, y) => x - y);
}
