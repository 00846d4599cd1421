import { Block } from './block.js';
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
  /** Node numbers by category: those of category c at the places firstMember[c] to firstMember[c + 1]. */
  readonly members: Int32Array;
  readonly firstMember: Int32Array;
}

export function matchable(graph: ProgramGraph): MatchableGraph {
  const { nodes, edges, source, target, kind, category } = graph;
  const ends = edges * 2;
  const words = 3 * nodes + 2 + 2 * ends + (ROUNDS + 1) * nodes + CATEGORIES + 1;
  const block = new Block(words * 4 + ends);
  const firstEdge = block.int32(nodes + 1);
  const firstOut = block.int32(nodes + 1);
  for (let e = 0; e < edges; e++) {
    firstEdge[source[e] + 1]++;
    firstEdge[target[e] + 1]++;
    firstOut[source[e] + 1]++;
  }
  for (let v = 0; v < nodes; v++) {
    firstEdge[v + 1] += firstEdge[v];
    firstOut[v + 1] += firstOut[v];
  }
  const neighbour = block.int32(ends);
  const signature = block.int32(ends);
  const members = block.int32(nodes);
  const firstMember = block.int32(CATEGORIES + 1);
  const colour = block.int32((ROUNDS + 1) * nodes);
  const way = block.uint8(ends);
  // Each edge goes to the next free place of both its ends; its signature to where it belongs by size.
  for (let e = 0; e < edges; e++) {
    const [from, to] = [source[e], target[e]];
    const out = firstEdge[from] + members[from]++;
    neighbour[out] = to;
    way[out] = kind[e];
    insert(signature, firstEdge[from], out, (kind[e] << 5) | category[to]);
    const back = firstEdge[to] + members[to]++;
    neighbour[back] = from;
    way[back] = kind[e] | 64;
    insert(signature, firstEdge[to], back, ((kind[e] | 64) << 5) | category[from]);
  }
  for (let v = 0; v < nodes; v++) {
    firstMember[category[v] + 1]++;
  }
  for (let c = 0; c < CATEGORIES; c++) {
    firstMember[c + 1] += firstMember[c];
  }
  free.set(firstMember.subarray(0, CATEGORIES));
  for (let v = 0; v < nodes; v++) {
    members[free[category[v]]++] = v;
  }
  fillColours(colour, graph, firstEdge, neighbour, way);
  const { detail } = graph;
  return {
    nodes,
    edges,
    category,
    detail,
    source,
    target,
    kind,
    firstEdge,
    neighbour,
    way,
    signature,
    firstOut,
    colour,
    members,
    firstMember,
  };
}

/** The next free place for each category. */
const free = new Int32Array(CATEGORIES);

/** Puts a value into the sorted places from `first`, of which those from `end` on are free. */
function insert(values: Int32Array, first: number, end: number, value: number): void {
  let at = end;
  while (at > first && values[at - 1] > value) {
    values[at] = values[at - 1];
    at--;
  }
  values[at] = value;
}

function fillColours(
  colour: Int32Array,
  graph: ProgramGraph,
  firstEdge: Int32Array,
  neighbour: Int32Array,
  way: Uint8Array,
): void {
  const { nodes, category, detail } = graph;
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
