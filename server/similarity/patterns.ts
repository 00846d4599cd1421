import type { Sources } from './variables.js';
import { ExpressionReader } from './expressions.js';
import { CATEGORY } from './programGraph.js';
import { ROLE } from './roles.js';

/** Patterns of one and the same value, of which one must fit, or all. */
const EITHER = /^(?:(?:or|and|union|alternative|captured?|as)_pattern|switch_label)$/;
/** Words of patterns that change what is tested. */
const OPERATOR = /^(?:not|and|or|-|\*{1,2}|[<>]=?)$/;
/** A type, and a name for what is of it. */
const TYPED = /^(?:declaration_pattern|type_pattern|record_pattern_component)$/;
/** A part that is told by its name, not by its place. */
const KEYED = /^(?:field|keyword)_pattern$/;
const CONSTANT = /^constant_pattern$/;
/** Python: a name alone is given a value, one with dots is tested against. */
const DOTTED = /^dotted_name$/;
const OF_CLASS = /^class_pattern$/;

/** Patterns of cases and tests: what they name, and what they test against. */
export abstract class PatternReader extends ExpressionReader {
  /** Names in a pattern are given their value by it; the rest is tested against. */
  protected override matchPattern(
    node: number,
    owner: number,
    from: Sources = [owner],
    place = 0,
  ): void {
    const { syntax, graph } = this;
    const role = syntax.role(node);
    const parts = syntax.parts(node);
    if (syntax.isLike(node, TYPED)) {
      this.typedPattern(node, owner, from, place);
    } else if (this.isCapture(node)) {
      this.definitions.define(this.variable(node, this.blocks), from);
    } else if (role === ROLE.guard || syntax.isField(node, 'guard condition')) {
      graph.data(this.value(node), owner, 1);
    } else if (
      parts.length === 0 ||
      role === ROLE.path ||
      role === ROLE.member ||
      role === ROLE.binary ||
      syntax.isLike(node, CONSTANT)
    ) {
      graph.data(this.value(node), owner, place);
    } else {
      this.matchParts(node, this.patternOf(node, owner, place), from, place);
    }
  }

  /** What the parts of a pattern are tested for: the pattern around them, or an operator in between. */
  private patternOf(node: number, owner: number, place: number): number {
    const { syntax, graph } = this;
    const type = syntax.field(node, 'type');
    if (type >= 0 && !syntax.parts(node).includes(type)) {
      graph.data([this.global(syntax.names.number(this.typeText(type)))], owner, place);
    }
    const operator = syntax.operator(node);
    if (!OPERATOR.test(operator)) {
      return owner;
    }
    const result = graph.node(CATEGORY.operator, operator);
    graph.data([result], owner, place);
    return result;
  }

  private matchParts(node: number, owner: number, from: Sources, place: number): void {
    const { syntax, graph } = this;
    const parts = syntax.parts(node);
    const alike = parts.length === 1 || syntax.isLike(node, EITHER);
    let key = '';
    parts.forEach((part, i) => {
      if (syntax.isField(part, 'key')) {
        key = syntax.text(part);
      } else if (i === 0 && syntax.isLike(node, OF_CLASS)) {
        graph.data(this.value(part), owner, place);
      } else if (syntax.isLike(syntax.inner(part), KEYED)) {
        this.keyedPattern(syntax.inner(part), owner, from);
      } else {
        const isPart = !alike && !syntax.isField(part, 'type guard condition');
        const own = isPart ? this.component(from, key === '' ? `#${i}` : key) : from;
        this.matchPattern(part, owner, own, alike ? place : i);
        key = '';
      }
    });
  }

  private keyedPattern(node: number, owner: number, from: Sources): void {
    const parts = this.syntax.parts(node);
    const component = this.component(from, this.syntax.text(parts[0]));
    this.matchPattern(parts[parts.length - 1], owner, component);
  }

  /** Java and C#: the type is tested, what is of it may be given a name. */
  private typedPattern(node: number, owner: number, from: Sources, place: number): void {
    const { syntax } = this;
    const [type, name] = syntax.all(node).filter((part) => syntax.isNamed(part));
    const text = this.typeText(type);
    if (text !== 'var') {
      this.graph.data([this.global(syntax.names.number(text))], owner, place);
    }
    if (name !== undefined) {
      this.definitions.define(this.variable(name, true), from);
    }
  }

  private isCapture(node: number): boolean {
    const { syntax } = this;
    const text = syntax.text(node);
    switch (syntax.grammar.language) {
      case 'java':
        return false;
      case 'python':
        return (
          (syntax.isLike(node, DOTTED) && !text.includes('.')) || syntax.role(node) === ROLE.name
        );
      default:
        return syntax.role(node) === ROLE.name && /^[a-z_]\w*$/.test(text);
    }
  }

  private component(whole: Sources, key: string): Sources {
    const result = this.graph.node(CATEGORY.access, key);
    this.graph.data(whole, result, 0);
    return [result];
  }
}
