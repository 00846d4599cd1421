import type { GraphBuilder } from './programGraph.js';

type Sources = readonly number[];
const NONE: Sources = [];
type LoopJoins = Map<string, { join: number; before: Sources }>;

/**
 * Which definitions reach a point of the program, by variable. A variable's attributes and elements have entries
 * of their own (`name` + NUL + attribute); NUL alone is what a call may have changed in the object as a whole.
 * Source lists are never changed in place, so that copies share them.
 */
export class Definitions {
  private constructor(private readonly map: Map<string, Sources>) {}

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
    this.forgetParts(name);
    this.map.set(name, sources);
  }

  defineAttribute(name: string, attribute: string, sources: Sources): void {
    this.map.set(`${name}\0${attribute}`, sources);
  }

  /** A call changed the object: later reads of it or of any part come after the call. */
  change(name: string, node: number): void {
    this.forgetParts(name);
    this.map.set(`${name}\0`, [node]);
  }

  /** What a read of the variable as a whole sees. */
  whole(name: string): Sources {
    const prefix = `${name}\0`;
    let sources = this.map.get(name) ?? NONE;
    for (const [key, more] of this.map) {
      if (key.startsWith(prefix)) {
        sources = union(sources, more);
      }
    }
    return sources;
  }

  /** What a read of the variable's own value sees, changes to its parts left out. */
  base(name: string): Sources {
    return this.map.get(name) ?? NONE;
  }

  attribute(name: string, attribute: string): Sources {
    return union(this.map.get(`${name}\0`) ?? NONE, this.map.get(`${name}\0${attribute}`) ?? NONE);
  }

  /** Takes in what reaches by another way. */
  merge(other: Definitions): void {
    for (const [key, sources] of other.map) {
      this.map.set(key, union(this.map.get(key) ?? NONE, sources));
    }
  }

  /** At the head of a loop: puts a placeholder behind every variable, for what the body will bring round. */
  openLoop(graph: GraphBuilder): LoopJoins {
    const joins: LoopJoins = new Map();
    for (const [key, before] of [...this.map]) {
      const keys = key.includes('\0') || this.map.has(`${key}\0`) ? [key] : [key, `${key}\0`];
      for (const each of keys) {
        const join = graph.join();
        joins.set(each, { join, before: each === key ? before : NONE });
        this.map.set(each, [join]);
      }
    }
    return joins;
  }

  /** At the end of a loop's body: says what the placeholders stand for. */
  closeLoop(graph: GraphBuilder, joins: LoopJoins): void {
    const round = new Map<string, Sources>();
    for (const [key, sources] of this.map) {
      // A part that the loop changed first reaches round as a change of the object.
      const to = joins.has(key) ? key : key.slice(0, key.indexOf('\0') + 1);
      round.set(to, union(round.get(to) ?? NONE, sources));
    }
    for (const [key, { join, before }] of joins) {
      graph.setJoin(join, union(before, round.get(key) ?? NONE));
    }
  }

  private forgetParts(name: string): void {
    const prefix = `${name}\0`;
    for (const key of this.map.keys()) {
      if (key.startsWith(prefix)) {
        this.map.delete(key);
      }
    }
  }
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
