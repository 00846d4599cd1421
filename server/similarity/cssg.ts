import { buildProgramGraph } from './dependence.js';
import { EditDistance } from './editDistance.js';
import { LruCache } from '../util/lruCache.js';
import { matchable, type MatchableGraph } from './matchable.js';
import type { Similarity } from './measure.js';
import type { UnitSyntax } from './unitSyntax.js';

/** How many graphs are kept: the original of a group is compared with every reconstruction. */
const KEPT_GRAPHS = 512;

/** Code similarity by program dependence graphs (Xu et al., "CSSG", 2026). */
export class Cssg implements Similarity {
  private readonly graphs = new LruCache<string, MatchableGraph | null>(KEPT_GRAPHS);
  private readonly distance = new EditDistance();

  constructor(private readonly syntax: UnitSyntax) {}

  score(a: string, b: string): number {
    const [one, other] = [this.graph(a), this.graph(b)];
    return one === null || other === null ? 0 : this.distance.similarity(one, other);
  }

  parses(code: string): boolean {
    return this.graph(code) !== null;
  }

  private graph(code: string): MatchableGraph | null {
    return this.graphs.getOrMake(code, () => {
      const tree = this.syntax.forGraph(code);
      const graph = tree === null ? null : buildProgramGraph(tree, this.syntax.grammar);
      return graph === null ? null : matchable(graph);
    });
  }
}
