import { AssignmentReader, type Sources } from './assignments.js';
import { CATEGORY } from './programGraph.js';
import { ROLE } from './roles.js';

const ARRAY = /^array_declarator$/;
const FUNCTION = /^function_declarator$/;

/** Declarations: names that are given a value, or none yet. */
export abstract class DeclarationReader extends AssignmentReader {
  protected declareOnly(node: number): void {
    const { syntax } = this;
    const name = syntax.firstName(node);
    const value = syntax.isLike(node, FUNCTION) ? this.constructed(node) : this.arraySize(node);
    if (name >= 0) {
      this.definitions.define(syntax.name(name), value);
    }
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
    const result = this.hold(graph.node(CATEGORY.call, 'construct'));
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
    const parts = syntax.parts(node);
    const target = names.length > 0 ? names[0] : parts[0];
    const value =
      valueAt >= 0 ? valueAt : parts.filter((part) => !names.includes(part) && part > target).pop();
    if (value === undefined || target === undefined) {
      this.declareOnly(target ?? node);
      return [];
    }
    const values = this.list(value);
    if (names.length > 1 && values.length === names.length) {
      const since = this.graph.nodes;
      const all = values.map((each) => this.value(each));
      names.forEach((each, i) => this.store(this.target(each), all[i], since));
      return [];
    }
    this.arraySize(target);
    const since = this.graph.nodes;
    const otherwise = syntax.field(node, 'alternative');
    if (otherwise >= 0) {
      return this.declareOr(target, this.value(value), otherwise);
    }
    return this.store(this.target(target), this.value(value), since);
  }

  /** Rust's `let pattern = value else { ... }`. */
  protected abstract declareOr(pattern: number, value: Sources, otherwise: number): Sources;

  /** C's declarations: several declarators after a type. */
  protected declaration(node: number): Sources {
    for (const part of this.syntax.fields(node, 'declarator')) {
      if (this.syntax.role(part) === ROLE.declare) {
        this.declare(part);
      } else {
        this.declareOnly(part);
      }
    }
    return [];
  }
}
