import { AssignmentSolver } from './assignment.js';
import { type MatchableGraph, ROUNDS, compareGraphs } from './matchable.js';
import { CATEGORIES, CATEGORY, edgeFamily } from './programGraph.js';

/** Costs in quarters of an edit, so that all sums are whole numbers and the same on every machine. */
const EDIT = 4;
/** A node that keeps its category and changes its detail. */
const CHANGE_DETAIL = 2;
/** An edge that changes its kind within its family: another operand place, the other side of a branch. */
const CHANGE_KIND = 2;
/** Equal surroundings break ties between equal costs. */
const TIE = 8;
/** Beyond this many nodes of one category the cheaper greedy matching is used. */
const LARGEST_BLOCK = 120;
const REFINEMENTS = 2;

/** The nodes of one category in two graphs, those of the graph with fewer as rows. */
interface Block {
  a: MatchableGraph;
  b: MatchableGraph;
  rows: number;
  columns: number;
  firstRow: number;
  firstColumn: number;
}

/**
 * An upper bound of the graph edit distance of two program graphs (Riesen and Bunke, 2009: assignment on nodes and
 * their edges, then the true cost of the edit path that it implies), with the roots matched and nodes matched only
 * within their category, entries thus only to entries. Refined by assigning again with the edges that the matching
 * really keeps. No clock is looked at: a pair has one value, whichever way round.
 */
export class EditDistance {
  private readonly solver = new AssignmentSolver();
  private costs = new Int32Array(4096);
  private columns = new Int32Array(256);
  private mapping = new Int32Array(256);
  private best = new Int32Array(256);
  private inverse = new Int32Array(256);
  private placeOf = new Int32Array(256);

  /** 1 - distance / (|N1| + |E1| + |N2| + |E2|), in [0, 1]. */
  similarity(one: MatchableGraph, other: MatchableGraph): number {
    const order = compareGraphs(one, other);
    if (order === 0) {
      return 1;
    }
    const [a, b] = order < 0 ? [one, other] : [other, one];
    const all = EDIT * (a.nodes + a.edges + b.nodes + b.edges);
    return this.saved(a, b) / all;
  }

  /** What the best mapping found saves against deleting the one graph and inserting the other. */
  private saved(a: MatchableGraph, b: MatchableGraph): number {
    this.reserve(Math.max(a.nodes, b.nodes));
    const { mapping } = this;
    mapping.fill(-1, 0, a.nodes);
    mapping[0] = 0;
    for (let category = 1; category < CATEGORIES; category++) {
      this.assignBlock(a, b, category, false);
    }
    let saved = this.savedBy(a, b);
    this.keep(a, b);
    for (let round = 0; round < REFINEMENTS; round++) {
      for (let category = 1; category < CATEGORIES; category++) {
        this.assignBlock(a, b, category, true);
      }
      const more = this.savedBy(a, b);
      if (more <= saved) {
        break;
      }
      saved = more;
      this.keep(a, b);
    }
    return saved;
  }

  /** @param refine the edges that the best mapping keeps count; else the surroundings */
  private assignBlock(
    a: MatchableGraph,
    b: MatchableGraph,
    category: number,
    refine: boolean,
  ): void {
    const { mapping } = this;
    const sizeOfA = a.firstMember[category + 1] - a.firstMember[category];
    const sizeOfB = b.firstMember[category + 1] - b.firstMember[category];
    if (sizeOfA === 0 || sizeOfB === 0) {
      return;
    }
    if (Math.max(sizeOfA, sizeOfB) > LARGEST_BLOCK) {
      if (!refine) {
        greedy(a, b, category, mapping);
      }
      return;
    }
    if (this.costs.length < sizeOfA * sizeOfB) {
      this.costs = new Int32Array(sizeOfA * sizeOfB * 2);
    }
    const swapped = sizeOfA > sizeOfB;
    const [first, second] = swapped ? [b, a] : [a, b];
    const block = {
      a: first,
      b: second,
      rows: Math.min(sizeOfA, sizeOfB),
      columns: Math.max(sizeOfA, sizeOfB),
      firstRow: first.firstMember[category],
      firstColumn: second.firstMember[category],
    };
    if (refine) {
      this.keptCosts(block, swapped ? this.inverse : this.best, category);
    } else {
      this.localCosts(block);
    }
    const { rows, columns, firstRow, firstColumn } = block;
    this.solver.solve(this.costs, rows, columns, this.columns);
    for (let i = 0; i < sizeOfA; i++) {
      mapping[a.members[a.firstMember[category] + i]] = -1;
    }
    for (let i = 0; i < rows; i++) {
      const j = this.columns[i];
      // Zero: as good as no match at all. Entries match all the same.
      if (this.costs[i * columns + j] < 0 || category === CATEGORY.entry) {
        const u = first.members[firstRow + i];
        const v = second.members[firstColumn + j];
        if (swapped) {
          mapping[v] = u;
        } else {
          mapping[u] = v;
        }
      }
    }
  }

