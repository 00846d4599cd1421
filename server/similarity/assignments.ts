import { CATEGORY } from './programGraph.js';
import { ROLE } from './roles.js';
import type { Names } from './names.js';
import { type Sources, VALUE, VariableReader } from './variables.js';

/** Patterns of places, even where there is one place only. */
const LISTS = /^(?:array|tuple|list)_pattern$|^pattern_list$/;
/** The rest of what is taken apart. */
const REST = /rest|splat/;
/** A place with what it gets where nothing is there. */
const DEFAULTED = /assignment_pattern$/;
const DECLARATOR = /declarator$/;
const SHORTHAND = /shorthand/;
/** Rust: a part by its name. */
const FIELD = /^field_pattern$/;
/** Ruby's variables that others see. */
const SHARED = /^(?:instance|class|global)_variable$/;

/** Where an assignment goes, its own parts already read. */
export interface Target {
  kind: 'name' | 'member' | 'index' | 'pattern';
  node: number;
  /** The number of the variable that it is or that it is a part of; -1: part of no plain variable. */
  name: number;
  detail: string;
  object: Sources;
  index: Sources[];
  /** Whether its names are declared here. */
  declares: boolean;
  /** Whether others see it. */
  foreign: boolean;
}

/** All the ways of giving variables a value. */
export abstract class AssignmentReader extends VariableReader {
  /** What the last assignment kept: it needs no further hold as a statement. */
  protected stored: Sources | null = null;
  /** Numbers of variables that others see too: what they are called counts. */
  protected foreign = new Set<number>();
  /** Assignments to them, and the blocks that were open there. */
  private readonly foreignWrites: {
    node: number;
    name: number;
    around: ReturnType<Names['openBlocks']>;
  }[] = [];

  /** What chooses the element or the slice of an index expression. */
  protected abstract elementOf(node: number, base: number): Sources[];

