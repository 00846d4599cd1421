import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EditDistance } from '../../../server/similarity/editDistance.js';
import { matchable } from '../../../server/similarity/matchable.js';
import {
  CATEGORY,
  EDGE,
  edgeFamily,
  GraphBuilder,
  type ProgramGraph,
} from '../../../server/similarity/programGraph.js';

const { root, entry, literal, operator, call } = CATEGORY;

interface Drawn {
  nodes: { category: number; detail: string }[];
  edges: { from: number; to: number; kind: number }[];
}

/** A root, an entry and up to four nodes of three categories, with edges among them. */
const drawn: fc.Arbitrary<Drawn> = fc.record({
  nodes: fc.array(
    fc.record({
      category: fc.constantFrom<number>(literal, operator, call),
      detail: fc.constantFrom('', 'a', 'b'),
    }),
    { maxLength: 4 },
  ),
  edges: fc.array(
    fc.record({
      from: fc.nat({ max: 5 }),
      to: fc.nat({ max: 5 }),
      kind: fc.constantFrom<number>(
        EDGE.controlTrue,
        EDGE.controlFalse,
        EDGE.data,
        EDGE.data + 1,
        EDGE.call,
      ),
    }),
    { maxLength: 8 },
  ),
});

function graphOf({ nodes, edges }: Drawn): ProgramGraph {
  const builder = new GraphBuilder();
  builder.node(root, '');
  builder.node(entry, '');
  builder.edge(0, 1, EDGE.member);
  nodes.forEach(({ category, detail }) => builder.node(category, detail));
  const count = nodes.length + 2;
  for (const { from, to, kind } of edges) {
    builder.edge(from % count, to % count, kind);
  }
  return builder.build();
}

/** Counts of the edge kinds from one node to another. */
function kindsBetween(graph: ProgramGraph, from: number, to: number): number[] {
  return Array.from(graph.kind).filter(
    (_, e) => graph.source[e] === from && graph.target[e] === to,
  );
}

/** Cost of turning some parallel edges into others, by definition: 1 to add or drop one, 1/2 to change it in its family. */
function edgeCost(here: number[], there: number[]): number {
  let cost = 0;
  for (const family of new Set([...here, ...there].map(edgeFamily))) {
    const [a, b] = [here, there].map((kinds) => kinds.filter((k) => edgeFamily(k) === family));
    const same = a.filter((kind) => b.includes(kind)).length;
    const changed = Math.min(a.length, b.length) - same;
    cost += changed / 2 + Math.abs(a.length - b.length);
  }
  return cost;
}

/** The least cost over every matching that keeps categories, root on root and entry on entry. */
function exactDistance(a: ProgramGraph, b: ProgramGraph): number {
  let least = Infinity;
  const image = new Array<number>(a.nodes).fill(-1);
  const cost = (): number => {
    const preimage = new Map(image.map((v, u) => [v, u]));
    let sum = 0;
    image.forEach((v, u) => (sum += v < 0 ? 1 : a.detail[u] === b.detail[v] ? 0 : 0.5));
    for (let v = 0; v < b.nodes; v++) {
      sum += preimage.has(v) ? 0 : 1;
    }
    for (let u = 0; u < a.nodes; u++) {
      for (let w = 0; w < a.nodes; w++) {
        const kept = image[u] >= 0 && image[w] >= 0;
        const there = kept ? kindsBetween(b, image[u], image[w]) : [];
        sum += edgeCost(kindsBetween(a, u, w), there);
      }
    }
    for (let e = 0; e < b.edges; e++) {
      sum += preimage.has(b.source[e]) && preimage.has(b.target[e]) ? 0 : 1;
    }
    return sum;
  };
  const match = (u: number): void => {
    if (u === a.nodes) {
      least = Math.min(least, cost());
      return;
    }
    for (let v = 0; v < b.nodes; v++) {
      if (a.category[u] === b.category[v] && !image.includes(v)) {
        image[u] = v;
        match(u + 1);
      }
    }
    image[u] = -1;
    if (u > 1) {
      match(u + 1);
    }
  };
  match(0);
  return least;
}

describe('EditDistance against every matching of small graphs', () => {
  const measure = new EditDistance();
  const bothOf = (one: Drawn, other: Drawn): { bound: number; exact: number } => {
    const [a, b] = [graphOf(one), graphOf(other)];
    const all = a.nodes + a.edges + b.nodes + b.edges;
    const bound = all * (1 - measure.similarity(matchable(a), matchable(b)));
    return { bound, exact: exactDistance(a, b) };
  };

  it('never says less than the exact distance', () => {
    fc.assert(
      fc.property(drawn, drawn, (one, other) => {
        const { bound, exact } = bothOf(one, other);
        expect(bound).toBeGreaterThanOrEqual(exact - 1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it('is exact for most pairs, and near it on average', () => {
    const pairs = fc.sample(fc.tuple(drawn, drawn), { numRuns: 300, seed: 5 });
    const found = pairs.map(([one, other]) => bothOf(one, other));
    const hits = found.filter(({ bound, exact }) => Math.abs(bound - exact) < 1e-9);
    expect(hits.length).toBeGreaterThan(0.95 * found.length);
    const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
    const [bounds, exacts] = [found.map(({ bound }) => bound), found.map(({ exact }) => exact)];
    expect(sum(bounds)).toBeLessThan(1.02 * sum(exacts));
  });
});
