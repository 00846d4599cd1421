import { Definitions } from './definitions.js';
import { ExpressionReader, STATEMENT, type Sources, TAIL, VALUE } from './expressions.js';
import { CATEGORY, EDGE } from './programGraph.js';
import { ROLE } from './roles.js';

/** Where jumps out of a loop or switch take their definitions. */
interface Exits {
  broken: Definitions[];
  continued: Definitions[];
}

const PATTERN_LANGUAGES = new Set(['rust', 'scala', 'python', 'kotlin', 'csharp']);

/**
 * Turns statements into nodes, control edges and the flow of definitions.
 * Control dependence is read off the structure, early exits included: what follows `if (c) return` depends on
 * c being false, just as the `else` of that `if` would.
 */
export abstract class StatementReader extends ExpressionReader {
  /** No way leads here: the branch ended in a return, throw or jump. */
  protected dead = false;
  protected exits: Exits[] = [];

  visit(node: number, mode: number): Sources {
    const { syntax } = this;
    const role = syntax.role(node);
    switch (role) {
      case ROLE.drop:
      case ROLE.skip:
      case ROLE.parameters:
        return [];
      case ROLE.pass:
      case ROLE.else:
      case ROLE.block:
        return this.pass(node, mode);
      case ROLE.if:
        return this.if(node, mode, false, []);
      case ROLE.unless:
        return this.if(node, mode, true, []);
      case ROLE.while:
      case ROLE.until:
      case ROLE.loop:
        return this.while(node, role === ROLE.until);
      case ROLE.doWhile:
      case ROLE.doUntil:
        return this.doWhile(node, role === ROLE.doUntil);
      case ROLE.for:
        return this.for(node);
      case ROLE.forEach:
        return this.forEach(node, mode);
      case ROLE.switch:
        return this.switch(node, mode);
      case ROLE.try:
        return this.try(node, mode);
      case ROLE.return:
        return this.exit('return', syntax.parts(node));
      case ROLE.throw:
        return this.exit('throw', syntax.parts(node));
      case ROLE.jump:
        return this.jump(node);
      case ROLE.function:
        return this.function(node);
      case ROLE.comprehension:
        return this.comprehension(node);
      default: {
        const sources = this.expression(node, mode) ?? this.generic(node, mode);
        return this.finish(sources, mode);
      }
    }
  }

  protected abstract function(node: number): Sources;

  private finish(sources: Sources, mode: number): Sources {
    if (mode === STATEMENT) {
      sources.filter((source) => source >= 0).forEach((source) => this.holdIfEffect(source));
    } else if (mode === TAIL && sources.length > 0) {
      this.giveBack('return', [sources]);
    }
    return sources;
  }

  private holdIfEffect(source: number): void {
    const category = this.graph.category[source];
    if (
      category !== CATEGORY.parameter &&
      category !== CATEGORY.entry &&
      category !== CATEGORY.global
    ) {
      this.hold(source);
    }
  }

  private giveBack(detail: string, values: Sources[]): number {
    const result = this.hold(this.graph.node(CATEGORY.exit, detail));
    values.forEach((value, place) => this.graph.data(value, result, place));
    this.dead = true;
    return result;
  }

  private generic(node: number, mode: number): Sources {
    const parts = this.syntax.parts(node);
    if (mode === STATEMENT) {
      parts.forEach((part) => this.visit(part, STATEMENT));
      return [];
    }
    if (parts.length === 0) {
      return this.literal(this.syntax.text(node));
    }
    const values = parts.map((part) => this.value(part));
    if (values.length === 1) {
      return values[0];
    }
    const result = this.graph.node(CATEGORY.other, this.syntax.typeName(node));
    values.forEach((value, place) => this.graph.data(value, result, place));
    return [result];
  }

  private pass(node: number, mode: number): Sources {
    const { syntax } = this;
    const parts = syntax.parts(node);
    if (
      parts.some((part) => syntax.role(part) === ROLE.catch || syntax.role(part) === ROLE.finally)
    ) {
      return this.try(node, mode);
    }
    if (/^(?:as_pattern|with_item)$/.test(syntax.typeName(node)) && parts.length === 2) {
      const value = this.value(parts[0]);
      return this.store(this.target(parts[1]), value);
    }
    return this.sequence(parts, mode, node);
  }

