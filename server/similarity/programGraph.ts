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

type Pack = (source: number, target: number, kind: number) => void;

/** Collects nodes and edges, then packs them. */
export class GraphBuilder {
  readonly category: number[] = [];
  private readonly detail: number[] = [];
  /** Whether a control edge or a membership leads to the node. */
  readonly held: boolean[] = [];
  private readonly keys: number[] = [];
  /** Control edges that a reader of the value in the same place makes needless: source, node, kind. */
  private readonly loose: number[] = [];
  /** Placeholders for what reaches the head of a loop: negative ids. */
  private readonly joins: (readonly number[])[] = [[]];

  node(category: number, detail: string): number {
    this.category.push(category);
    this.detail.push(detail === '' ? 0 : hashText(detail));
    this.held.push(false);
    return this.category.length - 1;
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
    this.keys.push(source, target, kind);
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
    for (const source of sources) {
      this.keys.push(source, target, kind);
    }
  }

  build(): ProgramGraph {
    const nodes = this.category.length;
    const packed: number[] = [];
    const pack: Pack = (source, target, kind) => packed.push((source * nodes + target) * 64 + kind);
    const resolved = this.joins.map((): number[] | null => null);
    for (let i = 0; i < this.keys.length; i += 3) {
      const source = this.keys[i];
      const target = this.keys[i + 1];
      const kind = this.keys[i + 2];
      if (source >= 0) {
        pack(source, target, kind);
      } else {
        this.resolve(source, resolved).forEach((each) => pack(each, target, kind));
      }
    }
    this.packLoose(packed, pack);
    const sorted = Float64Array.from(packed).sort();
    const edges = sorted.filter((key, i) => i === 0 || key !== sorted[i - 1]);
    const graph = {
      nodes,
      edges: edges.length,
      category: Uint8Array.from(this.category),
      detail: Int32Array.from(this.detail),
      source: new Int32Array(edges.length),
      target: new Int32Array(edges.length),
      kind: new Uint8Array(edges.length),
    };
    edges.forEach((key, i) => {
      const pair = Math.floor(key / 64);
      graph.kind[i] = key % 64;
      graph.target[i] = pair % nodes;
      graph.source[i] = Math.floor(pair / nodes);
    });
    return graph;
  }

  private packLoose(packed: readonly number[], pack: Pack): void {
    if (this.loose.length === 0) {
      return;
    }
    const nodes = this.category.length;
    const control = new Map<number, number>();
    const readers = new Map<number, number[]>();
    for (const key of packed) {
      const kind = key % 64;
      const pair = Math.floor(key / 64);
      const [source, target] = [Math.floor(pair / nodes), pair % nodes];
      if (edgeFamily(kind) === 2) {
        control.set(target, source * 64 + kind);
      } else if (kind >= EDGE.data) {
        readers.set(source, [...(readers.get(source) ?? []), target]);
      }
    }
    for (let i = 0; i < this.loose.length; i += 3) {
      const [source, node, kind] = [this.loose[i], this.loose[i + 1], this.loose[i + 2]];
      const own = readers.get(node) ?? [];
      if (own.length === 0 || own.some((reader) => control.get(reader) !== source * 64 + kind)) {
        pack(source, node, kind);
      }
    }
  }

  /** The real sources behind a placeholder; placeholders may stand for one another. */
  private resolve(join: number, resolved: (number[] | null)[]): number[] {
    const known = resolved[-join];
    if (known !== null) {
      return known;
    }
    const found = new Set<number>();
    const seen = new Set([join]);
    const open = [join];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const source of this.joins[-at]) {
        if (source >= 0) {
          found.add(source);
        } else if (!seen.has(source)) {
          seen.add(source);
          open.push(source);
        }
      }
    }
    return (resolved[-join] = [...found]);
  }
}
