import type { GraphBuilder } from './programGraph.js';

type Sources = readonly number[];
const NONE: Sources = [];

/** What reaches a point of the program of one variable: never changed in place, so that copies share it. */
interface Variable {
  /** Of its own value. */
  readonly value: Sources;
  /** Of what a call may have changed in the object as a whole; null: nothing. */
  readonly changed: Sources | null;
  /** Of its attributes and elements that were set; null: none. */
  readonly parts: ReadonlyMap<string, Sources> | null;
}

/** Placeholders in the form of the variable that they stand for. */
interface LoopJoins {
  readonly before: ReadonlyMap<string, Variable>;
  readonly joins: ReadonlyMap<string, Variable>;
}

/** Which definitions reach a point of the program, by variable. */
export class Definitions {
  private constructor(private readonly map: Map<string, Variable>) {}

  static empty(): Definitions {
    return new Definitions(new Map());
  }

  copy(): Definitions {
    return new Definitions(new Map(this.map));
  }

  has(name: string): boolean {
    return this.map.has(name);
  }

  /** The variable gets a new value: nothing from before reaches on. */
  define(name: string, sources: Sources): void {
    this.map.set(name, { value: sources, changed: null, parts: null });
  }

  /** @param name of a variable that is defined */
  defineAttribute(name: string, attribute: string, sources: Sources): void {
    const { value, changed, parts } = this.map.get(name)!;
    this.map.set(name, { value, changed, parts: new Map(parts).set(attribute, sources) });
  }

  /**
   * A call changed the object: later reads of it or of any part come after the call.
   * @param name of a variable that is defined
   */
  change(name: string, node: number): void {
    this.map.set(name, { value: this.base(name), changed: [node], parts: null });
  }

  /** What a read of the variable as a whole sees. */
  whole(name: string): Sources {
    const variable = this.map.get(name);
    if (variable === undefined) {
      return NONE;
    }
    let sources = union(variable.value, variable.changed ?? NONE);
    variable.parts?.forEach((part) => {
      sources = union(sources, part);
    });
    return sources;
  }

  /** What a read of the variable's own value sees, changes to its parts left out. */
  base(name: string): Sources {
    return this.map.get(name)?.value ?? NONE;
  }

  attribute(name: string, attribute: string): Sources {
    const variable = this.map.get(name);
    return variable === undefined
      ? NONE
      : union(variable.changed ?? NONE, variable.parts?.get(attribute) ?? NONE);
  }

  /** Takes in what reaches by another way. */
  merge(other: Definitions): void {
    for (const [name, variable] of other.map) {
      const own = this.map.get(name);
      if (own !== variable) {
        this.map.set(name, own === undefined ? variable : mergedVariable(own, variable));
      }
    }
  }

  /** At the head of a loop: puts a placeholder behind every variable, for what the body will bring round. */
  openLoop(graph: GraphBuilder): LoopJoins {
    const before = new Map(this.map);
    for (const [name, { parts }] of before) {
      this.map.set(name, {
        value: [graph.join()],
        changed: [graph.join()],
        parts: parts && new Map(Array.from(parts.keys(), (part) => [part, [graph.join()]])),
      });
    }
    return { before, joins: new Map(this.map) };
  }

  /** At the end of a loop's body: says what the placeholders stand for. */
  closeLoop(graph: GraphBuilder, { before, joins }: LoopJoins): void {
    for (const [name, { value, changed, parts }] of joins) {
      const first = before.get(name)!;
      const round = this.map.get(name)!;
      // A part that the loop changed first reaches round as a change of the object.
      let changedRound = round.changed ?? NONE;
      round.parts?.forEach((sources, part) => {
        if (parts?.has(part) !== true) {
          changedRound = union(changedRound, sources);
        }
      });
      graph.setJoin(value[0], union(first.value, round.value));
      graph.setJoin(changed![0], union(first.changed ?? NONE, changedRound));
      parts?.forEach(([join], part) => {
        const sources = round.parts?.get(part) ?? NONE;
        graph.setJoin(join, union(first.parts?.get(part) ?? NONE, sources));
      });
    }
  }
}

function mergedVariable(a: Variable, b: Variable): Variable {
  const changed = a.changed && b.changed ? union(a.changed, b.changed) : (a.changed ?? b.changed);
  let { parts } = a;
  if (parts !== b.parts && b.parts !== null) {
    const merged = new Map(parts);
    b.parts.forEach((sources, part) => {
      merged.set(part, union(merged.get(part) ?? NONE, sources));
    });
    parts = merged;
  }
  return { value: union(a.value, b.value), changed, parts };
}

function union(a: Sources, b: Sources): Sources {
  if (a === b || b.length === 0) {
    return a;
  }
  if (a.length === 0) {
    return b;
  }
  const more = b.filter((source) => !a.includes(source));
  return more.length === 0 ? a : [...a, ...more];
}
