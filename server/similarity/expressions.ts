import type { LanguageId } from '../languages/types.js';
import { type Sources, STATEMENT } from './variables.js';
import { CATEGORY } from './programGraph.js';
import { ROLE } from './roles.js';
import { TypeReader } from './typeUses.js';

const SAME: Record<string, string> = {
  and: '&&',
  or: '||',
  not: '!',
  '~=': '!=',
  '<>': '!=',
  '**': '**',
};
/** What may be put into a string. */
const INSERTED = /interpolation|substitution|expansion|variable_name|identifier|member|subscript/;
const STRINGS = /^(?:concatenated_string|chained_string|concatenation)$/;
const WORDS = /^(?:string|symbol)_array$/;
/** Bash: `${name}`, perhaps with an operator. */
const EXPANSION = /^expansion$/;
/** PHP: `array(1)` is `[1]`. */
const LONG_ARRAY = /^array\s*\(/i;
const HEREDOC_BODY = /^heredoc_body$/;
const SHORTHAND = /^shorthand/;
const QUOTED = /^([a-zA-Z@$]{0,2})(["'`]{1,3})([\s\S]*)\2$/;
/** Conditions that are the negation of another. */
const POSITIVE = new Map([
  ['!=', '=='],
  ['!==', '==='],
  ['~=', '=='],
  ['<>', '=='],
  ['<=', '>'],
  ['>=', '<'],
  ['not in', 'in'],
  ['is not', 'is'],
  ['!in', 'in'],
  ['!is', 'is'],
]);
/** What marks a key that is a value, where a name may be either. */
const KEY_MARK: Partial<Record<LanguageId, RegExp>> = {
  python: /^\w+\s*:/,
  ruby: /^\w+\s*=>/,
  lua: /^\[/,
  php: /=>/,
};
/** What stands between the bounds of a slice or a range. */
const SEPARATOR = /:|\.{2,3}/g;
const COMMENT = /#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const UNORDERED = new Set(['+', '*', '==', '!=', '===', '!==', '&', '|', '^']);
/** Turns expressions into nodes and data edges. Statements are the subclass's business. */
export abstract class ExpressionReader extends TypeReader {
  protected abstract lambda(node: number): Sources;

  /** @returns null where the node is no expression */
  protected expression(node: number, mode: number): Sources | null {
    const { syntax } = this;
    switch (syntax.role(node)) {
      case ROLE.name:
        return this.read(syntax.name(node));
      case ROLE.path:
        return [this.global(syntax.names.number(syntax.text(node).replace(/\s+/g, '')))];
      case ROLE.number:
        return this.literal(syntax.text(node).toLowerCase().replace(/_/g, ''));
      case ROLE.constant:
        return this.literal(syntax.text(node).toLowerCase());
      case ROLE.string:
        return mode === STATEMENT ? [] : this.string(node);
      case ROLE.binary:
        return this.binary(node);
      case ROLE.unary:
        return this.unary(node, mode);
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
      case ROLE.cast:
        return this.cast(node, mode);
      case ROLE.slice:
        return this.bounds(node, ':', syntax.parts(node));
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

  /** A string's quotes and prefix do not count; what is put into it does. */
  protected string(node: number): Sources {
    const inserted: number[] = [];
    const [result] = this.literal(`"${this.content(node, inserted)}`);
    inserted.forEach((part, place) => this.graph.data(this.value(part), result, place));
    return [result];
  }

  /** What a string says: strings in a row are one, and white space between words of an array does not count. */
  private content(node: number, inserted: number[]): string {
    const { syntax } = this;
    const parts = syntax.parts(node);
    if (syntax.isLike(node, STRINGS)) {
      const each = parts.map((part) => {
        if (syntax.role(part) === ROLE.string) {
          return this.content(part, inserted);
        }
        inserted.push(part);
        return '\0';
      });
      return each.join('');
    }
    if (syntax.isLike(node, WORDS)) {
      const words = parts.map((part) => this.content(part, inserted));
      return `${syntax.firstWord(node).slice(0, 2)} ${words.join(' ')}`;
    }
    const body = syntax.childLike(node, HEREDOC_BODY);
    if (body >= 0) {
      return this.content(body, inserted);
    }
    const own = parts.filter((part) => syntax.isLike(part, INSERTED));
    let text = syntax.text(node);
    for (let i = own.length - 1; i >= 0; i--) {
      const from = syntax.tree.start[own[i]] - syntax.tree.start[node];
      text = `${text.slice(0, from)}\0${text.slice(from + syntax.text(own[i]).length)}`;
    }
    inserted.push(...own);
    const [, prefix, , quoted] = QUOTED.exec(text) ?? [];
    return quoted === undefined ? text : `${/b/i.test(prefix) ? 'b"' : ''}${quoted}`;
  }

  protected binary(node: number): Sources {
    const { syntax } = this;
    const pattern = syntax.field(node, 'pattern');
    if (pattern >= 0) {
      const value = this.value(syntax.field(node, 'left expression'));
      const test = this.operation(syntax.operator(node), [value], true);
      this.matchPattern(pattern, test, value, 1);
      return [test];
    }
    if (this.isTypeTest(node)) {
      return [this.operation(syntax.operator(node), this.typeTest(node), true)];
    }
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
    if (parts.length < 2 && operator.startsWith('..')) {
      return this.bounds(node, operator, parts);
    }
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

  /** A slice or a range, of which any side may be open: a bound's place is the number of separators before it. */
  private bounds(node: number, operator: string, parts: number[], from = node): Sources {
    const { tree } = this.syntax;
    const result = this.graph.node(CATEGORY.operator, operator);
    let at = from === node ? tree.start[node] : tree.end[from];
    let place = 0;
    for (const part of parts) {
      const between = tree.text.slice(at, tree.start[part]).replace(COMMENT, '');
      place += between.match(SEPARATOR)?.length ?? 0;
      this.graph.data(this.value(part), result, place);
      at = tree.end[part];
    }
    return [result];
  }

  protected override elementOf(node: number, base: number): Sources[] {
    const { syntax } = this;
    const parts = syntax.parts(node).filter((part) => part !== base);
    return syntax.typeName(node) === 'slice_expression'
      ? [this.bounds(node, ':', parts, base)]
      : parts.map((part) => this.value(part));
  }

  /** `a > b` is `b < a`. */
  protected compare(operator: string, operands: Sources[], ordered: boolean): number {
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
        syntax.field(at, 'argument operand') >= 0
          ? syntax.field(at, 'argument operand')
          : syntax.parts(at)[0],
      );
      return { sources: inner.sources, negated: !inner.negated };
    }
    if (at >= 0 && syntax.role(at) === ROLE.binary && syntax.fields(at, 'operators').length < 2) {
      const operator = syntax.operator(at);
      const parts = syntax.parts(at);
      const positive = POSITIVE.get(operator);
      const types = this.isTypeTest(at);
      if (positive !== undefined && (types || parts.length === 2)) {
        const values = types ? this.typeTest(at) : parts.map((part) => this.value(part));
        return {
          sources: [this.compare(positive, values, !UNORDERED.has(positive))],
          negated: true,
        };
      }
    }
    return { sources: this.value(node), negated: false };
  }

  protected unary(node: number, mode: number): Sources {
    const { syntax } = this;
    const name = syntax.typeName(node);
    const operator = syntax.operator(node);
    const parts = syntax.parts(node).filter((part) => !syntax.isField(part, 'operator'));
    if (parts.length === 0) {
      return [this.operation(operator === '' ? name : operator, [], true)];
    }
    const step =
      /^(?:\+\+|--)$/.test(operator) || name === 'inc_statement' || name === 'dec_statement';
    if (step) {
      const target = this.written(parts[0]);
      const before = this.readTarget(target);
      const operand = operator.startsWith('-') || name === 'dec_statement' ? '-' : '+';
      const sum = this.operation(operand, [before, this.literal('1')], operand === '-');
      const after = this.store(target, [sum], sum);
      return mode !== STATEMENT && /[+-]$/.test(syntax.text(node)) ? before : after;
    }
    const bare = parts.length === 1 && operator === '' && syntax.isLike(node, EXPANSION);
    if (bare || (syntax.grammar.language === 'rust' && name === 'reference_expression')) {
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

  protected assign(node: number): Sources {
    const { syntax } = this;
    const parts = syntax.parts(node);
    const left = syntax.field(node, 'left') >= 0 ? syntax.field(node, 'left') : parts[0];
    const right =
      syntax.field(node, 'right') >= 0 ? syntax.field(node, 'right') : parts[parts.length - 1];
    if (right < 0 || right === left || left === undefined) {
      // A declaration with a type and no value; Go: what a channel gives, left unused.
      return syntax.field(node, 'right') >= 0 ? this.value(right) : [];
    }
    const operator = (/^(\S{1,3}?)=$/.exec(syntax.operator(node)) ?? [])[1];
    if (operator !== undefined && !/^[:=]$/.test(operator)) {
      return this.change(left, operator, right);
    }
    // Go's `:=`, Lua's `local`.
    const declares = this.blocks && (syntax.operator(node) === ':=' || this.isInVariables(node));
    const targetOf = (each: number) => (declares ? this.target(each, true) : this.written(each));
    const lefts = this.list(left);
    const rights = this.list(right);
    const each = lefts.length > 1 && !lefts.some((left) => this.isRest(left));
    if (each && lefts.length === rights.length) {
      const since = this.graph.nodes;
      const values = rights.map((each) => this.value(each));
      lefts.forEach((each, i) => this.store(targetOf(each), values[i], since));
      return [];
    }
    const since = this.graph.nodes;
    const value = this.value(right);
    return this.store(targetOf(this.single(left)), value, since);
  }

  /** `left op= right` as `left = left op right`. */
  protected change(left: number, operator: string, right: number): Sources {
    const target = this.written(this.single(left));
    const values = [this.readTarget(target), this.value(right)];
    const text = this.syntax.role(this.syntax.inner(right)) === ROLE.string;
    const ordered = !UNORDERED.has(operator) || (operator === '+' && text);
    const result = this.operation(SAME[operator] ?? operator, values, ordered);
    return this.store(target, [result], result);
  }

  protected collection(node: number): Sources {
    const { syntax } = this;
    const parts = syntax.parts(node);
    const text = syntax.text(node);
    const alone = text.endsWith(',') ? node : this.single(node);
    if (alone !== node) {
      return this.value(alone);
    }
    if (parts.length === 1 && !/^[[({]|^\w+[[(!]|,$/.test(text)) {
      return this.value(parts[0]);
    }
    const bracket = /^[[{]/.exec(text.replace(LONG_ARRAY, '['))?.[0] ?? '(';
    const result = this.graph.node(CATEGORY.collection, bracket);
    parts.forEach((part, place) => {
      if (syntax.role(part) === ROLE.keyed && this.isNamedPart(part)) {
        this.graph.data(this.value(part), result, 0);
      } else if (syntax.isLike(part, SHORTHAND)) {
        this.graph.data([this.keyedNode(syntax.text(part), this.value(part))], result, 0);
      } else {
        this.graph.data(this.value(part), result, place);
      }
    });
    return [result];
  }

  /** Not one that its place tells. */
  private isNamedPart(node: number): boolean {
    return this.syntax.parts(node).length > 1 || this.syntax.field(node, 'key name field') >= 0;
  }

  protected keyedNode(key: string, value: Sources): number {
    const result = this.graph.node(CATEGORY.collection, `key ${key}`);
    this.graph.data(value, result, 0);
    return result;
  }

  protected keyed(node: number): Sources {
    const { syntax } = this;
    const parts = syntax.parts(node);
    if (parts.length === 0) {
      return [];
    }
    const key = syntax.field(node, 'key name field');
    const value = syntax.field(node, 'value');
    const keyAt = key >= 0 ? key : parts.length > 1 ? parts[0] : -1;
    const valueAt = value >= 0 ? value : parts[parts.length - 1];
    if (keyAt < 0 || keyAt === valueAt) {
      return this.value(valueAt);
    }
    const simple =
      /^["':]?[\w$-]+["':]*$/.test(syntax.text(keyAt)) && !this.isVariableKey(node, keyAt);
    const result = this.keyedNode(
      simple ? syntax.text(keyAt).replace(/["':]/g, '') : '',
      this.value(valueAt),
    );
    if (!simple) {
      this.graph.data(this.value(keyAt), result, 1);
    }
    return [result];
  }

  /** Whether a key is what a variable holds, and no name itself. */
  private isVariableKey(node: number, key: number): boolean {
    const { syntax } = this;
    const mark = KEY_MARK[syntax.grammar.language];
    return syntax.role(key) === ROLE.name && mark?.test(syntax.text(node)) === true;
  }
}