  protected sequence(parts: number[], mode: number, parent = -1): Sources {
    let result: Sources = [];
    parts.forEach((part, i) => {
      const last = i === parts.length - 1;
      let how = last || (mode === VALUE && parent >= 0 && this.isList(parent)) ? mode : STATEMENT;
      if (last && mode !== STATEMENT && this.isClosed(part)) {
        how = STATEMENT;
      }
      result = this.visit(part, how);
    });
    return result;
  }

  private isList(node: number): boolean {
    return (
      this.syntax.role(node) === ROLE.pass && !/block|body|then/.test(this.syntax.typeName(node))
    );
  }

  /** Rust: a semicolon takes the value away. */
  private isClosed(node: number): boolean {
    const { syntax } = this;
    return (
      syntax.grammar.language === 'rust' &&
      syntax.typeName(node) === 'expression_statement' &&
      syntax.text(node).endsWith(';')
    );
  }

  /** Runs a part of the program under a control node; definitions and control are as before afterwards. */
  private side(control: { node: number; kind: number }, run: () => Sources): Side {
    const before = { definitions: this.definitions, control: this.control, dead: this.dead };
    this.definitions = before.definitions.copy();
    this.control = control;
    this.dead = false;
    const value = run();
    const side = { definitions: this.definitions, control: this.control, dead: this.dead, value };
    Object.assign(this, before);
    return side;
  }

  private join(sides: Side[]): void {
    const live = sides.filter((side) => !side.dead);
    const [first, ...others] = live.length > 0 ? live : sides;
    this.definitions = first.definitions;
    others.forEach((side) => this.definitions.merge(side.definitions));
    this.dead = live.length === 0;
  }

  private if(node: number, mode: number, negate: boolean, more: number[]): Sources {
    const { syntax, graph } = this;
    const initializer = syntax.field(node, 'initializer');
    if (initializer >= 0) {
      this.visit(initializer, STATEMENT);
    }
    const { conditions, then, otherwise } = this.ifParts(node);
    conditions.slice(0, -1).forEach((each) => this.visit(each, STATEMENT));
    const condition = this.condition(conditions[conditions.length - 1] ?? -1);
    const negated = condition.negated !== negate;
    const branch = this.hold(graph.node(CATEGORY.branch, ''));
    graph.data(condition.sources, branch, 0);
    const [yes, no] = negated
      ? [EDGE.controlFalse, EDGE.controlTrue]
      : [EDGE.controlTrue, EDGE.controlFalse];
    const rest = [...otherwise, ...more];
    const first = this.side({ node: branch, kind: yes }, () => this.sequence(then, mode));
    const second = this.side({ node: branch, kind: no }, () => this.alternatives(rest, mode));
    this.join([first, second]);
    if (first.dead !== second.dead) {
      this.control = first.dead ? second.control : first.control;
    }
    if (mode !== VALUE) {
      return [];
    }
    graph.data(first.value, branch, negated ? 2 : 1);
    graph.data(second.value, branch, negated ? 1 : 2);
    return [branch];
  }

  private alternatives(nodes: number[], mode: number): Sources {
    const [first, ...rest] = nodes;
    if (first === undefined) {
      return [];
    }
    if (this.syntax.role(first) === ROLE.if && rest.length > 0) {
      return this.if(first, mode, false, rest);
    }
    return this.sequence(nodes, mode);
  }

  private ifParts(node: number): { conditions: number[]; then: number[]; otherwise: number[] } {
    const { syntax } = this;
    const parts = syntax.parts(node);
    if (
      syntax.grammar.language === 'python' &&
      syntax.typeName(node) === 'conditional_expression'
    ) {
      return { conditions: [parts[1]], then: [parts[0]], otherwise: [parts[2]] };
    }
    let conditions = syntax.fields(node, 'condition').filter((each) => syntax.isNamed(each));
    const then: number[] = [];
    const otherwise: number[] = [];
    let seenElse = false;
    for (const child of syntax.all(node)) {
      seenElse ||= !syntax.isNamed(child) && syntax.text(child) === 'else';
      if (
        !parts.includes(child) ||
        conditions.includes(child) ||
        syntax.isField(child, 'initializer')
      ) {
        continue;
      }
      const elseLike =
        syntax.role(child) === ROLE.else || /^(?:elif|elsif|else)/.test(syntax.typeName(child));
      if (conditions.length === 0 && then.length === 0) {
        conditions = [child];
      } else if (seenElse || elseLike || syntax.isField(child, 'alternative')) {
        otherwise.push(child);
      } else {
        then.push(child);
      }
    }
    return { conditions, then, otherwise };
  }

