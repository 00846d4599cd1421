import { type Sources, STATEMENT } from './variables.js';
import { CallReader } from './calls.js';
import { CATEGORY } from './programGraph.js';

const GENERIC = /^generic_type$/;
const TYPE_TEST = /^(?:instanceof|is)_expression$/;

/** Types that the running program looks at: tests and casts. */
export abstract class TypeReader extends CallReader {
  protected isTypeTest(node: number): boolean {
    return this.syntax.isLike(node, TYPE_TEST) && this.syntax.field(node, 'right') >= 0;
  }

  /** What is tested, and the name of the type. Java may give what passed a name. */
  protected typeTest(node: number): Sources[] {
    const { syntax } = this;
    const value = this.value(syntax.field(node, 'left'));
    const name = syntax.field(node, 'name');
    if (name >= 0) {
      this.definitions.define(this.variable(name, true), value);
    }
    const type = this.typeText(syntax.field(node, 'right'));
    return [value, [this.global(syntax.names.number(type))]];
  }

  /** A cast changes the value, or fails. */
  protected cast(node: number, mode: number): Sources {
    const { syntax } = this;
    const type = syntax.field(node, 'type right');
    const named = syntax.field(node, 'value operand left expression');
    const value = named >= 0 ? named : (syntax.parts(node).find((part) => part !== type) ?? -1);
    if (value < 0) {
      return [];
    }
    const variable = type < 0 || !syntax.isLike(type, GENERIC) ? -1 : syntax.field(type, 'type');
    if (variable >= 0 && this.definitions.has(syntax.name(variable))) {
      return this.elementCall(type, syntax.name(variable), value);
    }
    if (mode === STATEMENT) {
      return this.visit(value, mode);
    }
    const detail = `cast ${syntax.operator(node)} ${this.typeText(type)}`;
    return [this.operation(detail, [this.value(value)], true)];
  }

  /** Go's grammar takes `a[i](x)` for a conversion to a generic type. */
  private elementCall(type: number, name: number, argument: number): Sources {
    const { syntax, graph } = this;
    const element = graph.node(CATEGORY.access, '[]');
    graph.data(this.read(name), element, 0);
    const index = /\[(.*)\]/s.exec(this.typeText(type))?.[1] ?? '';
    graph.data(this.read(syntax.names.number(index)), element, 1);
    const result = graph.node(CATEGORY.call, '');
    graph.data([element], result, 0);
    graph.data(this.value(argument), result, 1);
    return [result];
  }
}
