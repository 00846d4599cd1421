import { buildProgramGraph } from './dependence.js';
import { LruCache } from '../util/lruCache.js';
import type { Similarity } from './measure.js';
import { countOf, overlap, readUnitText, symmetricBleu, type UnitText } from './textTree.js';
import { EDGE } from './programGraph.js';
import type { UnitSyntax } from './unitSyntax.js';

/** How many other tokens a keyword weighs, as in the original. A whole number, so that sums are exact. */
const KEYWORD = 5;

interface Parts extends UnitText {
  /** Data edges by the labels of their ends. */
  readonly dataFlow: Map<string, number>;
}

/**
 * CodeBLEU (Ren et al., 2020): the mean of n-gram match, keyword-weighted match, syntax match and data-flow match.
 * Unlike the usual code each part is an F1 with every match used up, literals and operators count in the syntax,
 * and the data-flow part is left out only where neither side has any data flow.
 */
export class CodeBleu implements Similarity {
  private readonly units = new LruCache<string, Parts | null>(256);

  constructor(private readonly syntax: UnitSyntax) {}

  parses(code: string): boolean {
    return this.unit(code) !== null;
  }

  score(one: string, other: string): number {
    const [a, b] = [this.unit(one), this.unit(other)];
    if (a === null || b === null) {
      return 0;
    }
    const { keywords } = this.syntax;
    const weigh = (token: string) => (keywords.has(token) ? KEYWORD : 1);
    const parts = [
      symmetricBleu(a.tokens, b.tokens) ?? 0,
      f1(overlap(countOf(a.tokens), countOf(b.tokens), weigh)) ?? 0,
      f1(overlap(countOf(a.subtrees), countOf(b.subtrees))) ?? 0,
    ];
    const flow = f1(overlap(a.dataFlow, b.dataFlow));
    if (flow !== null) {
      parts.push(flow);
    }
    return parts.reduce((sum, part) => sum + part, 0) / parts.length;
  }

  private unit(code: string): Parts | null {
    return this.units.getOrMake(code, () => {
      const text = this.syntax.forText(code);
      const pruned = text === null ? null : this.syntax.forGraph(code);
      const graph = pruned === null ? null : buildProgramGraph(pruned, this.syntax.grammar);
      if (text === null || graph === null) {
        return null;
      }
      const flow: string[] = [];
      graph.kind.forEach((kind, e) => {
        if (kind >= EDGE.data && kind < EDGE.parameter) {
          const [from, to] = [graph.source[e], graph.target[e]];
          const label = (v: number) => `${graph.category[v]}:${graph.detail[v]}`;
          flow.push(`${label(from)} ${kind} ${label(to)}`);
        }
      });
      return { ...readUnitText(text, this.syntax.grammar), dataFlow: countOf(flow) };
    });
  }
}

function f1({ shared, total }: { shared: number; total: number }): number | null {
  return total === 0 ? null : (2 * shared) / total;
}
