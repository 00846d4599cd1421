import fc from 'fast-check';
import type { LanguageId } from '../../../server/languages/types.js';

/** A small program that four languages can say. Variables are numbers into a list of names. */
export type Expression =
  | { kind: 'variable'; index: number }
  | { kind: 'number'; value: number }
  | { kind: 'binary'; operator: '+' | '-' | '*' | '/'; left: Expression; right: Expression }
  | { kind: 'call'; callee: string; args: Expression[] }
  | { kind: 'attribute'; index: number; attribute: string }
  | { kind: 'element'; index: number; at: Expression }
  | { kind: 'slice'; index: number; from: Expression | null; to: Expression | null };

interface Condition {
  operator: '<' | '==';
  negated: boolean;
  left: Expression;
  right: Expression;
}

export type Statement =
  | { kind: 'assign'; index: number; value: Expression }
  | { kind: 'if'; condition: Condition; then: Statement[]; otherwise: Statement[] }
  | { kind: 'while'; condition: Condition; body: Statement[] }
  | { kind: 'do'; callee: string; args: Expression[] }
  | { kind: 'setAttribute'; index: number; attribute: string; value: Expression }
  | { kind: 'setElement'; index: number; at: Expression; value: Expression };

export interface Program {
  body: Statement[];
  result: Expression;
}

const VARIABLES = 4;
const NAMES = ['alpha', 'beta', 'gamma', 'delta'];
export const OTHER_NAMES = ['left', 'right', 'count', 'rest'];

const variable = fc.nat(VARIABLES - 1).map((index): Expression => ({ kind: 'variable', index }));
const number = fc
  .integer({ min: 2, max: 99 })
  .map((value): Expression => ({ kind: 'number', value }));
const callee = fc.constantFrom('measure', 'combine', 'lookup');
const attribute = fc.constantFrom('size', 'width');
const index = fc.nat(VARIABLES - 1);
const bound = fc.oneof(variable, number);
const part: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({ kind: fc.constant('attribute' as const), index, attribute }),
  fc.record({ kind: fc.constant('element' as const), index, at: bound }),
  fc.record({
    kind: fc.constant('slice' as const),
    index,
    from: fc.option(bound),
    to: fc.option(bound),
  }),
);
const expression: fc.Arbitrary<Expression> = fc.letrec<{ any: Expression }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.oneof({ arbitrary: fc.oneof(variable, number), weight: 2 }, part),
    fc.record({
      kind: fc.constant('binary' as const),
      operator: fc.constantFrom('+' as const, '-' as const, '*' as const, '/' as const),
      left: tie('any'),
      right: tie('any'),
    }),
    fc.record({
      kind: fc.constant('call' as const),
      callee,
      args: fc.array(tie('any'), { minLength: 1, maxLength: 2 }),
    }),
  ),
})).any;
const condition: fc.Arbitrary<Condition> = fc.record({
  operator: fc.constantFrom('<' as const, '==' as const),
  negated: fc.boolean(),
  left: expression,
  right: expression,
});
const assign = fc.record({
  kind: fc.constant('assign' as const),
  index,
  value: expression,
});
const setPart: fc.Arbitrary<Statement> = fc.oneof(
  fc.record({ kind: fc.constant('setAttribute' as const), index, attribute, value: expression }),
  fc.record({ kind: fc.constant('setElement' as const), index, at: bound, value: expression }),
);

const statement: fc.Arbitrary<Statement> = fc.letrec<{ any: Statement }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    assign,
    setPart,
    fc.record({
      kind: fc.constant('do' as const),
      callee,
      args: fc.array(expression, { minLength: 1, maxLength: 2 }),
    }),
    fc.record({
      kind: fc.constant('if' as const),
      condition,
      then: fc.array(tie('any'), { minLength: 1, maxLength: 2 }),
      otherwise: fc.array(tie('any'), { maxLength: 2 }),
    }),
    fc.record({
      kind: fc.constant('while' as const),
      condition,
      body: fc.array(tie('any'), { minLength: 1, maxLength: 2 }),
    }),
  ),
})).any;

export const program: fc.Arbitrary<Program> = fc.record({
  body: fc.array(statement, { minLength: 3, maxLength: 7 }),
  result: expression,
});

/** How a program is written down. */
export interface Look {
  names: readonly string[];
  indent: string;
  comments: boolean;
  /** A block that declares the first variable anew, for itself, by a name that may hide it. */
  own?: { block: Statement[]; name: string };
}

