import type { LanguageId } from '../languages/types.js';
import { type Sources, STATEMENT, TAIL, VALUE } from './variables.js';
import { BranchReader } from './branches.js';
import { CATEGORY, EDGE } from './programGraph.js';
import { ROLE } from './roles.js';

/** The head of a loop as a node of its own. */
const CLAUSE = /_clause$/;
/** Where the condition after a loop's body sees the body's variables. */
const SEES_BODY = new Set<LanguageId>(['lua', 'kotlin']);
const BODY = /^block$/;

/** Loops and comprehensions, with the definitions that one round leaves to the next. */
export abstract class LoopReader extends BranchReader {
  protected abstract finish(sources: Sources, mode: number): Sources;

  protected while(node: number, negate: boolean): Sources {
    const { syntax } = this;
    this.findLabel(node);
    const conditionAt = syntax.field(node, 'condition');
    const otherwise = syntax.field(node, 'alternative');
    const parts = syntax.parts(node).filter((part) => part !== conditionAt && part !== otherwise);
    const bare = conditionAt < 0 && syntax.role(node) !== ROLE.loop;
    const body = bare ? parts.slice(1) : parts;
    this.loopOver(
      () => this.testedLoop(bare ? parts[0] : conditionAt, negate),
      () => this.sequence(body, STATEMENT),
      [],
      otherwise,
    );
    return [];
  }

  protected testedLoop(condition: number, negate: boolean): { node: number; kind: number } {
    const test =
      condition < 0 ? { sources: this.literal('true'), negated: false } : this.condition(condition);
    const loop = this.hold(this.graph.node(CATEGORY.loop, ''));
    this.graph.data(test.sources, loop, 0);
    return { node: loop, kind: test.negated !== negate ? EDGE.controlFalse : EDGE.controlTrue };
  }

  /** The head runs before every round, then the body, then the step; what is there otherwise, where nothing broke off. */
  protected loopOver(
    head: () => { node: number; kind: number },
    body: () => unknown,
    step: number[],
    otherwise = -1,
  ): void {
    const label = this.takeLabel();
    const joins = this.definitions.openLoop(this.graph);
    const control = head();
    this.exits.push({ broken: [], continued: [], label });
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
    if (otherwise >= 0 && broken.length === 0) {
      this.visit(otherwise, STATEMENT);
    } else if (otherwise >= 0) {
      const kind = EDGE.controlTrue + EDGE.controlFalse - control.kind;
      const side = this.side({ node: control.node, kind }, () => this.visit(otherwise, STATEMENT));
      this.definitions = side.definitions;
    }
    broken.forEach((each) => this.definitions.merge(each));
  }

  protected doWhile(node: number, negate: boolean): Sources {
    const { syntax, graph } = this;
    const conditionAt = syntax.field(node, 'condition');
    const parts = syntax.parts(node);
    const test = conditionAt >= 0 ? conditionAt : parts[parts.length - 1];
    const sees = SEES_BODY.has(syntax.grammar.language);
    const body = parts
      .filter((part) => part !== test)
      .flatMap((part) => (sees && syntax.isLike(part, BODY) ? syntax.parts(part) : [part]));
    const label = this.takeLabel();
    const joins = this.definitions.openLoop(graph);
    const loop = this.hold(graph.node(CATEGORY.loop, 'do'));
    this.exits.push({ broken: [], continued: [], label });
    const before = this.control;
    this.control = { node: loop, kind: EDGE.controlTrue };
    syntax.names.openBlock();
    this.sequence(body, STATEMENT);
    const { broken, continued } = this.exits.pop() ?? { broken: [], continued: [] };
    continued.forEach((each) => this.definitions.merge(each));
    const condition = this.condition(test);
    graph.data(condition.sources, loop, condition.negated !== negate ? 1 : 0);
    this.control = before;
    this.dead = false;
    this.definitions.closeLoop(graph, joins);
    broken.forEach((each) => this.definitions.merge(each));
    this.closeBlock();
    return [];
  }

