import { Definitions } from './definitions.js';
import { CATEGORY, EDGE, GraphBuilder } from './programGraph.js';
import { ROLE } from './roles.js';
import type { Syntax } from './syntax.js';

export type Sources = readonly number[];

/** How a node is visited: for its value, for what it does, or as what its function gives back. */
export const VALUE = 0;
export const STATEMENT = 1;
export const TAIL = 2;

const SAME: Record<string, string> = {
  and: '&&',
  or: '||',
  not: '!',
  '~=': '!=',
  '<>': '!=',
  '**': '**',
};
const UNORDERED = new Set(['+', '*', '==', '!=', '===', '!==', '&', '|', '^']);
const CHANGING =
  /^(?:pop\w*|push\w*|append\w*|shift|unshift|next\w*|poll\w*|add\w*|insert\w*|remove\w*|put\w*|extend\w*|set\w*|delete\w*|write\w*|sort|reverse|clear|update)$/i;
const OUTPUT = /^(?:print\w*|puts|echo|log|info|warn|error|debug|write(?:line)?|p|f?printf|cout)$/i;
/** Stands for the outside world in the definitions: output keeps its order. */
const WORLD = '\u0001';

/** Where an assignment goes, its own parts already read. */
interface Target {
  kind: 'name' | 'member' | 'index' | 'pattern';
  node: number;
  /** The variable that it is or that it is a part of; null: part of no plain variable. */
  name: string | null;
  detail: string;
  object: Sources;
  index: Sources[];
}

/** Turns expressions into nodes and data edges. Statements are the subclass's business. */
export abstract class ExpressionReader {
  protected definitions = Definitions.empty();
  protected control = { node: 0, kind: EDGE.controlTrue as number };
  /** Entry nodes of the functions of the unit, by name. */
  protected readonly entries = new Map<string, number>();
  private readonly globals = new Map<string, number>();

  constructor(
    protected readonly syntax: Syntax,
    protected readonly graph: GraphBuilder,
  ) {}

  abstract visit(node: number, mode: number): Sources;
  protected abstract lambda(node: number): Sources;

  /** Hangs a node under what decides whether it runs. */
  protected hold(node: number): number {
    if (!this.graph.held[node]) {
      this.graph.held[node] = true;
      this.graph.edge(this.control.node, node, this.control.kind);
    }
    return node;
  }

  protected value(node: number): Sources {
    return node < 0 ? [] : this.visit(node, VALUE);
  }

  /** @returns null where the node is no expression */
  protected expression(node: number, mode: number): Sources | null {
    const { syntax } = this;
    switch (syntax.role(node)) {
      case ROLE.name:
        return this.read(syntax.text(node));
      case ROLE.path:
        return [this.global(syntax.text(node).replace(/\s+/g, ''))];
      case ROLE.number:
        return this.literal(syntax.text(node).toLowerCase().replace(/_/g, ''));
      case ROLE.constant:
        return this.literal(syntax.text(node).toLowerCase());
      case ROLE.string:
        return mode === STATEMENT ? [] : this.string(node);
      case ROLE.binary:
        return this.binary(node);
      case ROLE.unary:
        return this.unary(node);
      case ROLE.assign:
        return this.assign(node);
      case ROLE.declare:
        return this.declare(node);
      case ROLE.declaration:
        return this.declaration(node);
      case ROLE.call:
      case ROLE.new:
      case ROLE.keywordCall:
        return this.call(node, mode);
      case ROLE.member:
      case ROLE.index:
        return this.readTarget(this.target(node));
      case ROLE.collection:
        return this.collection(node);
      case ROLE.keyed:
        return this.keyed(node);
      case ROLE.lambda:
        return this.lambda(node);
      default:
        return null;
    }
  }

  private read(name: string): Sources {
    const { definitions } = this;
    if (definitions.has(name)) {
      return definitions.whole(name);
    }
    const entry = this.entries.get(name);
    return [entry ?? this.global(name)];
  }

  private global(name: string): number {
    let node = this.globals.get(name);
    if (node === undefined) {
      node = this.graph.node(CATEGORY.global, name);
      this.globals.set(name, node);
    }
    return node;
  }

  protected literal(detail: string): Sources {
    return [this.graph.node(CATEGORY.literal, detail)];
  }

