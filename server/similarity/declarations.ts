import { AssignmentReader } from './assignments.js';
import { type Sources, STATEMENT } from './variables.js';
import { CATEGORY } from './programGraph.js';
import { ROLE } from './roles.js';

const ARRAY = /^array_declarator$/;
const FUNCTION = /^function_declarator$/;

/** Rust's `let` that may fail. */
const CONDITION = /^let_condition$/;

/** JavaScript's `var`; Lua's `local`. */
const VARIABLES = /^variable_declaration$/;

/** Declarations: names that are given a value, or none yet. */
export abstract class DeclarationReader extends AssignmentReader {
  protected abstract matchPattern(node: number, owner: number, from: Sources, place: number): void;

  /** @param owner what holds the name */
  private declareOnly(node: number, owner = node): void {
    const { syntax } = this;
    const name = syntax.firstName(node);
    const ofFunction = syntax.isLike(node, FUNCTION);
    const isHoisted = this.hoists && this.isInVariables(owner);
    if ((ofFunction && syntax.grammar.language !== 'cpp') || isHoisted) {
      return;
    }
    const value = ofFunction ? this.constructed(node) : this.arraySize(node);
    if (name >= 0) {
      this.definitions.define(this.variable(name, this.blocks), value);
    }
  }

  /** JavaScript's `var` is the function's. */
  private isOfBlock(node: number): boolean {
    return this.blocks && !(this.hoists && this.isInVariables(node));
  }

  protected isInVariables(node: number): boolean {
    const parent = this.syntax.parent(node);
    return parent >= 0 && this.syntax.isLike(parent, VARIABLES);
  }

  /** JavaScript: a `var` is the function's, wherever it stands. */
  protected hoist(node: number): void {
    const { syntax } = this;
    const { next } = syntax.tree;
    for (let at = node + 1; this.hoists && at < next[node]; at++) {
      const role = syntax.role(at);
      if (role === ROLE.function || role === ROLE.lambda) {
        at = next[at] - 1;
      } else if (role === ROLE.declare && this.isInVariables(at)) {
        this.declareNames(syntax.field(at, 'name'));
      } else if (role === ROLE.forEach && this.loopWord(at) === 'var') {
        this.declareNames(syntax.field(at, 'left'));
      }
    }
  }

  private declareNames(pattern: number): void {
    const { syntax } = this;
    for (let at = pattern; at < syntax.tree.next[pattern]; at++) {
      if (syntax.role(at) === ROLE.name) {
        this.definitions.define(syntax.declare(at), []);
      }
    }
  }

  /** JavaScript: what the loop's variable is declared with; '' where it is not. */
  protected loopWord(node: number): string {
    const kind = this.syntax.field(node, 'kind');
    return kind < 0 ? '' : this.syntax.text(kind);
  }

  /** How long an array is made; nothing where no length is written. */
  private arraySize(node: number): Sources {
    const { syntax } = this;
    for (let at = node; at < syntax.tree.next[node]; at++) {
      const size = syntax.isLike(at, ARRAY) ? syntax.field(at, 'size') : -1;
      if (size >= 0) {
        return [this.hold(this.operation('size', [this.value(size)], true))];
      }
    }
    return [];
  }

  /** C++ cannot tell `T x(a, b);` from the declaration of a function: within a function it makes an object. */
  private constructed(node: number): Sources {
    const { syntax, graph } = this;
    const type = this.typeText(syntax.field(syntax.parent(node), 'type'));
    const result = this.hold(graph.node(CATEGORY.call, `construct ${type}`));
    const given = syntax.field(node, 'parameters');
    const each = given < 0 ? [] : syntax.all(given).filter((part) => syntax.isNamed(part));
    each.forEach((part, place) => graph.data(this.read(syntax.name(part)), result, place + 1));
    return [result];
  }

  protected declare(node: number): Sources {
    const { syntax } = this;
    const names = [
      ...syntax.fields(node, 'name'),
      ...syntax.fields(node, 'pattern'),
      ...syntax.fields(node, 'declarator'),
    ];
    const valueAt = syntax.field(node, 'value default');
    if (syntax.isLike(node, CONDITION)) {
      const value = this.value(valueAt);
      const test = this.operation('let', [value], true);
      this.matchPattern(names[0], test, value, 1);
      return [test];
    }
    const parts = syntax.parts(node);
    const target = names.length > 0 ? names[0] : parts[0];
    const value =
      valueAt >= 0 ? valueAt : parts.filter((part) => !names.includes(part) && part > target).pop();
    if (value === undefined || target === undefined) {
      this.declareOnly(target ?? node, node);
      return [];
    }
    const values = this.list(value);
    if (names.length > 1 && values.length === names.length) {
      const since = this.graph.nodes;
      const all = values.map((each) => this.value(each));
      names.forEach((each, i) => this.store(this.target(each, this.blocks), all[i], since));
      return [];
    }
    this.arraySize(target);
    const since = this.graph.nodes;
    const otherwise = syntax.field(node, 'alternative');
    if (otherwise >= 0) {
      return this.declareOr(target, this.value(value), otherwise);
    }
    const given = this.value(value);
    return this.store(this.target(target, this.isOfBlock(node)), given, since);
  }

  /** Rust's `let pattern = value else { ... }`. */
  protected abstract declareOr(pattern: number, value: Sources, otherwise: number): Sources;

  /** C's declarations: several declarators after a type. Lua's: an assignment, or names alone. */
  protected declaration(node: number): Sources {
    const { syntax } = this;
    const lua = syntax.grammar.language === 'lua';
    for (const part of lua ? syntax.parts(node) : syntax.fields(node, 'declarator')) {
      if (syntax.role(part) === ROLE.declare || syntax.role(part) === ROLE.assign) {
        this.visit(part, STATEMENT);
      } else {
        this.list(part).forEach((each) => this.declareOnly(each));
      }
    }
    return [];
  }
}