  protected for(node: number): Sources {
    const { syntax } = this;
    const clause = syntax.childLike(node, CLAUSE);
    if (clause >= 0 && syntax.typeName(clause) !== 'for_clause') {
      return this.eachClause(node, clause);
    }
    const head = clause >= 0 ? clause : node;
    const initializer = syntax.field(head, 'initializer init initialize');
    const step = syntax.field(head, 'update increment');
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
  protected eachClause(node: number, clause: number): Sources {
    const { syntax } = this;
    const parts = syntax.parts(clause);
    const left = syntax.field(clause, 'left name');
    const pattern = left >= 0 ? left : parts.length > 1 ? parts[0] : -1;
    const values = parts.filter((part) => part !== pattern);
    const detail = syntax.typeName(clause) === 'for_numeric_clause' ? 'count' : 'each';
    const body = syntax.parts(node).filter((part) => part !== clause);
    const declares = syntax.grammar.language !== 'go' || syntax.operator(clause) === ':=';
    this.each(detail, pattern, values, () => this.sequence(body, STATEMENT), { declares });
    return [];
  }

  protected each(
    detail: string,
    pattern: number,
    values: number[],
    body: () => unknown,
    { declares = this.blocks, otherwise = -1 } = {},
  ): number {
    const sources = values.map((value) => this.value(value));
    if (values.some((value) => this.isSameName(pattern, value))) {
      this.hidden.add(this.syntax.name(this.syntax.inner(pattern)));
    }
    const loop = this.hold(this.graph.node(CATEGORY.loop, detail));
    sources.forEach((each, place) => this.graph.data(each, loop, place + 1));
    this.loopOver(
      () => {
        if (pattern >= 0) {
          this.bind(pattern, [loop], declares);
        }
        return { node: loop, kind: EDGE.controlTrue };
      },
      body,
      [],
      otherwise,
    );
    return loop;
  }

  private isSameName(pattern: number, value: number): boolean {
    const { syntax } = this;
    const [left, right] = [pattern, value].map((node) => (node < 0 ? -1 : syntax.inner(node)));
    const names = [left, right].every((node) => node >= 0 && syntax.role(node) === ROLE.name);
    return names && syntax.name(left) === syntax.name(right);
  }

  protected forEach(node: number, mode: number): Sources {
    const { syntax } = this;
    this.findLabel(node);
    const enumerators = syntax.field(node, 'enumerators');
    const parts = syntax.parts(node);
    const bodyAt =
      syntax.field(node, 'body') >= 0 ? syntax.field(node, 'body') : parts[parts.length - 1];
    if (enumerators >= 0) {
      const yields = syntax.all(node).some((part) => syntax.text(part) === 'yield');
      return yields
        ? this.nested(syntax.parts(enumerators), [bodyAt], mode)
        : this.rounds(syntax.parts(enumerators), bodyAt);
    }
    let pattern = syntax.field(node, 'left pattern name variable declarator');
    let value = syntax.field(node, 'right value collection iterable');
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
    const declares = this.hoists ? /^(?:let|const)$/.test(this.loopWord(node)) : this.blocks;
    this.each(
      this.eachDetail(node),
      pattern,
      values.sort((a, b) => a - b),
      () => this.visit(bodyAt, STATEMENT),
      { declares, otherwise },
    );
    return [];
  }

  /** JavaScript's `for (k in o)` goes through the keys; some loops wait for each value. */
  private eachDetail(node: number): string {
    const { syntax } = this;
    const words = syntax.all(node).filter((part) => !syntax.isNamed(part));
    const waits = words.some((word) => /^(?:await|async)$/.test(syntax.text(word)));
    const keys = this.hoists && syntax.operator(node) === 'in';
    return `each${keys ? ' key' : ''}${waits ? ' await' : ''}`;
  }

  /** Scala's `for` without `yield`: loops and conditions one inside the other. */
  protected rounds(clauses: number[], body: number): Sources {
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

  protected comprehension(node: number): Sources {
    const { syntax } = this;
    const parts = syntax.parts(node);
    const clauses = parts.filter((part) => this.isClause(part));
    const made = parts.filter((part) => !clauses.includes(part));
    return this.nested(clauses, made, VALUE, syntax.text(node).charAt(0));
  }

  protected isClause(node: number): boolean {
    const role = this.syntax.role(node);
    return role === ROLE.compFor || role === ROLE.compIf;
  }

  /** Loops and conditions one inside the other around one value, as comprehensions have them. */
  protected nested(clauses: number[], made: number[], mode: number, bracket = ''): Sources {
    const { syntax, graph } = this;
    const before = { definitions: this.definitions, control: this.control };
    syntax.names.openBlock();
    this.definitions = before.definitions.copy();
    const result = graph.node(CATEGORY.collection, `each ${bracket}`);
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
      const left = syntax.field(clause, 'left pattern');
      const right = syntax.field(clause, 'right body value');
      const pattern = left >= 0 ? left : parts[0];
      const value = right >= 0 ? right : parts[parts.length - 1];
      const loop = graph.node(CATEGORY.loop, 'each');
      graph.data(this.value(value), loop, 1);
      this.hold(loop);
      this.bind(pattern, [loop], true);
      this.control = { node: loop, kind: EDGE.controlTrue };
    }
    made.forEach((part, place) => {
      graph.data(this.visit(part, mode === TAIL ? VALUE : mode), result, place);
    });
    this.hold(result);
    this.closeBlock();
    this.definitions = before.definitions;
    this.control = before.control;
    return this.finish([result], mode === STATEMENT ? VALUE : mode);
  }
}
