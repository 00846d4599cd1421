import { Block } from './block.js';
import { enlarged } from './flatTree.js';

/**
 * A program dependence graph in arrays. Node 0 is the root; entries are function heads.
 * Labels have two parts: a category, and a detail (operator, callee, literal) as a hash; 0: none.
 * Edges are sorted by source, then target, then kind, and each stands there once.
 */
export interface ProgramGraph {
  readonly nodes: number;
  readonly edges: number;
  readonly category: Uint8Array;
  readonly detail: Int32Array;
  readonly source: Int32Array;
  readonly target: Int32Array;
  readonly kind: Uint8Array;
}

/** Node categories: nodes match only within one. */
export const CATEGORY = {
  root: 0,
  entry: 1,
  parameter: 2,
  literal: 3,
  global: 4,
  operator: 5,
  call: 6,
  access: 7,
  assign: 8,
  branch: 9,
  loop: 10,
  exit: 11,
  try: 12,
  collection: 13,
  lambda: 14,
  other: 15,
} as const;

export const CATEGORIES = 16;

/** Edge kinds. Data edges to ordered operands add the operand's place, up to {@link LAST_PLACE}. */
export const EDGE = {
  member: 0,
  call: 1,
  controlTrue: 2,
  controlFalse: 3,
  controlCatch: 4,
  controlFinally: 5,
  data: 8,
  parameter: 24,
} as const;

const LAST_PLACE = 14;
/** Kinds are below. */
const KINDS = 64;

/** The family of an edge kind: only edges of one family can turn into one another. */
export function edgeFamily(kind: number): number {
  return kind >= EDGE.parameter ? 4 : kind >= EDGE.data ? 3 : kind >= EDGE.controlTrue ? 2 : kind;
}

/** 32-bit hash of a label's text (FNV-1a); never 0. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash === 0 ? 1 : hash | 0;
}

/** Room for the edges of the graph that is being packed. */
let sources = new Int32Array(1024);
let targets = new Int32Array(1024);
let kinds = new Uint8Array(1024);
/** Two orders of these edges, and how many have each value, for sorting. */
let order = new Int32Array(1024);
let reordered = new Int32Array(1024);
let counts = new Int32Array(1024);
/** What each node hangs under, and chains of the edges on which each node is read. */
let control = new Int32Array(256);
let readers = new Int32Array(256);
let nextReader = new Int32Array(1024);

/** Collects nodes and edges, then packs them. The room for them is used again by the next graph. */
export class GraphBuilder {
  nodes = 0;
  category = new Uint8Array(256);
  /** 1 where a control edge or a membership leads to the node. */
  held = new Uint8Array(256);
  private detail = new Int32Array(256);
  /** Source, target, kind of each edge. */
  private ends = new Int32Array(1024);
  private used = 0;
  /** Control edges that a reader of the value in the same place makes needless: source, node, kind. */
  private loose: number[] = [];
  /** Placeholders for what reaches the head of a loop: negative ids. */
  private joins: (readonly number[])[] = [[]];
  /** By node, then by placeholder: the last round of looking for sources that came by. */
  private seen = new Int32Array(1024);
  private round = 0;

  clear(): void {
    this.nodes = 0;
    this.used = 0;
    this.loose = [];
    this.joins = [[]];
  }

  node(category: number, detail: string): number {
    const node = this.nodes++;
    if (node === this.category.length) {
      this.category = enlarged(this.category, new Uint8Array(node * 2));
      this.held = enlarged(this.held, new Uint8Array(node * 2));
      this.detail = enlarged(this.detail, new Int32Array(node * 2));
    }
    this.category[node] = category;
    this.held[node] = 0;
    this.detail[node] = detail === '' ? 0 : hashText(detail);
    return node;
  }

  setDetail(node: number, detail: string): void {
    this.detail[node] = hashText(detail);
  }

  /** A placeholder source, to be given its sources later. */
  join(): number {
    this.joins.push([]);
    return 1 - this.joins.length;
  }

  setJoin(join: number, sources: readonly number[]): void {
    this.joins[-join] = sources;
  }

  edge(source: number, target: number, kind: number): void {
    const at = this.used;
    if (at + 3 > this.ends.length) {
      this.ends = enlarged(this.ends, new Int32Array(at * 2));
    }
    this.ends[at] = source;
    this.ends[at + 1] = target;
    this.ends[at + 2] = kind;
    this.used = at + 3;
  }

  /**
   * A control edge to a value kept in a variable. It is left out where all that reads the value hangs in the same
   * place itself: naming a part of an expression changes nothing.
   */
  looseEdge(source: number, target: number, kind: number): void {
    this.loose.push(source, target, kind);
  }

  data(sources: readonly number[], target: number, place: number): void {
    const kind = EDGE.data + Math.min(place, LAST_PLACE);
    for (let i = 0; i < sources.length; i++) {
      this.edge(sources[i], target, kind);
    }
  }

