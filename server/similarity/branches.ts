import { type Sources, STATEMENT, VALUE } from './variables.js';
import type { LanguageId } from '../languages/types.js';
import type { Definitions } from './definitions.js';
import { PatternReader } from './patterns.js';
import { CATEGORY, EDGE } from './programGraph.js';
import { ROLE } from './roles.js';

/** Where jumps out of a loop or switch take their definitions. */
interface Exits {
  broken: Definitions[];
  continued: Definitions[];
  /** Empty: none. */
  label: string;
}

const PATTERN_LANGUAGES = new Set(['rust', 'scala', 'python', 'csharp', 'java']);
/** Where the head of an `if` may declare what only the `if` sees. */
const HEADS = new Set<LanguageId>(['go', 'cpp', 'rust']);
/** Where each case is a block of its own; elsewhere all cases of a switch are one. */
const CASE_BLOCKS = new Set<LanguageId>(['go', 'rust', 'kotlin', 'scala']);
/** The place of what a case gives as a value, after its patterns. */
const CASE_VALUE = 2;
const COMPILED = /^preproc_/;

/** The types in a handler's head, where they need not begin with a capital. */
const CAUGHT: Partial<Record<LanguageId, RegExp>> = {
  python: /[A-Za-z_][\w.]*/g,
  cpp: /\b(?!const\b)[A-Za-z_][\w:]*/g,
};

const ELSE = /^(?:elif|elsif|else)/;
const PATTERN = /pattern|label|condition/;
const LABEL = /^label$/;

interface Side {
  definitions: Definitions;
  control: { node: number; kind: number };
  dead: boolean;
  value: Sources;
}

/**
 * Branches, cases and handlers. What follows `if (c) return` depends on c being false, just as the `else` of that
 * `if` would: control dependence takes in early exits.
 */
export abstract class BranchReader extends PatternReader {
  /** No way leads here: the branch ended in a return, throw or jump. */
  protected dead = false;

  protected exits: Exits[] = [];
  /** Of the loop or switch that comes next. */
  protected label = '';

  /** What a block declared ends with it, on every way that leads out of it. */
  protected closeBlock(...ways: Definitions[]): void {
    const ended = this.syntax.names.closeBlock();
    if (ended.length > 0) {
      const left = this.exits.flatMap(({ broken, continued }) => [...broken, ...continued]);
      [this.definitions, ...ways, ...left].forEach((each) => each.forget(ended));
    }
  }

  protected takeLabel(): string {
    const { label } = this;
    this.label = '';
    return label;
  }

  /** Rust's labels stand in their loops. */
  protected findLabel(node: number): void {
    const label = this.syntax.childLike(node, LABEL);
    if (label >= 0) {
      this.label = this.syntax.text(label);
    }
  }

  protected abstract sequence(parts: number[], mode: number, parent?: number): Sources;

  /** Runs a part of the program under a control node; definitions and control are as before afterwards. */
  protected side(control: { node: number; kind: number }, run: () => Sources): Side {
    const before = { definitions: this.definitions, control: this.control, dead: this.dead };
    this.definitions = before.definitions.copy();
    this.control = control;
    this.dead = false;
    const value = run();
    const side = { definitions: this.definitions, control: this.control, dead: this.dead, value };
    this.definitions = before.definitions;
    this.control = before.control;
    this.dead = before.dead;
    return side;
  }

  protected join(sides: Side[]): void {
    const live = sides.filter((side) => !side.dead);
    const [first, ...others] = live.length > 0 ? live : sides;
    this.definitions = first.definitions;
    others.forEach((side) => this.definitions.merge(side.definitions));
    this.dead = live.length === 0;
  }

