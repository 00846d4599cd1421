import { CATEGORIES, type ProgramGraph } from './programGraph.js';

/** How far around a node its colours look. */
export const ROUNDS = 3;

/** A graph with what matching needs, made once for each graph. */
export interface MatchableGraph extends ProgramGraph {
  /** Incident edges of node v: places firstEdge[v] to firstEdge[v + 1] of the four arrays below. */
  readonly firstEdge: Int32Array;
  readonly neighbour: Int32Array;
  /** Kind, plus 64 for an edge that comes in. */
  readonly way: Uint8Array;
  /** For each place: way and the neighbour's category in one number; sorted within a node. */
  readonly signature: Int32Array;
  /** Where each node's outgoing edges begin in the sorted edge list. */
  readonly firstOut: Int32Array;
  /** colour[round * nodes + v]: equal for nodes whose surroundings are equal (Weisfeiler and Leman). */
  readonly colour: Int32Array;
  /** Node numbers by category. */
  readonly members: readonly Int32Array[];
}

export function matchable(graph: ProgramGraph): MatchableGraph {
  const { nodes, edges, source, target, kind, category } = graph;
  const firstEdge = new Int32Array(nodes + 1);
  const firstOut = new Int32Array(nodes + 1);
  for (let e = 0; e < edges; e++) {
    firstEdge[source[e] + 1]++;
    firstEdge[target[e] + 1]++;
    firstOut[source[e] + 1]++;
  }
  for (let v = 0; v < nodes; v++) {
    firstEdge[v + 1] += firstEdge[v];
    firstOut[v + 1] += firstOut[v];
  }
  const neighbour = new Int32Array(edges * 2);
  const way = new Uint8Array(edges * 2);
  const signature = new Int32Array(edges * 2);
  const at = firstEdge.slice();
  for (let e = 0; e < edges; e++) {
    const out = at[source[e]]++;
    neighbour[out] = target[e];
    way[out] = kind[e];
    signature[out] = (kind[e] << 5) | category[target[e]];
    const back = at[target[e]]++;
    neighbour[back] = source[e];
    way[back] = kind[e] | 64;
    signature[back] = ((kind[e] | 64) << 5) | category[source[e]];
  }
  for (let v = 0; v < nodes; v++) {
    signature.subarray(firstEdge[v], firstEdge[v + 1]).sort();
  }
  const byCategory: number[][] = Array.from({ length: CATEGORIES }, () => []);
  category.forEach((each, v) => byCategory[each].push(v));
  const members = byCategory.map((each) => Int32Array.from(each));
  const colour = colours(graph, firstEdge, neighbour, way);
  return { ...graph, firstEdge, neighbour, way, signature, firstOut, colour, members };
}

function colours(
  graph: ProgramGraph,
  firstEdge: Int32Array,
  neighbour: Int32Array,
  way: Uint8Array,
): Int32Array {
  const { nodes, category, detail } = graph;
  const colour = new Int32Array(nodes * (ROUNDS + 1));
  for (let v = 0; v < nodes; v++) {
    colour[v] = mix(detail[v], category[v] + 1);
  }
  for (let round = 1; round <= ROUNDS; round++) {
    const [before, now] = [(round - 1) * nodes, round * nodes];
    for (let v = 0; v < nodes; v++) {
      let sum = 0;
      for (let e = firstEdge[v]; e < firstEdge[v + 1]; e++) {
        sum = (sum + mix(colour[before + neighbour[e]], way[e] + 1)) | 0;
      }
      colour[now + v] = mix(colour[before + v], sum);
    }
  }
  return colour;
}

function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b);
  hash ^= hash >>> 13;
  return Math.imul(hash, 0xc2b2ae35) ^ (hash >>> 16);
}

/** A total order of graphs, so that a pair is always compared the same way round. 0: equal. */
export function compareGraphs(a: ProgramGraph, b: ProgramGraph): number {
  return (
    a.nodes - b.nodes ||
    a.edges - b.edges ||
    compareArrays(a.category, b.category) ||
    compareArrays(a.detail, b.detail) ||
    compareArrays(a.source, b.source) ||
    compareArrays(a.target, b.target) ||
    compareArrays(a.kind, b.kind)
  );
}

function compareArrays(a: Uint8Array | Int32Array, b: Uint8Array | Int32Array): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) {
      return a[i] - b[i];
    }
  }
  return 0;
}
