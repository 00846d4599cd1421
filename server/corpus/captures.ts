import type { Node, QueryMatch } from 'web-tree-sitter';
import type { UnitKind } from '../languages/types.js';

/** A definition that the query found, before anything is read off it. */
export interface Found {
  kind: UnitKind;
  definition: Node;
  /** The node that owns parameters and body: the definition itself, or the function bound to its name. */
  value: Node;
  name: Node | null;
}

/** Something that encloses others. */
interface Enclosure {
  start: number;
  end: number;
  type: 'unit' | 'lambda' | 'class' | 'scope';
  found: Found | null;
  name: string | null;
}

/** What may stand before a definition. `end` leaves out trailing white space. */
export interface Leading {
  start: number;
  end: number;
  type: 'comment' | 'decorator' | 'overload';
  name: string | null;
}

/** The captures of one file, sorted for the sweep. */
export interface Captures {
  /** Outer before inner. */
  enclosures: Enclosure[];
  /** By end. */
  leading: Leading[];
  /** Starts of statements that give a value back, ascending. */
  returns: number[];
  errors: { start: number; end: number }[];
  /** The wrapper of a definition by the id of the node inside it. */
  outerOf: Map<number, Node>;
}

const UNIT_KINDS: readonly UnitKind[] = ['function', 'method', 'constructor', 'arrow'];

/** Sorts the matches of a language's query by what they mean (languages/language.ts names the captures). */
export function collectCaptures(matches: readonly QueryMatch[], text: string): Captures {
  const units = new Map<number, Enclosure>();
  const others: Enclosure[] = [];
  const lambdas: Node[] = [];
  const overloads: { node: Node; name: string }[] = [];
  const captures: Captures = {
    enclosures: [],
    leading: [],
    returns: [],
    errors: [],
    outerOf: new Map(),
  };
  const lead = (node: Node, type: Leading['type'], name: string | null) => {
    const { startIndex: start, endIndex: end } = node;
    const trimmed = text.slice(start, end).trimEnd().length;
    captures.leading.push({ start, end: start + trimmed, type, name });
  };

  for (const match of matches) {
    const nodes = new Map(match.captures.map(({ name, node }) => [name, node]));
    const kind = UNIT_KINDS.find((each) => nodes.has(each));
    const [first] = match.captures;
    if (kind !== undefined) {
      const definition = nodes.get(kind) as Node;
      const found = {
        kind,
        definition,
        value: nodes.get('value') ?? definition,
        name: nodes.get('name') ?? null,
      };
      units.set(found.value.id, enclosure('unit', definition, found, null));
    } else if (nodes.has('class') || nodes.has('scope')) {
      const type = nodes.has('class') ? 'class' : 'scope';
      const name = nodes.get('scope.name')?.text ?? null;
      others.push(enclosure(type, nodes.get(type) as Node, null, name));
    } else if (nodes.has('outer')) {
      captures.outerOf.set((nodes.get('inner') as Node).id, nodes.get('outer') as Node);
    } else if (nodes.has('overload')) {
      const node = nodes.get('overload') as Node;
      overloads.push({ node, name: nodes.get('name')?.text ?? '' });
    } else if (first.name === 'lambda') {
      lambdas.push(first.node);
    } else if (first.name === 'comment' || first.name === 'decorator') {
      lead(first.node, first.name, null);
    } else if (first.name === 'returns.value') {
      captures.returns.push(first.node.startIndex);
    } else if (first.name === 'error') {
      captures.errors.push({ start: first.node.startIndex, end: first.node.endIndex });
    }
  }

  for (const { node, name } of overloads) {
    lead(outermost(node, captures.outerOf), 'overload', name);
  }
  for (const node of lambdas.filter(({ id }) => !units.has(id))) {
    others.push(enclosure('lambda', node, null, null));
  }
  captures.enclosures = [...units.values(), ...others].sort(
    (a, b) => a.start - b.start || b.end - a.end,
  );
  captures.leading.sort((a, b) => a.end - b.end);
  captures.returns.sort((a, b) => a - b);
  return captures;
}

/** The widest wrapper of a definition: the export or the decorated definition around it. */
export function outermost(node: Node, outerOf: Map<number, Node>): Node {
  let widest = node;
  for (let next = outerOf.get(node.id); next !== undefined; next = outerOf.get(next.id)) {
    widest = next;
  }
  return widest;
}

function enclosure(
  type: Enclosure['type'],
  node: Node,
  found: Found | null,
  name: string | null,
): Enclosure {
  return { type, start: node.startIndex, end: node.endIndex, found, name };
}