  build(): ProgramGraph {
    const { nodes } = this;
    const found = this.packLoose(this.packEdges());
    sortEdges(found, nodes);
    let edges = 0;
    for (let i = 0; i < found; i++) {
      const e = order[i];
      const last = order[edges - 1];
      const isNew =
        i === 0 ||
        sources[e] !== sources[last] ||
        targets[e] !== targets[last] ||
        kinds[e] !== kinds[last];
      if (isNew) {
        order[edges++] = e;
      }
    }
    const block = new Block(nodes * 5 + edges * 9);
    const graph = {
      nodes,
      edges,
      detail: block.int32(nodes),
      source: block.int32(edges),
      target: block.int32(edges),
      category: block.uint8(nodes),
      kind: block.uint8(edges),
    };
    for (let v = 0; v < nodes; v++) {
      graph.detail[v] = this.detail[v];
      graph.category[v] = this.category[v];
    }
    for (let i = 0; i < edges; i++) {
      const e = order[i];
      graph.source[i] = sources[e];
      graph.target[i] = targets[e];
      graph.kind[i] = kinds[e];
    }
    return graph;
  }

  /** Writes all edges, placeholders replaced, to the room for them. @returns how many */
  private packEdges(): number {
    const { ends, used } = this;
    if (this.seen.length < this.nodes + this.joins.length) {
      this.seen = new Int32Array(2 * (this.nodes + this.joins.length));
    }
    const resolved: (readonly number[] | undefined)[] = [];
    let count = 0;
    for (let i = 0; i < used; i += 3) {
      const source = ends[i];
      if (source >= 0) {
        count = put(count, source, ends[i + 1], ends[i + 2]);
        continue;
      }
      const known = (resolved[-source] ??= this.resolve(source));
      for (let k = 0; k < known.length; k++) {
        count = put(count, known[k], ends[i + 1], ends[i + 2]);
      }
    }
    return count;
  }

  /** Adds the loose edges that are needed. @returns how many edges there are then */
  private packLoose(packed: number): number {
    const { loose } = this;
    if (loose.length === 0) {
      return packed;
    }
    const { nodes } = this;
    if (readers.length < nodes) {
      control = new Int32Array(nodes * 2);
      readers = new Int32Array(nodes * 2);
    }
    if (nextReader.length < packed) {
      nextReader = new Int32Array(packed * 2);
    }
    control.fill(-1, 0, nodes);
    readers.fill(-1, 0, nodes);
    for (let e = 0; e < packed; e++) {
      if (edgeFamily(kinds[e]) === 2) {
        control[targets[e]] = sources[e] * KINDS + kinds[e];
      } else if (kinds[e] >= EDGE.data) {
        nextReader[e] = readers[sources[e]];
        readers[sources[e]] = e;
      }
    }
    let count = packed;
    for (let i = 0; i < loose.length; i += 3) {
      const [source, node, kind] = [loose[i], loose[i + 1], loose[i + 2]];
      let e = readers[node];
      let needed = e < 0;
      for (; e >= 0 && !needed; e = nextReader[e]) {
        needed = control[targets[e]] !== source * KINDS + kind;
      }
      if (needed) {
        count = put(count, source, node, kind);
      }
    }
    return count;
  }

  /** The real sources behind a placeholder; placeholders may stand for one another. */
  private resolve(join: number): number[] {
    const { seen } = this;
    const found: number[] = [];
    const open = [join];
    const round = (this.round = (this.round + 1) | 0);
    seen[this.nodes - join] = round;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const sources = this.joins[-at];
      for (let i = 0; i < sources.length; i++) {
        const source = sources[i];
        const place = source >= 0 ? source : this.nodes - source;
        if (seen[place] !== round) {
          seen[place] = round;
          (source >= 0 ? found : open).push(source);
        }
      }
    }
    return found;
  }
}

function put(at: number, source: number, target: number, kind: number): number {
  if (at === sources.length) {
    sources = enlarged(sources, new Int32Array(at * 2));
    targets = enlarged(targets, new Int32Array(at * 2));
    kinds = enlarged(kinds, new Uint8Array(at * 2));
  }
  sources[at] = source;
  targets[at] = target;
  kinds[at] = kind;
  return at + 1;
}

/** Puts the edges in order by source, then target, then kind: by counting, the last first. */
function sortEdges(edges: number, nodes: number): void {
  if (order.length < sources.length) {
    order = new Int32Array(sources.length);
    reordered = new Int32Array(sources.length);
  }
  if (counts.length <= Math.max(nodes, KINDS)) {
    counts = new Int32Array(2 * nodes);
  }
  for (let e = 0; e < edges; e++) {
    order[e] = e;
  }
  sortBy(kinds, KINDS, edges);
  sortBy(targets, nodes, edges);
  sortBy(sources, nodes, edges);
}

function sortBy(values: Int32Array | Uint8Array, range: number, edges: number): void {
  counts.fill(0, 0, range + 1);
  for (let e = 0; e < edges; e++) {
    counts[values[e] + 1]++;
  }
  for (let value = 0; value < range; value++) {
    counts[value + 1] += counts[value];
  }
  for (let i = 0; i < edges; i++) {
    const e = order[i];
    reordered[counts[values[e]]++] = e;
  }
  [order, reordered] = [reordered, order];
}
