import type { FlatTree } from './flatTree.js';
import { textOf } from './flatTree.js';
import { hashText } from './programGraph.js';
import { ROLE } from './roles.js';
import type { GrammarRoles } from './syntax.js';

/** A unit as text and tree, for the measures that look at these only. */
export interface UnitText {
  /** The texts of the leaves: what a compiler calls tokens. */
  readonly tokens: readonly string[];
  /** A label for each node: its type, with the text of literals; names have none. Post order. */
  readonly labels: Int32Array;
  /** For each node, in post order, the first node of its subtree. */
  readonly leftmost: Int32Array;
  /** A hash of each inner node's whole subtree. */
  readonly subtrees: Int32Array;
}

export function readUnitText(tree: FlatTree, grammar: GrammarRoles): UnitText {
  const tokens: string[] = [];
  const labels = new Int32Array(tree.count);
  const leftmost = new Int32Array(tree.count);
  const subtrees: number[] = [];
  let place = 0;
  const visit = (node: number): number => {
    const first = place;
    const type = grammar.typeNames[tree.type[node]] ?? '';
    const leaf = tree.next[node] === node + 1;
    const role = grammar.roles[tree.type[node]];
    let hash = hashText(type);
    if (leaf) {
      const text = textOf(tree, node).trim();
      if (text !== '') {
        tokens.push(text);
      }
      const literal = role === ROLE.number || role === ROLE.string || /content|fragment/.test(type);
      hash = literal ? hashText(`${type} ${text}`) : hash;
    }
    const label = hash;
    for (let child = node + 1; child < tree.next[node]; child = tree.next[child]) {
      hash = (Math.imul(hash, 31) + visit(child)) | 0;
    }
    if (!leaf) {
      subtrees.push(hash);
    }
    labels[place] = label;
    leftmost[place] = first;
    place++;
    return hash;
  };
  visit(0);
  return { tokens, labels, leftmost, subtrees: Int32Array.from(subtrees) };
}

/** How often each value is there. */
export function countOf<T>(values: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) {
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts;
}

/** What two bags share, each thing counted as often as both have it, and their sizes. */
export function overlap<T>(
  a: Map<T, number>,
  b: Map<T, number>,
  weight: (value: T) => number = () => 1,
): { shared: number; total: number } {
  let [shared, total] = [0, 0];
  for (const [value, count] of a) {
    shared += weight(value) * Math.min(count, b.get(value) ?? 0);
    total += weight(value) * count;
  }
  for (const [value, count] of b) {
    total += weight(value) * count;
  }
  return { shared, total };
}

/** The n-grams of a token list as strings. */
export function nGrams(tokens: readonly string[], n: number): string[] {
  return Array.from({ length: Math.max(0, tokens.length - n + 1) }, (_, i) =>
    tokens.slice(i, i + n).join('\u0000'),
  );
}

/**
 * BLEU made symmetric: the geometric mean over n = 1..4 of the F1 of shared n-grams, each match used up; for n > 1
 * with one match added (Lin and Och, 2004), so that short units do not fall to 0. Null where nothing is left to compare.
 * @param keep which n-grams count
 */
export function symmetricBleu(
  a: readonly string[],
  b: readonly string[],
  keep: (gram: string) => boolean = () => true,
): number | null {
  let [sum, orders] = [0, 0];
  for (let n = 1; n <= 4; n++) {
    const { shared, total } = overlap(
      countOf(nGrams(a, n).filter(keep)),
      countOf(nGrams(b, n).filter(keep)),
    );
    if (total === 0) {
      continue;
    }
    orders++;
    if (shared === 0 && n === 1) {
      return 0;
    }
    sum += Math.log(n === 1 ? (2 * shared) / total : (2 * shared + 1) / (total + 1));
  }
  return orders === 0 ? null : Math.exp(sum / orders);
}