  private while(node: number, negate: boolean): Sources {
    const { syntax } = this;
    const conditionAt = syntax.field(node, 'condition');
    const parts = syntax.parts(node).filter((part) => part !== conditionAt);
    const bare = conditionAt < 0 && syntax.role(node) !== ROLE.loop;
    const body = bare ? parts.slice(1) : parts;
    this.loopOver(
      () => this.testedLoop(bare ? parts[0] : conditionAt, negate),
      () => this.sequence(body, STATEMENT),
      [],
    );
    return [];
  }

  private testedLoop(condition: number, negate: boolean): { node: number; kind: number } {
    const test =
      condition < 0 ? { sources: this.literal('true'), negated: false } : this.condition(condition);
    const loop = this.hold(this.graph.node(CATEGORY.loop, ''));
    this.graph.data(test.sources, loop, 0);
    return { node: loop, kind: test.negated !== negate ? EDGE.controlFalse : EDGE.controlTrue };
  }

  /** The head runs before every round, then the body, then the step. */
  private loopOver(
    head: () => { node: number; kind: number },
    body: () => unknown,
    step: number[],
  ): void {
    const joins = this.definitions.openLoop(this.graph);
    const control = head();
    this.exits.push({ broken: [], continued: [] });
    const round = this.side(control, () => {
      body();
      const { continued } = this.exits[this.exits.length - 1];
      continued.forEach((each) => this.definitions.merge(each));
      this.dead = false;
      this.control = control;
      return this.sequence(step, STATEMENT);
    });
    round.definitions.closeLoop(this.graph, joins);
    const { broken } = this.exits.pop() ?? { broken: [] };
    this.definitions.merge(round.definitions);
    broken.forEach((each) => this.definitions.merge(each));
  }

  private doWhile(node: number, negate: boolean): Sources {
    const { syntax, graph } = this;
    const conditionAt = syntax.field(node, 'condition');
    const parts = syntax.parts(node);
    const test = conditionAt >= 0 ? conditionAt : parts[parts.length - 1];
    const body = parts.filter((part) => part !== test);
    const joins = this.definitions.openLoop(graph);
    const loop = this.hold(graph.node(CATEGORY.loop, 'do'));
    this.exits.push({ broken: [], continued: [] });
    const before = this.control;
    this.control = { node: loop, kind: EDGE.controlTrue };
    this.sequence(body, STATEMENT);
    const { broken, continued } = this.exits.pop() ?? { broken: [], continued: [] };
    continued.forEach((each) => this.definitions.merge(each));
    const condition = this.condition(test);
    graph.data(condition.sources, loop, condition.negated !== negate ? 1 : 0);
    this.control = before;
    this.dead = false;
    this.definitions.closeLoop(graph, joins);
    broken.forEach((each) => this.definitions.merge(each));
    return [];
  }

  private for(node: number): Sources {
    const { syntax } = this;
    const clause = syntax.all(node).find((child) => /_clause$/.test(syntax.typeName(child))) ?? -1;
    if (clause >= 0 && syntax.typeName(clause) !== 'for_clause') {
      return this.eachClause(node, clause);
    }
    const head = clause >= 0 ? clause : node;
    const initializer = syntax.field(head, 'initializer', 'init', 'initialize');
    const step = syntax.field(head, 'update', 'increment');
    let condition = syntax.field(head, 'condition');
    const bodyAt = syntax.field(node, 'body');
    const loose = syntax
      .parts(node)
      .filter((part) => ![clause, initializer, step, condition, bodyAt].includes(part));
    if (clause < 0 && condition < 0 && syntax.grammar.language === 'go') {
      condition = loose.shift() ?? -1;
    }
    if (initializer >= 0) {
      this.visit(initializer, STATEMENT);
    }
    const test =
      condition >= 0 && syntax.parts(condition).length === 0 && syntax.role(condition) === ROLE.skip
        ? -1
        : condition;
    this.loopOver(
      () => this.testedLoop(test, false),
      () => this.sequence(bodyAt >= 0 ? [bodyAt] : loose, STATEMENT),
      step >= 0 ? [step] : [],
    );
    return [];
  }