export const PLAIN: Look = { names: NAMES, indent: '    ', comments: false };

interface Dialect {
  head(names: readonly string[]): string;
  end: string;
  comment: string;
  line(text: string): string;
  open(word: 'if' | 'while', condition: string): string;
  otherwise: string;
  close: string | null;
  not(condition: string): string;
  slice(whole: string, from: string, to: string): string;
  /** Where blocks have variables of their own. */
  declare?(name: string, value: number): string;
}

export const DIALECTS: Record<'python' | 'typescript' | 'go' | 'ruby', Dialect> = {
  python: {
    head: (names) => `def work(${names.join(', ')}):`,
    end: '',
    comment: '#',
    line: (text) => text,
    open: (word, condition) => `${word} ${condition}:`,
    otherwise: 'else:',
    close: null,
    not: (condition) => `not (${condition})`,
    slice: (whole, from, to) => `${whole}[${from}:${to}]`,
  },
  typescript: {
    slice: (whole, from, to) => `${whole}.slice(${from || 0}${to === '' ? '' : `, ${to}`})`,
    head: (names) =>
      `function work(${names.map((name) => `${name}: number`).join(', ')}): number {`,
    end: '}',
    comment: '//',
    line: (text) => `${text};`,
    open: (word, condition) => `${word} (${condition}) {`,
    otherwise: '} else {',
    close: '}',
    not: (condition) => `!(${condition})`,
    declare: (name, value) => `let ${name} = ${value}`,
  },
  go: {
    slice: (whole, from, to) => `${whole}[${from}:${to}]`,
    head: (names) => `func work(${names.join(', ')} int) int {`,
    end: '}',
    comment: '//',
    line: (text) => text,
    open: (word, condition) => `${word === 'if' ? 'if' : 'for'} ${condition} {`,
    otherwise: '} else {',
    close: '}',
    not: (condition) => `!(${condition})`,
    declare: (name, value) => `${name} := ${value}`,
  },
  ruby: {
    // No bound at all is no range.
    slice: (whole, from, to) => `${whole}[(${from + to === '' ? 0 : from}..${to})]`,
    head: (names) => `def work(${names.join(', ')})`,
    end: 'end',
    comment: '#',
    line: (text) => text,
    open: (word, condition) => `${word} ${condition}`,
    otherwise: 'else',
    close: 'end',
    not: (condition) => `!(${condition})`,
  },
};

export const LANGUAGES = Object.keys(DIALECTS) as (keyof typeof DIALECTS & LanguageId)[];

export function render(each: Program, language: keyof typeof DIALECTS, look: Look = PLAIN): string {
  const dialect = DIALECTS[language];
  const lines = [dialect.head(look.names)];
  const write = (depth: number, text: string) => {
    if (look.comments) {
      lines.push(`${look.indent.repeat(depth)}${dialect.comment} about ${lines.length}`);
    }
    lines.push(look.indent.repeat(depth) + text);
  };
  const block = (statements: Statement[], depth: number, outer: readonly string[]) => {
    const own = statements === look.own?.block ? look.own : null;
    const names = own === null ? outer : [own.name, ...outer.slice(1)];
    if (own !== null && dialect.declare !== undefined) {
      write(depth, dialect.line(dialect.declare(own.name, 7)));
    }
    for (const at of statements) {
      const text = (value: Expression) => renderExpression(value, dialect, names);
      if (at.kind === 'assign') {
        write(depth, dialect.line(`${names[at.index]} = ${text(at.value)}`));
      } else if (at.kind === 'setAttribute') {
        const place = `${names[at.index]}.${at.attribute}`;
        write(depth, dialect.line(`${place} = ${text(at.value)}`));
      } else if (at.kind === 'setElement') {
        const place = `${names[at.index]}[${text(at.at)}]`;
        write(depth, dialect.line(`${place} = ${text(at.value)}`));
      } else if (at.kind === 'do') {
        write(depth, dialect.line(`${at.callee}(${at.args.map(text).join(', ')})`));
      } else {
        write(depth, dialect.open(at.kind, renderCondition(at.condition, dialect, names)));
        block(at.kind === 'if' ? at.then : at.body, depth + 1, names);
        if (at.kind === 'if' && at.otherwise.length > 0) {
          lines.push(look.indent.repeat(depth) + dialect.otherwise);
          block(at.otherwise, depth + 1, names);
        }
        if (dialect.close !== null) {
          lines.push(look.indent.repeat(depth) + dialect.close);
        }
      }
    }
  };
  block(each.body, 1, look.names);
  write(1, dialect.line(`return ${renderExpression(each.result, dialect, look.names)}`));
  lines.push(dialect.end);
  return `${lines.join('\n')}\n`;
}