  /** An attribute or element: what it is a part of, and as which part a variable keeps it. */
  protected partOf(node: number): { base: number; name: number; detail: string } {
    const { syntax } = this;
    const parts = syntax.parts(node);
    const ofIndex = syntax.role(node) === ROLE.index;
    const property = syntax.field(
      node,
      ofIndex ? 'index' : 'property attribute field name suffix method',
    );
    const object = syntax.field(node, 'object value operand argument expression table receiver');
    const base = object >= 0 ? object : (parts.find((part) => part !== property) ?? node);
    const inner = syntax.inner(base);
    const named = syntax.role(inner) === ROLE.name ? syntax.name(inner) : -1;
    const name = named >= 0 && this.definitions.has(named) ? named : -1;
    if (ofIndex) {
      return { base, name, detail: '[]' };
    }
    const last = property >= 0 ? property : parts[parts.length - 1];
    return { base, name, detail: syntax.text(last).replace(/^[.?#]+/, '') };
  }

  /** Ruby says `a.b = c` as a call of `a.b`. */
  private isAttribute(node: number): boolean {
    const { syntax } = this;
    const role = syntax.role(node);
    return (
      role === ROLE.member ||
      (role === ROLE.call &&
        syntax.grammar.language === 'ruby' &&
        syntax.field(node, 'receiver') >= 0 &&
        syntax.field(node, 'arguments') < 0)
    );
  }

  protected target(outer: number, declares = false): Target {
    const { syntax } = this;
    const node = syntax.inner(outer);
    const role = syntax.role(node);
    const target: Target = {
      kind: 'pattern',
      node,
      name: -1,
      detail: '',
      object: [],
      index: [],
      declares,
      foreign: false,
    };
    if (role === ROLE.name) {
      target.kind = 'name';
      target.name = this.variable(node, declares);
    } else if (role === ROLE.index || this.isAttribute(node)) {
      const { base, name, detail } = this.partOf(node);
      target.kind = role === ROLE.index ? 'index' : 'member';
      target.name = name;
      target.detail = detail;
      if (name >= 0) {
        const own = this.definitions.base(name);
        target.object = own.length > 0 ? own : this.unset(name);
      } else if (base !== node) {
        target.object = this.value(base);
      }
      if (role === ROLE.index) {
        target.index = this.elementOf(node, base);
      }
    } else if (syntax.isLike(node, DECLARATOR)) {
      const name = syntax.firstName(node);
      target.kind = name >= 0 ? 'name' : 'pattern';
      target.name = name >= 0 ? this.variable(name, declares) : -1;
    }
    return target;
  }

  /** The target of an assignment that declares nothing: what others see keeps its name. */
  protected written(outer: number): Target {
    const target = this.target(outer);
    target.foreign = target.kind === 'name' && this.isForeign(target.node, target.name);
    return target;
  }

  /** What no declaration is seen of is another's. */
  private isForeign(node: number, name: number): boolean {
    const unknown = this.blocks && !this.definitions.has(name) && !this.entries.has(name);
    if (unknown || this.syntax.isLike(node, SHARED)) {
      this.foreign.add(name);
    }
    return this.foreign.has(name);
  }

  /** At the end: a name that is declared further on, as a closure may write to, was none of another's. */
  protected nameForeignWrites(): void {
    for (const { node, name, around } of this.foreignWrites) {
      const text = this.syntax.names.text(name);
      if (!around.some((block) => block.has(text))) {
        this.graph.setDetail(node, text);
      }
    }
  }

  protected readTarget(target: Target): Sources {
    if (target.kind === 'name') {
      return this.read(target.name);
    }
    if (target.kind === 'pattern' || this.syntax.role(target.node) === ROLE.call) {
      return this.visit(target.node, VALUE);
    }
    const result = this.graph.node(CATEGORY.access, target.detail);
    this.graph.data(target.object, result, 0);
    if (target.name >= 0) {
      this.graph.data(this.definitions.attribute(target.name, target.detail), result, 0);
    }
    target.index.forEach((each, place) => this.graph.data(each, result, place + 1));
    return [result];
  }

  /**
   * Gives a value to a target. A variable that takes a value computed for it alone stands for that value, so that
   * `t = f(x); return t` is `return f(x)`; all other assignments have a node of their own.
   * @param since the first node that may have been made for the value alone; none when left out
   */
  protected store(target: Target, value: Sources, since = Infinity): Sources {
    const [only] = value;
    if (
      target.kind === 'name' &&
      !target.foreign &&
      value.length === 1 &&
      only >= since &&
      this.graph.category[only] !== CATEGORY.global
    ) {
      if (
        this.graph.category[this.control.node] !== CATEGORY.entry &&
        this.graph.held[only] === 0
      ) {
        this.graph.looseEdge(this.control.node, only, this.control.kind);
      }
      this.definitions.define(target.name, value);
      this.stored = value;
      return value;
    }
    const { syntax } = this;
    const result = this.hold(this.graph.node(CATEGORY.assign, target.detail));
    this.graph.data(value, result, 0);
    if (target.kind === 'name') {
      this.definitions.define(target.name, [result]);
      if (target.foreign) {
        const around = syntax.names.openBlocks();
        this.foreignWrites.push({ node: result, name: target.name, around });
      }
    } else if (target.kind === 'pattern') {
      this.bind(target.node, [result], target.declares);
    } else {
      this.graph.data(target.object, result, 1);
      target.index.forEach((each, place) => this.graph.data(each, result, place + 2));
      if (target.name >= 0) {
        // The last write stays; of elements, another may be the same one.
        this.graph.data(this.definitions.attribute(target.name, target.detail), result, 1);
        this.definitions.defineAttribute(target.name, target.detail, [result]);
      } else if (target.kind === 'index') {
        this.changesOwner(result, syntax.inner(this.partOf(target.node).base));
      }
    }
    return [result];
  }

  /** What is changed as a whole is a variable, or one attribute or element of one. @returns whether the owner is such a thing */
  protected changesOwner(by: number, owner: number): boolean {
    const { syntax, definitions } = this;
    const role = owner < 0 ? -1 : syntax.role(owner);
    if (role === ROLE.name) {
      const name = syntax.name(owner);
      if (definitions.has(name)) {
        definitions.change(name, by);
        return true;
      }
    } else if (role === ROLE.member || role === ROLE.index) {
      const { name, detail } = this.partOf(owner);
      if (name >= 0) {
        definitions.defineAttribute(name, detail, [by]);
        return true;
      }
    }
    return false;
  }

  /** Gives the names in a pattern their part of a value. */
  protected bind(outer: number, value: Sources, declares: boolean): void {
    const { syntax } = this;
    const node = syntax.inner(outer);
    const role = syntax.role(node);
    if (role === ROLE.name) {
      const name = this.variable(node, declares);
      if (declares || !this.isForeign(node, name)) {
        this.definitions.define(name, value);
      } else {
        this.store(this.written(node), value);
      }
    } else if (role === ROLE.member || role === ROLE.index) {
      this.store(this.target(node), value);
    } else if (syntax.isLike(node, DEFAULTED)) {
      this.graph.data(this.value(syntax.field(node, 'right')), value[0], 1);
      this.bind(syntax.field(node, 'left'), value, declares);
    } else if (syntax.field(node, 'key') >= 0 && syntax.field(node, 'value') >= 0) {
      this.bind(syntax.field(node, 'value'), value, declares);
    } else {
      this.bindParts(node, value, declares);
    }
  }

  private bindParts(node: number, value: Sources, declares: boolean): void {
    const { syntax } = this;
    const parts = syntax.parts(node);
    parts.forEach((part, place) => {
      if (syntax.isField(part, 'type')) {
        return;
      }
      if (syntax.isLike(part, FIELD)) {
        const [name, ...rest] = syntax.parts(part);
        const component = this.graph.node(CATEGORY.access, syntax.text(name));
        this.graph.data(value, component, 0);
        this.bind(rest.pop() ?? name, [component], declares);
        return;
      }
      const named = syntax.isLike(part, DEFAULTED) ? syntax.field(part, 'left') : part;
      const key = syntax.field(part, 'key');
      const shorthand = syntax.isLike(named, SHORTHAND);
      const rest = syntax.isLike(part, REST);
      if (parts.length === 1 && key < 0 && !shorthand && !rest && !syntax.isLike(node, LISTS)) {
        this.bind(part, value, declares);
        return;
      }
      const detail = key >= 0 ? syntax.text(key) : shorthand ? syntax.text(named) : `#${place}`;
      const component = this.graph.node(CATEGORY.access, rest ? `...${detail}` : detail);
      this.graph.data(value, component, 0);
      this.bind(part, [component], declares);
    });
  }

  protected isRest(node: number): boolean {
    return this.syntax.isLike(node, REST);
  }
}