  /** Go's `for range` and Lua's two: the head is a clause of its own. */
  private eachClause(node: number, clause: number): Sources {
    const { syntax } = this;
    const parts = syntax.parts(clause);
    const left = syntax.field(clause, 'left', 'name');
    const pattern = left >= 0 ? left : parts.length > 1 ? parts[0] : -1;
    const values = parts.filter((part) => part !== pattern);
    const detail = syntax.typeName(clause) === 'for_numeric_clause' ? 'count' : 'each';
    const body = syntax.parts(node).filter((part) => part !== clause);
    this.each(detail, pattern, values, () => this.sequence(body, STATEMENT));
    return [];
  }

  private each(detail: string, pattern: number, values: number[], body: () => unknown): number {
    const sources = values.map((value) => this.value(value));
    const loop = this.hold(this.graph.node(CATEGORY.loop, detail));
    sources.forEach((each, place) => this.graph.data(each, loop, place + 1));
    this.loopOver(
      () => {
        if (pattern >= 0) {
          this.bind(pattern, [loop]);
        }
        return { node: loop, kind: EDGE.controlTrue };
      },
      body,
      [],
    );
    return loop;
  }

  private forEach(node: number, mode: number): Sources {
    const { syntax } = this;
    const enumerators = syntax.field(node, 'enumerators');
    const parts = syntax.parts(node);
    const bodyAt =
      syntax.field(node, 'body') >= 0 ? syntax.field(node, 'body') : parts[parts.length - 1];
    if (enumerators >= 0) {
      const yields = syntax.all(node).some((part) => syntax.text(part) === 'yield');
      return yields
        ? this.nested(syntax.parts(enumerators), bodyAt, mode)
        : this.rounds(syntax.parts(enumerators), bodyAt);
    }
    let pattern = syntax.field(node, 'left', 'pattern', 'name', 'variable', 'declarator');
    let value = syntax.field(node, 'right', 'value', 'collection', 'iterable');
    const loose = parts.filter((part) => ![pattern, value, bodyAt].includes(part));
    if (syntax.grammar.language === 'php') {
      [value, pattern] = [loose[0] ?? -1, loose[1] ?? -1];
    } else {
      pattern = pattern >= 0 ? pattern : (loose.shift() ?? -1);
      value = value >= 0 ? value : (loose.shift() ?? -1);
    }
    const values = [...syntax.fields(node, 'value').filter((each) => each !== value), value].filter(
      (each) => each >= 0,
    );
    const otherwise = syntax.field(node, 'alternative');
    this.each(
      'each',
      pattern,
      values.sort((a, b) => a - b),
      () => this.visit(bodyAt, STATEMENT),
    );
    if (otherwise >= 0) {
      this.visit(otherwise, STATEMENT);
    }
    return [];
  }

  /** Scala's `for` without `yield`: loops and conditions one inside the other. */
  private rounds(clauses: number[], body: number): Sources {
    const { syntax, graph } = this;
    const [first, ...rest] = clauses;
    if (first === undefined) {
      return this.visit(body, STATEMENT);
    }
    const parts = syntax.parts(first);
    if (syntax.role(first) === ROLE.compIf) {
      const condition = this.condition(parts[0] ?? -1);
      const branch = this.hold(graph.node(CATEGORY.branch, ''));
      graph.data(condition.sources, branch, 0);
      const kind = condition.negated ? EDGE.controlFalse : EDGE.controlTrue;
      const side = this.side({ node: branch, kind }, () => this.rounds(rest, body));
      this.definitions.merge(side.definitions);
    } else {
      this.each('each', parts[0] ?? -1, parts.slice(1), () => this.rounds(rest, body));
    }
    return [];
  }

  private comprehension(node: number): Sources {
    const { syntax } = this;
    const parts = syntax.parts(node);
    const clauses = parts.filter((part) => this.isClause(part));
    const bodyAt = parts.find((part) => !clauses.includes(part)) ?? -1;
    return this.nested(clauses, bodyAt, VALUE);
  }

  private isClause(node: number): boolean {
    const role = this.syntax.role(node);
    return role === ROLE.compFor || role === ROLE.compIf;
  }