  /** A string's quotes and prefix do not count; what is put into it does. */
  private string(node: number): Sources {
    const { syntax } = this;
    const inserted = syntax
      .parts(node)
      .filter((part) =>
        /interpolation|substitution|expansion|variable_name|identifier|member|subscript/.test(
          syntax.typeName(part),
        ),
      );
    let text = syntax.text(node);
    for (const part of [...inserted].reverse()) {
      const from = syntax.tree.start[part] - syntax.tree.start[node];
      text = `${text.slice(0, from)}\0${text.slice(from + syntax.text(part).length)}`;
    }
    const [result] = this.literal(
      `"${text.replace(/^[a-zA-Z@$]{0,2}(["'`]{1,3})([\s\S]*)\1$/, '$2')}`,
    );
    inserted.forEach((part, place) => this.graph.data(this.value(part), result, place));
    return [result];
  }

  protected operation(operator: string, operands: Sources[], ordered: boolean): number {
    const result = this.graph.node(CATEGORY.operator, operator);
    operands.forEach((operand, place) => this.graph.data(operand, result, ordered ? place : 0));
    return result;
  }

  private binary(node: number): Sources {
    const { syntax } = this;
    const operands = [syntax.field(node, 'left'), syntax.field(node, 'right')];
    const parts = operands.every((each) => each >= 0) ? operands : syntax.parts(node);
    const operators = syntax.fields(node, 'operators').map((each) => syntax.text(each));
    if (operators.length > 1) {
      const values = parts.map((part) => this.value(part));
      const pairs = operators.map((operator, i) => [
        this.compare(operator, [values[i], values[i + 1]], true),
      ]);
      return [pairs.reduce((left, right) => [this.operation('&&', [left, right], true)])[0]];
    }
    let operator = syntax.operator(node);
    let values = parts;
    if (operator === '' || parts.length === 3) {
      // Infix calls of Kotlin and Scala: the operator is a name in the middle.
      operator = parts.length === 3 ? syntax.text(parts[1]) : operator;
      values = [parts[0], parts[parts.length - 1]];
    }
    const text = parts.some((part) => syntax.role(syntax.inner(part)) === ROLE.string);
    const ordered = !UNORDERED.has(operator) || (operator === '+' && text);
    return [
      this.compare(
        SAME[operator] ?? operator,
        values.map((part) => this.value(part)),
        ordered,
      ),
    ];
  }

  /** `a > b` is `b < a`. */
  private compare(operator: string, operands: Sources[], ordered: boolean): number {
    if (operator === '>' || operator === '>=') {
      return this.operation(operator === '>' ? '<' : '<=', [...operands].reverse(), true);
    }
    return this.operation(operator, operands, ordered);
  }

  /**
   * A condition with its negations taken off, so that a branch on `!c` is the branch on `c` with its sides swapped:
   * `a != b` is not `a == b`, and `a <= b` is not `b < a`.
   */
  protected condition(node: number): { sources: Sources; negated: boolean } {
    const { syntax } = this;
    const at = node < 0 ? -1 : syntax.inner(node);
    if (at >= 0 && syntax.role(at) === ROLE.unary && /^(?:!|not)$/.test(syntax.operator(at))) {
      const inner = this.condition(
        syntax.field(at, 'argument', 'operand') >= 0
          ? syntax.field(at, 'argument', 'operand')
          : syntax.parts(at)[0],
      );
      return { sources: inner.sources, negated: !inner.negated };
    }
    if (at >= 0 && syntax.role(at) === ROLE.binary && syntax.fields(at, 'operators').length < 2) {
      const operator = syntax.operator(at);
      const parts = syntax.parts(at);
      const positive = {
        '!=': '==',
        '!==': '===',
        '~=': '==',
        '<>': '==',
        '<=': '>',
        '>=': '<',
        'not in': 'in',
        'is not': 'is',
        '!in': 'in',
        '!is': 'is',
      }[operator];
      if (positive !== undefined && parts.length === 2) {
        const values = parts.map((part) => this.value(part));
        return {
          sources: [this.compare(positive, values, !UNORDERED.has(positive))],
          negated: true,
        };
      }
    }
    return { sources: this.value(node), negated: false };
  }

  private unary(node: number): Sources {
    const { syntax } = this;
    const name = syntax.typeName(node);
    const operator = syntax.operator(node);
    const parts = syntax.parts(node);
    if (parts.length === 0) {
      return [this.operation(operator === '' ? name : operator, [], true)];
    }
    const step =
      /^(?:\+\+|--)$/.test(operator) || name === 'inc_statement' || name === 'dec_statement';
    if (step) {
      const target = this.target(parts[0]);
      const operand = operator.startsWith('-') || name === 'dec_statement' ? '-' : '+';
      const sum = this.operation(
        operand,
        [this.readTarget(target), this.literal('1')],
        operand === '-',
      );
      return this.store(target, [sum]);
    }
    if (syntax.grammar.language === 'rust' && name === 'reference_expression') {
      return this.value(parts[0]);
    }
    if ((operator === '-' || operator === '+') && syntax.role(parts[0]) === ROLE.number) {
      return this.literal(syntax.text(node).replace(/[\s_]/g, '').toLowerCase());
    }
    const label = operator === '' || /^\w/.test(operator) ? (SAME[operator] ?? name) : operator;
    return [
      this.operation(
        `unary ${label}`,
        parts.map((part) => this.value(part)),
        true,
      ),
    ];
  }

  private assign(node: number): Sources {
    const { syntax } = this;
    const parts = syntax.parts(node);
    const left = syntax.field(node, 'left') >= 0 ? syntax.field(node, 'left') : parts[0];
    const right =
      syntax.field(node, 'right') >= 0 ? syntax.field(node, 'right') : parts[parts.length - 1];
    if (right < 0 || right === left || left === undefined) {
      // A declaration with a type and no value.
      return [];
    }
    const operator = (/^(\S{1,3}?)=$/.exec(syntax.operator(node)) ?? [])[1];
    if (operator !== undefined && !/^[:=]$/.test(operator)) {
      return this.change(left, operator, right);
    }
    const lefts = this.list(left);
    const rights = this.list(right);
    if (lefts.length > 1 && lefts.length === rights.length) {
      const values = rights.map((each) => this.value(each));
      const stored = lefts.map((each, i) => this.store(this.target(each), values[i]));
      return stored.flat();
    }
    const value = this.value(right);
    return this.store(this.target(left), value);
  }

  /** `left op= right` as `left = left op right`. */
  private change(left: number, operator: string, right: number): Sources {
    const target = this.target(left);
    const values = [this.readTarget(target), this.value(right)];
    const text = this.syntax.role(this.syntax.inner(right)) === ROLE.string;
    const ordered = !UNORDERED.has(operator) || (operator === '+' && text);
    return this.store(target, [this.operation(SAME[operator] ?? operator, values, ordered)]);
  }

  private list(node: number): number[] {
    const at = this.syntax.inner(node);
    const lists =
      /^(?:expression_list|variable_list|pattern_list|left_assignment_list|right_assignment_list|tuple|tuple_pattern|tuple_expression)$/;
    return lists.test(this.syntax.typeName(at)) ? this.syntax.parts(at) : [at];
  }

  private declare(node: number): Sources {
    const { syntax } = this;
    const names = [
      ...syntax.fields(node, 'name'),
      ...syntax.fields(node, 'pattern'),
      ...syntax.fields(node, 'declarator'),
    ];
    const valueAt = syntax.field(node, 'value', 'default', 'alternative');
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
      const all = values.map((each) => this.value(each));
      return names.flatMap((each, i) => this.store(this.target(each), all[i]));
    }
    return this.store(this.target(target), this.value(value));
  }

  /** C's declarations: several declarators after a type. */
  private declaration(node: number): Sources {
    for (const part of this.syntax.fields(node, 'declarator')) {
      if (this.syntax.role(part) === ROLE.declare) {
        this.declare(part);
      } else {
        this.declareOnly(part);
      }
    }
    return [];
  }

  private declareOnly(node: number): void {
    const name = this.syntax.firstName(node);
    if (name >= 0) {
      this.definitions.define(this.syntax.text(name), []);
    }
  }

  protected target(outer: number): Target {
    const { syntax } = this;
    const node = syntax.inner(outer);
    const role = syntax.role(node);
    const target: Target = { kind: 'pattern', node, name: null, detail: '', object: [], index: [] };
    if (role === ROLE.name) {
      target.kind = 'name';
      target.name = syntax.text(node);
    } else if (role === ROLE.member || role === ROLE.index) {
      const parts = syntax.parts(node);
      const property = syntax.field(node, 'property', 'attribute', 'field', 'name', 'suffix');
      const object = syntax.field(
        node,
        'object',
        'value',
        'operand',
        'argument',
        'expression',
        'table',
      );
      const base = object >= 0 ? object : (parts.find((part) => part !== property) ?? node);
      const inner = syntax.inner(base);
      target.name =
        syntax.role(inner) === ROLE.name && this.definitions.has(syntax.text(inner))
          ? syntax.text(inner)
          : null;
      target.object =
        target.name === null
          ? base === node
            ? []
            : this.value(base)
          : this.definitions.base(target.name);
      if (role === ROLE.member) {
        const last = property >= 0 ? property : parts[parts.length - 1];
        target.kind = 'member';
        target.detail = syntax.text(last).replace(/^[.?#]+/, '');
      } else {
        target.kind = 'index';
        target.detail = '[]';
        target.index = parts.filter((part) => part !== base).map((part) => this.value(part));
      }
    } else if (/declarator$/.test(syntax.typeName(node))) {
      const name = syntax.firstName(node);
      target.kind = name >= 0 ? 'name' : 'pattern';
      target.name = name >= 0 ? syntax.text(name) : null;
    }
    return target;
  }

  protected readTarget(target: Target): Sources {
    if (target.kind === 'name') {
      return this.read(target.name ?? '');
    }
    if (target.kind === 'pattern') {
      return this.visit(target.node, VALUE);
    }
    const result = this.graph.node(CATEGORY.access, target.detail);
    this.graph.data(target.object, result, 0);
    if (target.name !== null) {
      this.graph.data(this.definitions.attribute(target.name, target.detail), result, 0);
    }
    target.index.forEach((each, place) => this.graph.data(each, result, place + 1));
    return [result];
  }

  /** Makes the assignment's node and lets it reach on. */
  protected store(target: Target, value: Sources): Sources {
    const detail = target.kind === 'name' || target.kind === 'pattern' ? '' : target.detail;
    const result = this.hold(this.graph.node(CATEGORY.assign, detail));
    this.graph.data(value, result, 0);
    if (target.kind === 'name') {
      this.definitions.define(target.name ?? '', [result]);
    } else if (target.kind === 'pattern') {
      this.bind(target.node, [result]);
    } else {
      this.graph.data(target.object, result, 1);
      target.index.forEach((each, place) => this.graph.data(each, result, place + 2));
      if (target.name !== null) {
        if (target.kind === 'index') {
          // Another element may be the same one: element writes keep their order.
          this.graph.data(this.definitions.attribute(target.name, target.detail), result, 1);
        }
        this.definitions.defineAttribute(target.name, target.detail, [result]);
      }
    }
    return [result];
  }

  /** Gives the names in a pattern their part of a value. */
  protected bind(outer: number, value: Sources): void {
    const { syntax } = this;
    const node = syntax.inner(outer);
    const role = syntax.role(node);
    if (role === ROLE.name) {
      this.definitions.define(syntax.text(node), value);
    } else if (role === ROLE.member || role === ROLE.index) {
      this.store(this.target(node), value);
    } else {
      const parts = syntax.parts(node);
      parts.forEach((part, place) => {
        if (
          syntax.isField(part, 'key', 'type') ||
          (syntax.isField(part, 'right') && parts.length > 1)
        ) {
          return;
        }
        if (parts.length === 1) {
          this.bind(part, value);
          return;
        }
        const key = syntax.field(part, 'key');
        const shorthand = /shorthand/.test(syntax.typeName(part));
        const detail = key >= 0 ? syntax.text(key) : shorthand ? syntax.text(part) : `#${place}`;
        const component = this.graph.node(CATEGORY.access, detail);
        this.graph.data(value, component, 0);
        this.bind(part, [component]);
      });
    }
  }

  private collection(node: number): Sources {
    const { syntax } = this;
    const parts = syntax.parts(node);
    const text = syntax.text(node);
    if (parts.length === 1 && !/^[[({]|^\w+[[(!]/.test(text)) {
      return this.value(parts[0]);
    }
    const bracket = /^[[{]/.exec(text)?.[0] ?? '(';
    const result = this.graph.node(CATEGORY.collection, bracket);
    parts.forEach((part, place) => {
      if (syntax.role(part) === ROLE.keyed) {
        this.graph.data(this.value(part), result, 0);
      } else if (/^shorthand/.test(syntax.typeName(part))) {
        this.graph.data([this.keyedNode(syntax.text(part), this.value(part))], result, 0);
      } else {
        this.graph.data(this.value(part), result, place);
      }
    });
    return [result];
  }

  private keyedNode(key: string, value: Sources): number {
    const result = this.graph.node(CATEGORY.collection, `key ${key}`);
    this.graph.data(value, result, 0);
    return result;
  }

  private keyed(node: number): Sources {
    const { syntax } = this;
    const parts = syntax.parts(node);
    if (parts.length === 0) {
      return [];
    }
    const key = syntax.field(node, 'key', 'name', 'field');
    const value = syntax.field(node, 'value');
    const keyAt = key >= 0 ? key : parts.length > 1 ? parts[0] : -1;
    const valueAt = value >= 0 ? value : parts[parts.length - 1];
    if (keyAt < 0 || keyAt === valueAt) {
      return this.value(valueAt);
    }
    const simple = /^["':]?[\w$-]+["':]*$/.test(syntax.text(keyAt));
    const result = this.keyedNode(
      simple ? syntax.text(keyAt).replace(/["':]/g, '') : '',
      this.value(valueAt),
    );
    if (!simple) {
      this.graph.data(this.value(keyAt), result, 1);
    }
    return [result];
  }

  private call(node: number, mode: number): Sources {
    const { syntax, graph } = this;
    const parts = syntax.parts(node);
    const creates = syntax.role(node) === ROLE.new;
    let callee = syntax.field(node, 'function', 'constructor', 'macro', 'method', 'name', 'type');
    let receiver = syntax.field(node, 'object', 'receiver', 'scope');
    if (callee < 0 && syntax.role(node) !== ROLE.keywordCall && !creates) {
      callee = parts[0] ?? -1;
    }
    if (creates && callee < 0) {
      callee = syntax.all(node).find((part) => syntax.isNamed(part)) ?? -1;
    }
    const rest = parts.filter((part) => part !== callee && part !== receiver);
    let inner = callee < 0 ? -1 : syntax.inner(callee);
    let detail =
      syntax.role(node) === ROLE.keywordCall ? (/^\w+/.exec(syntax.text(node))?.[0] ?? '') : '';
    let called: Sources = [];
    let entry: number | undefined;
    if (inner >= 0 && syntax.role(inner) === ROLE.member) {
      const memberParts = syntax.parts(inner);
      const property = syntax.field(
        inner,
        'property',
        'attribute',
        'field',
        'name',
        'suffix',
        'method',
      );
      const object = syntax.field(
        inner,
        'object',
        'value',
        'operand',
        'argument',
        'expression',
        'table',
      );
      receiver = object >= 0 ? object : (memberParts.find((part) => part !== property) ?? -1);
      detail = syntax
        .text(property >= 0 ? property : memberParts[memberParts.length - 1])
        .replace(/^[.?]+/, '');
      entry = /^(?:self|this|cls)$/.test(receiver >= 0 ? syntax.text(receiver) : '')
        ? this.entries.get(detail)
        : undefined;
      inner = -1;
    }
    const name = inner < 0 ? '' : syntax.text(inner).replace(/\s+/g, '');
    if (creates) {
      detail = `new ${name}`;
    } else if (inner >= 0) {
      const plain = /^[\w$:.@!?\\]+$/.test(name);
      if (receiver < 0 && this.definitions.has(name)) {
        called = this.definitions.whole(name);
      } else if (receiver < 0 && this.entries.has(name)) {
        entry = this.entries.get(name);
      } else if (plain) {
        detail = name;
      } else {
        called = this.value(inner);
      }
    }
    const owner = receiver < 0 ? -1 : syntax.inner(receiver);
    const ownerName = owner >= 0 && syntax.role(owner) === ROLE.name ? syntax.text(owner) : null;
    const object = receiver < 0 ? called : this.value(receiver);
    const args = rest.flatMap((part) =>
      syntax.role(part) === ROLE.arguments ? syntax.parts(part) : [part],
    );
    const values = args.map((arg) => this.value(arg));
    const result = graph.node(CATEGORY.call, entry === undefined ? detail : '');
    if (entry !== undefined) {
      graph.edge(result, entry, EDGE.call);
    }
    graph.data(object, result, 0);
    values.forEach((value, place) => graph.data(value, result, place + 1));
    this.effects(result, detail, ownerName, args, mode);
    return [result];
  }

  /** What a call may change: the object that it is called on, or else what it is given first. */
  private effects(
    call: number,
    name: string,
    owner: string | null,
    args: number[],
    mode: number,
  ): void {
    const last = name
      .slice(Math.max(name.lastIndexOf('.'), name.lastIndexOf(':')) + 1)
      .replace(/!$/, '');
    if (mode === STATEMENT && OUTPUT.test(last)) {
      this.graph.data(this.definitions.base(WORLD), call, 14);
      this.definitions.define(WORLD, [call]);
      return;
    }
    if (mode !== STATEMENT && !CHANGING.test(last)) {
      return;
    }
    if (owner !== null && this.definitions.has(owner)) {
      this.definitions.change(owner, call);
    } else if (args.length > 0) {
      const first = this.syntax.firstName(args[0]);
      const given = first >= 0 ? this.syntax.text(first) : '';
      if (
        first >= 0 &&
        this.syntax.tree.end[first] === this.syntax.tree.end[args[0]] &&
        this.definitions.has(given)
      ) {
        this.definitions.change(given, call);
      }
    }
  }
}