function renderCondition(condition: Condition, dialect: Dialect, names: readonly string[]): string {
  const sides = [condition.left, condition.right].map((side) =>
    renderExpression(side, dialect, names),
  );
  const text = sides.join(` ${condition.operator} `);
  return condition.negated ? dialect.not(text) : text;
}

function renderExpression(each: Expression, dialect: Dialect, names: readonly string[]): string {
  const text = (inner: Expression | null) =>
    inner === null ? '' : renderExpression(inner, dialect, names);
  switch (each.kind) {
    case 'variable':
      return names[each.index];
    case 'number':
      return `${each.value}`;
    case 'binary':
      return `(${text(each.left)} ${each.operator} ${text(each.right)})`;
    case 'call':
      return `${each.callee}(${each.args.map(text).join(', ')})`;
    case 'attribute':
      return `${names[each.index]}.${each.attribute}`;
    case 'element':
      return `${names[each.index]}[${text(each.at)}]`;
    case 'slice':
      return dialect.slice(names[each.index], text(each.from), text(each.to));
  }
}

/** The parts of an expression. */
function innerOf(each: Expression): Expression[] {
  switch (each.kind) {
    case 'binary':
      return [each.left, each.right];
    case 'call':
      return each.args;
    case 'element':
      return [each.at];
    case 'slice':
      return [each.from, each.to].filter((bound) => bound !== null);
    default:
      return [];
  }
}

/** Whether a block of the language may have variables of its own. */
export function declaresInBlocks(language: keyof typeof DIALECTS): boolean {
  return DIALECTS[language].declare !== undefined;
}

/** Every expression of a program, for a mutation to choose from. */
export function expressionsOf(each: Program): Expression[] {
  const found: Expression[] = [];
  const inside = (expression: Expression): void => {
    found.push(expression);
    innerOf(expression).forEach(inside);
  };
  statementsOf(each).flatMap(readBy).forEach(inside);
  inside(each.result);
  return found;
}

/** The expressions of a statement itself. */
function readBy(at: Statement): Expression[] {
  switch (at.kind) {
    case 'assign':
    case 'setAttribute':
      return [at.value];
    case 'setElement':
      return [at.at, at.value];
    case 'do':
      return at.args;
    default:
      return [at.condition.left, at.condition.right];
  }
}

/** Every block of a program, inner ones too. */
export function blocksOf(each: Program): Statement[][] {
  const inner = statementsOf(each).flatMap((at) =>
    at.kind === 'if' ? [at.then, at.otherwise] : at.kind === 'while' ? [at.body] : [],
  );
  return [each.body, ...inner];
}

/** Whether two statements that set something may change places: neither touches what the other sets. */
export function areIndependent(one: Statement, other: Statement): boolean {
  const [a, b] = [touched(one), touched(other)];
  return (
    a !== null &&
    b !== null &&
    !a.all.includes(b.set) &&
    !b.all.includes(a.set) &&
    !(a.calls && b.calls)
  );
}

function touched(at: Statement): { set: number; all: number[]; calls: boolean } | null {
  if (at.kind !== 'assign' && at.kind !== 'setAttribute' && at.kind !== 'setElement') {
    return null;
  }
  const reads: Expression[] = [];
  const inside = (expression: Expression): void => {
    reads.push(expression);
    innerOf(expression).forEach(inside);
  };
  readBy(at).forEach(inside);
  const variables = reads.flatMap((read) => ('index' in read ? [read.index] : []));
  return {
    set: at.index,
    all: [at.index, ...variables],
    calls: reads.some((read) => read.kind === 'call'),
  };
}

/** Every statement of a program, inner ones too. */
export function statementsOf(each: Program): Statement[] {
  const inner = (statements: Statement[]): Statement[] =>
    statements.flatMap((at) => [
      at,
      ...(at.kind === 'if'
        ? [...inner(at.then), ...inner(at.otherwise)]
        : at.kind === 'while'
          ? inner(at.body)
          : []),
    ]);
  return inner(each.body);
}