  /** Loops and conditions one inside the other around one value, as comprehensions have them. */
  private nested(clauses: number[], body: number, mode: number): Sources {
    const { syntax, graph } = this;
    const before = { definitions: this.definitions, control: this.control };
    this.definitions = before.definitions.copy();
    const result = graph.node(CATEGORY.collection, 'each');
    for (const clause of clauses) {
      const parts = syntax.parts(clause);
      if (syntax.role(clause) === ROLE.compIf) {
        const condition = this.condition(parts[0] ?? -1);
        const branch = this.hold(graph.node(CATEGORY.branch, ''));
        graph.data(condition.sources, branch, 0);
        this.control = {
          node: branch,
          kind: condition.negated ? EDGE.controlFalse : EDGE.controlTrue,
        };
        continue;
      }
      const left = syntax.field(clause, 'left', 'pattern');
      const right = syntax.field(clause, 'right', 'body', 'value');
      const pattern = left >= 0 ? left : parts[0];
      const value = right >= 0 ? right : parts[parts.length - 1];
      const loop = graph.node(CATEGORY.loop, 'each');
      graph.data(this.value(value), loop, 1);
      this.hold(loop);
      this.bind(pattern, [loop]);
      this.control = { node: loop, kind: EDGE.controlTrue };
    }
    if (body >= 0) {
      graph.data(this.visit(body, mode === TAIL ? VALUE : mode), result, 0);
    }
    this.hold(result);
    Object.assign(this, before);
    return this.finish([result], mode === STATEMENT ? VALUE : mode);
  }

  private switch(node: number, mode: number): Sources {
    const { syntax, graph } = this;
    const subject = syntax.field(node, 'value', 'subject', 'condition', 'expression', 'tag');
    const parts = syntax.parts(node).filter((part) => part !== subject);
    const subjectAt =
      subject >= 0 || syntax.role(parts[0] ?? node) === ROLE.case
        ? subject
        : this.looseSubject(parts);
    const switchNode = this.hold(graph.node(CATEGORY.branch, 'switch'));
    graph.data(this.value(subjectAt), switchNode, 0);
    this.exits.push({ broken: [], continued: [] });
    const cases = parts.flatMap((part) => (part === subjectAt ? [] : this.casesIn(part)));
    let hasDefault = false;
    const sides = cases.map((each) =>
      this.side({ node: switchNode, kind: EDGE.controlTrue }, () => {
        const { value, isDefault } = this.case(each, mode);
        hasDefault ||= isDefault;
        return value;
      }),
    );
    const { broken, continued } = this.exits.pop() ?? { broken: [], continued: [] };
    this.exits[this.exits.length - 1]?.continued.push(...continued);
    if (!hasDefault || sides.length === 0) {
      sides.push({
        definitions: this.definitions,
        control: this.control,
        dead: this.dead,
        value: [],
      });
    }
    this.join(sides);
    broken.forEach((each) => this.definitions.merge(each));
    this.dead = this.dead && broken.length === 0;
    if (mode !== VALUE) {
      return [];
    }
    sides.forEach((side) => graph.data(side.value, switchNode, 1));
    return [switchNode];
  }

  private looseSubject(parts: number[]): number {
    const [first] = parts;
    return first !== undefined && this.casesIn(first).length === 0 ? first : -1;
  }

  private casesIn(node: number): number[] {
    const role = this.syntax.role(node);
    if (role === ROLE.case || role === ROLE.else) {
      return [node];
    }
    return role === ROLE.pass || role === ROLE.generic
      ? this.syntax.parts(node).flatMap((part) => this.casesIn(part))
      : [];
  }

  private case(node: number, mode: number): { value: Sources; isDefault: boolean } {
    const { syntax, graph } = this;
    const parts = syntax.parts(node);
    const patterns = parts.filter(
      (part, i) =>
        syntax.isField(
          part,
          'pattern',
          'label',
          'condition',
          'conditions',
          'conditional_expressions',
          'guard',
        ) ||
        (syntax.isField(part, 'value') && !/^(?:match_arm)$/.test(syntax.typeName(node))) ||
        (i === 0 && parts.length > 1 && /pattern|label|condition/.test(syntax.typeName(part))),
    );
    const isDefault = patterns.length === 0;
    const result = this.hold(graph.node(CATEGORY.branch, isDefault ? 'default' : 'case'));
    for (const pattern of patterns) {
      if (PATTERN_LANGUAGES.has(syntax.grammar.language)) {
        this.matchPattern(pattern, result);
      } else {
        graph.data(this.value(pattern), result, 0);
      }
    }
    this.control = { node: result, kind: EDGE.controlTrue };
    const body = parts.filter((part) => !patterns.includes(part));
    return { value: this.sequence(body, mode), isDefault };
  }