  protected if(node: number, mode: number, negate: boolean, more: number[]): Sources {
    const { syntax, graph } = this;
    const { names } = syntax;
    const initializer = syntax.field(node, 'initializer');
    const { language } = syntax.grammar;
    const scoped = HEADS.has(language) && !syntax.isLike(node, COMPILED);
    if (scoped) {
      names.openBlock();
    }
    if (initializer >= 0) {
      this.visit(initializer, STATEMENT);
    }
    const { conditions, then, otherwise } = this.ifParts(node);
    conditions.slice(0, -1).forEach((each) => this.visit(each, STATEMENT));
    const condition = this.condition(conditions[conditions.length - 1] ?? -1);
    const negated = condition.negated !== (negate || /^#.*ndef$/.test(syntax.firstWord(node)));
    const branch = this.hold(graph.node(CATEGORY.branch, ''));
    graph.data(condition.sources, branch, 0);
    const [yes, no] = negated
      ? [EDGE.controlFalse, EDGE.controlTrue]
      : [EDGE.controlTrue, EDGE.controlFalse];
    const rest = [...otherwise, ...more];
    const first = this.side({ node: branch, kind: yes }, () => this.sequence(then, mode));
    if (language === 'rust') {
      // What `if let` names is no name for the other side.
      this.closeBlock(first.definitions);
    }
    const second = this.side({ node: branch, kind: no }, () => this.alternatives(rest, mode));
    this.join([first, second]);
    if (scoped && language !== 'rust') {
      this.closeBlock();
    }
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

  protected override declareOr(pattern: number, value: Sources, otherwise: number): Sources {
    const { graph } = this;
    const branch = this.hold(graph.node(CATEGORY.branch, 'let'));
    graph.data(value, branch, 0);
    const side = this.side({ node: branch, kind: EDGE.controlFalse }, () =>
      this.sequence([otherwise], STATEMENT),
    );
    if (side.dead) {
      this.control = { node: branch, kind: EDGE.controlTrue };
    } else {
      this.definitions.merge(side.definitions);
    }
    this.matchPattern(pattern, branch, value, 1);
    return [];
  }

  protected alternatives(nodes: number[], mode: number): Sources {
    const [first, ...rest] = nodes;
    if (first === undefined) {
      return [];
    }
    if (this.syntax.role(first) === ROLE.if && rest.length > 0) {
      return this.if(first, mode, false, rest);
    }
    return this.sequence(nodes, mode);
  }

  protected ifParts(node: number): { conditions: number[]; then: number[]; otherwise: number[] } {
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
      const elseLike = syntax.role(child) === ROLE.else || syntax.isLike(child, ELSE);
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

  protected switch(node: number, mode: number): Sources {
    const { syntax, graph } = this;
    const subject = syntax.field(node, 'value subject condition expression tag');
    const initializer = syntax.field(node, 'initializer');
    if (initializer >= 0) {
      this.visit(initializer, STATEMENT);
    }
    const parts = syntax.parts(node).filter((part) => part !== subject && part !== initializer);
    const subjectAt =
      subject >= 0 || syntax.role(parts[0] ?? node) === ROLE.case
        ? subject
        : this.looseSubject(parts);
    const switchNode = this.hold(graph.node(CATEGORY.branch, 'switch'));
    const value = this.value(subjectAt);
    graph.data(value, switchNode, 0);
    const alias = syntax.field(node, 'alias');
    if (alias >= 0) {
      this.bind(alias, value, true);
    }
    this.exits.push({ broken: [], continued: [], label: this.takeLabel() });
    const cases = parts.flatMap((part) => (part === subjectAt ? [] : this.casesIn(part)));
    const ownBlocks = CASE_BLOCKS.has(syntax.grammar.language);
    let hasDefault = false;
    const sides = cases.map((each) =>
      this.side({ node: switchNode, kind: EDGE.controlTrue }, () => {
        if (ownBlocks) {
          syntax.names.openBlock();
        }
        const { result, value, isDefault } = this.case(each, mode);
        if (ownBlocks) {
          this.closeBlock();
        }
        hasDefault ||= isDefault;
        graph.data(value, result, CASE_VALUE);
        return [result];
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

  protected looseSubject(parts: number[]): number {
    const [first] = parts;
    return first !== undefined && this.casesIn(first).length === 0 ? first : -1;
  }

  protected casesIn(node: number): number[] {
    const role = this.syntax.role(node);
    if (role === ROLE.case || role === ROLE.else) {
      return [node];
    }
    return role === ROLE.pass || role === ROLE.generic
      ? this.syntax.parts(node).flatMap((part) => this.casesIn(part))
      : [];
  }

  private case(node: number, mode: number): { result: number; value: Sources; isDefault: boolean } {
    const { syntax, graph } = this;
    const parts = syntax.parts(node);
    const patterns = parts.filter(
      (part, i) =>
        syntax.isField(part, 'pattern label condition conditions conditional_expressions guard') ||
        (syntax.isField(part, 'value') && syntax.typeName(node) !== 'match_arm') ||
        (i === 0 && parts.length > 1 && syntax.isLike(part, PATTERN)),
    );
    // Go's cases of types.
    const types = syntax.fields(node, 'type');
    const isDefault = patterns.length + types.length === 0;
    const result = this.hold(graph.node(CATEGORY.branch, isDefault ? 'default' : 'case'));
    for (const type of types) {
      graph.data([this.global(syntax.names.number(this.typeText(type)))], result, 0);
    }
    for (const pattern of patterns) {
      if (PATTERN_LANGUAGES.has(syntax.grammar.language)) {
        this.matchPattern(pattern, result);
      } else {
        graph.data(this.value(pattern), result, 0);
      }
    }
    this.control = { node: result, kind: EDGE.controlTrue };
    const body = parts.filter((part) => !patterns.includes(part));
    const value = this.sequence(body, mode);
    return { result, value: mode === VALUE ? value : [], isDefault };
  }

  protected try(node: number, mode: number): Sources {
    const { syntax, graph } = this;
    const parts = syntax.parts(node);
    const isHandler = (part: number) =>
      syntax.role(part) === ROLE.catch || syntax.role(part) === ROLE.finally;
    if (!parts.some(isHandler)) {
      return this.sequence(parts, mode);
    }
    const tryNode = this.hold(graph.node(CATEGORY.try, ''));
    const otherwise = parts.filter((part) => syntax.role(part) === ROLE.else);
    const body = parts.filter((part) => !isHandler(part) && !otherwise.includes(part));
    let thrown = this.definitions;
    const main = this.side({ node: tryNode, kind: EDGE.controlTrue }, () => {
      thrown = this.definitions.beginNoting();
      const value = this.sequence(body, mode);
      this.definitions.endNoting();
      if (otherwise.length > 0 && !this.dead) {
        // What it throws is not caught here.
        this.control = { node: tryNode, kind: EDGE.controlFalse };
        return this.sequence(otherwise, mode);
      }
      return value;
    });
    this.definitions = thrown;
    const sides = [main];
    for (const handler of parts.filter((part) => syntax.role(part) === ROLE.catch)) {
      sides.push(
        this.side({ node: tryNode, kind: EDGE.controlCatch }, () => this.handler(handler, mode)),
      );
    }
    this.join(sides);
    for (const last of parts.filter((part) => syntax.role(part) === ROLE.finally)) {
      const { dead, definitions } = this;
      this.definitions = definitions.copy();
      this.definitions.merge(thrown);
      const side = this.side({ node: tryNode, kind: EDGE.controlFinally }, () =>
        this.sequence(syntax.parts(last), STATEMENT),
      );
      // What follows is reached only where nothing was thrown.
      definitions.follow(this.definitions, side.definitions);
      this.definitions = definitions;
      this.dead = dead || side.dead;
    }
    if (mode === VALUE) {
      sides.forEach((side, place) => graph.data(side.value, tryNode, place === 0 ? 1 : 2));
      return [tryNode];
    }
    return [];
  }

  /** The names that a handler gives to what it caught: in most languages types begin with a capital. */
  private caughtAs(part: number): number[] {
    const { syntax } = this;
    const alias = syntax.field(part, 'alias');
    const { next } = syntax.tree;
    const found: number[] = [];
    const python = syntax.grammar.language === 'python';
    for (let at = alias >= 0 ? alias : part; at < next[part] && (alias >= 0 || !python); at++) {
      if (syntax.role(at) === ROLE.path) {
        at = next[at] - 1;
      } else if (syntax.role(at) === ROLE.name && !/^[A-Z]/.test(syntax.text(at))) {
        found.push(at);
      }
    }
    return found;
  }

  protected handler(node: number, mode: number): Sources {
    const { syntax, graph } = this;
    syntax.names.openBlock();
    const parts = syntax.parts(node);
    const bodyAt = syntax.field(node, 'body');
    const body = bodyAt >= 0 ? bodyAt : parts[parts.length - 1];
    const catches = parts.filter((part) => part !== body);
    const bound = catches.flatMap((part) => this.caughtAs(part));
    const types = syntax
      .all(node)
      .filter((part) => part !== body && syntax.isNamed(part))
      .flatMap(
        (part) => syntax.text(part).match(CAUGHT[syntax.grammar.language] ?? /\b[A-Z]\w*/g) ?? [],
      )
      .filter((type) => !bound.some((at) => syntax.text(at) === type));
    const root = (type: string) => syntax.names.number(type.replace(/\W.*/, ''));
    // The type may be a variable's.
    const [held, plain] = [true, false].map((has) =>
      types.filter((type) => this.definitions.has(root(type)) === has),
    );
    const result = this.hold(graph.node(CATEGORY.try, `catch ${plain.join(' ')}`));
    held.forEach((type) => graph.data(this.read(root(type)), result, 0));
    bound.forEach((at) => this.definitions.define(this.variable(at, this.blocks), [result]));
    this.control = { node: result, kind: EDGE.controlTrue };
    const value = body === undefined ? [] : this.visit(body, mode);
    this.closeBlock();
    return value;
  }
}