  /** Takes the mapping as the best one so far. */
  private keep(a: MatchableGraph, b: MatchableGraph): void {
    const { mapping, best, inverse } = this;
    inverse.fill(-1, 0, b.nodes);
    for (let u = 0; u < a.nodes; u++) {
      const v = mapping[u];
      best[u] = v;
      if (v >= 0) {
        inverse[v] = u;
      }
    }
  }

  /** Costs less those of deletion and insertion, by label and by the ways out of each node. */
  private localCosts({ a, b, rows, columns, firstRow, firstColumn }: Block): void {
    const { costs } = this;
    let at = 0;
    for (let row = 0; row < rows; row++) {
      const u = a.members[firstRow + row];
      const [from, to] = [a.firstEdge[u], a.firstEdge[u + 1]];
      for (let column = 0; column < columns; column++) {
        const v = b.members[firstColumn + column];
        let common = 0;
        const end = b.firstEdge[v + 1];
        for (let i = from, j = b.firstEdge[v]; i < to && j < end; ) {
          const difference = a.signature[i] - b.signature[j];
          if (difference === 0) {
            common++;
          }
          i += difference <= 0 ? 1 : 0;
          j += difference >= 0 ? 1 : 0;
        }
        const label = a.detail[u] === b.detail[v] ? 0 : CHANGE_DETAIL;
        let equal = 0;
        while (equal <= ROUNDS && a.colour[equal * a.nodes + u] === b.colour[equal * b.nodes + v]) {
          equal++;
        }
        // Each edge has two ends: half of what it saves counts at either.
        costs[at++] = -TIE * (2 * EDIT - label + EDIT * common) - equal;
      }
    }
  }

  /**
   * Costs less those of deletion and insertion, by label and by the edges that stay if the others keep their match.
   * @param matched the match of each node of the block's first graph in its second one
   */
  private keptCosts(block: Block, matched: Int32Array, category: number): void {
    const { costs, placeOf } = this;
    const { a, b, rows, columns, firstRow, firstColumn } = block;
    for (let j = 0; j < columns; j++) {
      placeOf[b.members[firstColumn + j]] = j;
    }
    for (let i = 0; i < rows; i++) {
      const u = a.members[firstRow + i];
      const row = i * columns;
      const colour = a.colour[ROUNDS * a.nodes + u];
      for (let j = 0; j < columns; j++) {
        const v = b.members[firstColumn + j];
        const label = a.detail[u] === b.detail[v] ? 0 : CHANGE_DETAIL;
        const equal = colour === b.colour[ROUNDS * b.nodes + v] ? 1 : 0;
        costs[row + j] = -TIE * (2 * EDIT - label) - equal - (matched[u] === v ? 1 : 0);
      }
      for (let e = a.firstEdge[u]; e < a.firstEdge[u + 1]; e++) {
        const image = matched[a.neighbour[e]];
        if (image < 0) {
          continue;
        }
        const back = a.way[e] ^ 64;
        for (let f = b.firstEdge[image]; f < b.firstEdge[image + 1]; f++) {
          const v = b.neighbour[f];
          if (b.category[v] === category && ((b.way[f] ^ back) & 64) === 0) {
            costs[row + placeOf[v]] -= TIE * keptBy(back & 63, b.way[f] & 63);
          }
        }
      }
    }
  }

