import fc from 'fast-check';
import type { LanguageId } from '../../../server/languages/types.js';

/** A small program that four languages can say. Variables are numbers into a list of names. */
export type Expression =
  | { kind: 'variable'; index: number }
  | { kind: 'number'; value: number }
  | { kind: 'binary'; operator: '+' | '-' | '*' | '/'; left: Expression; right: Expression }
  | { kind: 'call'; callee: string; args: Expression[] };

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
  | { kind: 'do'; callee: string; args: Expression[] };

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
const expression: fc.Arbitrary<Expression> = fc.letrec<{ any: Expression }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.oneof(variable, number),
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
  index: fc.nat(VARIABLES - 1),
  value: expression,
});

const statement: fc.Arbitrary<Statement> = fc.letrec<{ any: Statement }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    assign,
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
  },
  typescript: {
    head: (names) =>
      `function work(${names.map((name) => `${name}: number`).join(', ')}): number {`,
    end: '}',
    comment: '//',
    line: (text) => `${text};`,
    open: (word, condition) => `${word} (${condition}) {`,
    otherwise: '} else {',
    close: '}',
    not: (condition) => `!(${condition})`,
  },
  go: {
    head: (names) => `func work(${names.join(', ')} int) int {`,
    end: '}',
    comment: '//',
    line: (text) => text,
    open: (word, condition) => `${word === 'if' ? 'if' : 'for'} ${condition} {`,
    otherwise: '} else {',
    close: '}',
    not: (condition) => `!(${condition})`,
  },
  ruby: {
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
  const block = (statements: Statement[], depth: number) => {
    for (const at of statements) {
      if (at.kind === 'assign') {
        write(depth, dialect.line(`${look.names[at.index]} = ${renderExpression(at.value, look)}`));
      } else if (at.kind === 'do') {
        write(
          depth,
          dialect.line(
            `${at.callee}(${at.args.map((arg) => renderExpression(arg, look)).join(', ')})`,
          ),
        );
      } else {
        write(depth, dialect.open(at.kind, renderCondition(at.condition, dialect, look)));
        block(at.kind === 'if' ? at.then : at.body, depth + 1);
        if (at.kind === 'if' && at.otherwise.length > 0) {
          lines.push(look.indent.repeat(depth) + dialect.otherwise);
          block(at.otherwise, depth + 1);
        }
        if (dialect.close !== null) {
          lines.push(look.indent.repeat(depth) + dialect.close);
        }
      }
    }
  };
  block(each.body, 1);
  write(1, dialect.line(`return ${renderExpression(each.result, look)}`));
  lines.push(dialect.end);
  return `${lines.join('\n')}\n`;
}

function renderCondition(condition: Condition, dialect: Dialect, look: Look): string {
  const text = `${renderExpression(condition.left, look)} ${condition.operator} ${renderExpression(condition.right, look)}`;
  return condition.negated ? dialect.not(text) : text;
}

function renderExpression(each: Expression, look: Look): string {
  switch (each.kind) {
    case 'variable':
      return look.names[each.index];
    case 'number':
      return `${each.value}`;
    case 'binary':
      return `(${renderExpression(each.left, look)} ${each.operator} ${renderExpression(each.right, look)})`;
    case 'call':
      return `${each.callee}(${each.args.map((arg) => renderExpression(arg, look)).join(', ')})`;
  }
}

/** Every expression of a program, for a mutation to choose from. */
export function expressionsOf(each: Program): Expression[] {
  const found: Expression[] = [];
  const inside = (expression: Expression): void => {
    found.push(expression);
    if (expression.kind === 'binary') {
      inside(expression.left);
      inside(expression.right);
    } else if (expression.kind === 'call') {
      expression.args.forEach(inside);
    }
  };
  for (const at of statementsOf(each)) {
    if (at.kind === 'assign') {
      inside(at.value);
    } else if (at.kind === 'do') {
      at.args.forEach(inside);
    } else {
      inside(at.condition.left);
      inside(at.condition.right);
    }
  }
  inside(each.result);
  return found;
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
