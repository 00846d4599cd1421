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

/** By the number of the variable's name; undefined: not defined. */
type Variables = (Variable | undefined)[];

/** Placeholders in the form of the variable that they stand for. */
interface LoopJoins {
  readonly before: Variables;
  readonly joins: Variables;
}

/** Which definitions reach a point of the program, by the number of the variable's name. */
export class Definitions {
  /** What every definition made here is also merged into; null: nothing. */
  private noted: Definitions | null = null;

  private constructor(private readonly variables: Variables) {}

  static empty(): Definitions {
    return new Definitions([]);
  }

  copy(): Definitions {
    const copy = new Definitions(this.variables.slice());
    copy.noted = this.noted;
    return copy;
  }

  /**
   * Any statement from here on may be the one that throws: what is returned holds what reaches here and, until
   * `endNoting`, every definition that is made, those that are overwritten later too.
   */
  beginNoting(): Definitions {
    this.noted = this.copy();
    return this.noted;
  }

  endNoting(): void {
    this.noted = this.noted?.noted ?? null;
  }

  has(name: number): boolean {
    return this.variables[name] !== undefined;
  }

  /** The variable gets a new value: nothing from before reaches on. */
  define(name: number, sources: Sources): void {
    this.set(name, { value: sources, changed: null, parts: null });
  }

  /** @param name of a variable that is defined */
  defineAttribute(name: number, attribute: string, sources: Sources): void {
    const { value, changed, parts } = this.variables[name]!;
    this.set(name, { value, changed, parts: new Map(parts).set(attribute, sources) });
  }

  /**
   * A call changed the object: later reads of it or of any part come after the call.
   * @param name of a variable that is defined
   */
  change(name: number, node: number): void {
    this.set(name, { value: this.base(name), changed: [node], parts: null });
  }

  /** What a read of the variable as a whole sees. */
  whole(name: number): Sources {
    const variable = this.variables[name];
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
  base(name: number): Sources {
    return this.variables[name]?.value ?? NONE;
  }

  attribute(name: number, attribute: string): Sources {
    const variable = this.variables[name];
    return variable === undefined
      ? NONE
      : union(variable.changed ?? NONE, variable.parts?.get(attribute) ?? NONE);
  }

  /** Takes in what reaches by another way. */
  merge(other: Definitions): void {
    const { variables } = other;
    for (let name = 0; name < variables.length; name++) {
      const variable = variables[name];
      if (variable !== undefined) {
        this.take(name, variable);
      }
    }
  }

  /** What differs between two others is taken over from the second. */
  follow(from: Definitions, to: Definitions): void {
    to.variables.forEach((variable, name) => {
      if (variable !== undefined && from.variables[name] !== variable) {
        this.set(name, variable);
      }
    });
  }

  /** Variables that nothing can read or set from here on: a loop later on has nothing to bring round of them. */
  forget(names: readonly number[]): void {
    for (const name of names) {
      if (this.variables[name] !== undefined) {
        this.variables[name] = undefined;
      }
    }
    this.noted?.forget(names);
  }

  private set(name: number, variable: Variable): void {
    this.put(name, variable);
    for (let { noted } = this; noted !== null; noted = noted.noted) {
      noted.take(name, variable);
    }
  }

  private take(name: number, variable: Variable): void {
    const own = this.variables[name];
    if (own !== variable) {
      this.put(name, own === undefined ? variable : mergedVariable(own, variable));
    }
  }

  /** An array with holes would be slower to read. */
  private put(name: number, variable: Variable): void {
    while (this.variables.length < name) {
      this.variables.push(undefined);
    }
    this.variables[name] = variable;
  }

  /** At the head of a loop: puts a placeholder behind every variable, for what the body will bring round. */
  openLoop(graph: GraphBuilder): LoopJoins {
    const { variables } = this;
    const before = variables.slice();
    for (let name = 0; name < variables.length; name++) {
      const variable = variables[name];
      if (variable !== undefined) {
        const { parts } = variable;
        variables[name] = {
          value: [graph.join()],
          changed: [graph.join()],
          parts: parts && new Map(Array.from(parts.keys(), (part) => [part, [graph.join()]])),
        };
      }
    }
    return { before, joins: variables.slice() };
  }

  /** At the end of a loop's body: says what the placeholders stand for. */
  closeLoop(graph: GraphBuilder, { before, joins }: LoopJoins): void {
    for (let name = 0; name < joins.length; name++) {
      const [first, join, round] = [before[name], joins[name], this.variables[name]];
      if (first === undefined || join === undefined || round === undefined) {
        continue;
      }
      const { value, changed, parts } = join;
      // A part that the loop changed first reaches round as a change of the object.
      let changedRound = round.changed ?? NONE;
      round.parts?.forEach((sources, part) => {
        if (parts?.has(part) !== true) {
          changedRound = union(changedRound, sources);
        }
      });
      graph.setJoin(value[0], union(first.value, round.value));
      graph.setJoin(changed![0], union(first.changed ?? NONE, changedRound));
      parts?.forEach(([placeholder], part) => {
        const sources = round.parts?.get(part) ?? NONE;
        graph.setJoin(placeholder, union(first.parts?.get(part) ?? NONE, sources));
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