  /** What the mapping saves in truth. */
  private savedBy(a: MatchableGraph, b: MatchableGraph): number {
    const { mapping } = this;
    let saved = 0;
    for (let u = 0; u < a.nodes; u++) {
      const image = mapping[u];
      if (image < 0) {
        continue;
      }
      saved += 2 * EDIT - (a.detail[u] === b.detail[image] ? 0 : CHANGE_DETAIL);
      for (let e = a.firstOut[u]; e < a.firstOut[u + 1]; ) {
        const v = a.target[e];
        let end = e + 1;
        while (end < a.firstOut[u + 1] && a.target[end] === v) {
          end++;
        }
        if (mapping[v] >= 0) {
          saved += this.savedEdges(a, e, end, b, image, mapping[v]);
        }
        e = end;
      }
    }
    return saved;
  }

  /** The edges between two nodes against those between their images. */
  private savedEdges(
    a: MatchableGraph,
    from: number,
    to: number,
    b: MatchableGraph,
    u: number,
    v: number,
  ): number {
    let start = b.firstOut[u];
    const limit = b.firstOut[u + 1];
    while (start < limit && b.target[start] < v) {
      start++;
    }
    let end = start;
    while (end < limit && b.target[end] === v) {
      end++;
    }
    if (end === start) {
      return 0;
    }
    if (end === start + 1 && to === from + 1) {
      return keptBy(a.kind[from], b.kind[start]);
    }
    let saved = 0;
    for (let family = 0; family <= 4; family++) {
      let [here, there, same] = [0, 0, 0];
      for (let e = from; e < to; e++) {
        here += edgeFamily(a.kind[e]) === family ? 1 : 0;
      }
      if (here === 0) {
        continue;
      }
      for (let f = start; f < end; f++) {
        if (edgeFamily(b.kind[f]) === family) {
          there++;
          for (let e = from; e < to; e++) {
            same += a.kind[e] === b.kind[f] ? 1 : 0;
          }
        }
      }
      saved += 2 * EDIT * same + (2 * EDIT - CHANGE_KIND) * (Math.min(here, there) - same);
    }
    return saved;
  }

  private reserve(size: number): void {
    if (this.mapping.length < size) {
      const room = size * 2;
      this.columns = new Int32Array(room);
      this.mapping = new Int32Array(room);
      this.best = new Int32Array(room);
      this.inverse = new Int32Array(room);
      this.placeOf = new Int32Array(room);
    }
  }
}

/** What an edge saves that becomes another one. */
function keptBy(kind: number, other: number): number {
  if (kind === other) {
    return 2 * EDIT;
  }
  return edgeFamily(kind) === edgeFamily(other) ? 2 * EDIT - CHANGE_KIND : 0;
}

/** Matches nodes with equal surroundings first, the widest that are equal, then by label, then in order. */
function greedy(a: MatchableGraph, b: MatchableGraph, category: number, mapping: Int32Array): void {
  const taken = new Uint8Array(b.nodes);
  for (let round = ROUNDS; round >= -1; round--) {
    const open = new Map<number, number[]>();
    for (let j = b.firstMember[category + 1] - 1; j >= b.firstMember[category]; j--) {
      const v = b.members[j];
      if (taken[v] === 0) {
        const key = round < 0 ? 0 : b.colour[round * b.nodes + v];
        const list = open.get(key);
        if (list === undefined) {
          open.set(key, [v]);
        } else {
          list.push(v);
        }
      }
    }
    for (let i = a.firstMember[category]; i < a.firstMember[category + 1]; i++) {
      const u = a.members[i];
      const v =
        mapping[u] < 0 ? open.get(round < 0 ? 0 : a.colour[round * a.nodes + u])?.pop() : undefined;
      if (v !== undefined) {
        mapping[u] = v;
        taken[v] = 1;
      }
    }
  }
}