  /** Names in a pattern are given their value by it; the rest is tested against. */
  private matchPattern(node: number, owner: number): void {
    const { syntax, graph } = this;
    const role = syntax.role(node);
    const parts = syntax.parts(node);
    if (role === ROLE.name && /^[a-z_]\w*$/.test(syntax.text(node))) {
      this.definitions.define(syntax.text(node), [owner]);
    } else if (role === ROLE.guard || syntax.isField(node, 'guard', 'condition')) {
      graph.data(this.value(node), owner, 1);
    } else if (
      parts.length === 0 ||
      role === ROLE.path ||
      role === ROLE.member ||
      role === ROLE.binary
    ) {
      graph.data(this.value(node), owner, 0);
    } else {
      parts.forEach((part) => this.matchPattern(part, owner));
    }
  }

  private try(node: number, mode: number): Sources {
    const { syntax, graph } = this;
    const parts = syntax.parts(node);
    const isHandler = (part: number) =>
      syntax.role(part) === ROLE.catch || syntax.role(part) === ROLE.finally;
    if (!parts.some(isHandler)) {
      return this.sequence(parts, mode);
    }
    const tryNode = this.hold(graph.node(CATEGORY.try, ''));
    const before = this.definitions.copy();
    const body = parts.filter((part) => !isHandler(part));
    const main = this.side({ node: tryNode, kind: EDGE.controlTrue }, () =>
      this.sequence(body, mode),
    );
    const reaching = before;
    reaching.merge(main.definitions);
    this.definitions = reaching;
    const sides = [main];
    for (const handler of parts.filter((part) => syntax.role(part) === ROLE.catch)) {
      sides.push(
        this.side({ node: tryNode, kind: EDGE.controlCatch }, () => this.handler(handler, mode)),
      );
    }
    this.join(sides);
    for (const last of parts.filter((part) => syntax.role(part) === ROLE.finally)) {
      const { dead } = this;
      const side = this.side({ node: tryNode, kind: EDGE.controlFinally }, () =>
        this.sequence(syntax.parts(last), STATEMENT),
      );
      this.definitions = side.definitions;
      this.dead = dead || side.dead;
    }
    if (mode === VALUE) {
      sides.forEach((side, place) => graph.data(side.value, tryNode, place === 0 ? 1 : 2));
      return [tryNode];
    }
    return [];
  }

  private handler(node: number, mode: number): Sources {
    const { syntax, graph } = this;
    const parts = syntax.parts(node);
    const bodyAt = syntax.field(node, 'body');
    const body = bodyAt >= 0 ? bodyAt : parts[parts.length - 1];
    const catches = parts.filter((part) => part !== body);
    const types = syntax
      .all(node)
      .filter((part) => part !== body && syntax.isNamed(part))
      .flatMap((part) => syntax.text(part).match(/\b[A-Z]\w*/g) ?? []);
    const result = this.hold(graph.node(CATEGORY.try, `catch ${types.join(' ')}`));
    for (const part of catches) {
      for (let at = part; at < syntax.tree.next[part]; at++) {
        if (syntax.role(at) === ROLE.name && !/^[A-Z]/.test(syntax.text(at))) {
          this.definitions.define(syntax.text(at), [result]);
        }
      }
    }
    this.control = { node: result, kind: EDGE.controlTrue };
    return body === undefined ? [] : this.visit(body, mode);
  }

  private exit(detail: string, parts: number[]): Sources {
    const values = parts.map((part) => this.value(part));
    return [this.giveBack(detail, values)];
  }

  private jump(node: number): Sources {
    const { syntax } = this;
    const word = /^\w+/.exec(syntax.text(node))?.[0] ?? '';
    const kind = word === 'next' ? 'continue' : word;
    const values = syntax
      .parts(node)
      .filter((part) => syntax.role(part) !== ROLE.name)
      .map((part) => this.value(part));
    const exits = this.exits[this.exits.length - 1];
    (kind === 'continue' ? exits?.continued : exits?.broken)?.push(this.definitions.copy());
    return [this.giveBack(kind, values)];
  }
}

interface Side {
  definitions: Definitions;
  control: { node: number; kind: number };
  dead: boolean;
  value: Sources;
}
