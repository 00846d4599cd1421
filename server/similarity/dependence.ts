import { STATEMENT, type Sources, TAIL } from './variables.js';
import type { LanguageId } from '../languages/types.js';
import type { FlatTree } from './flatTree.js';
import { CATEGORY, EDGE, GraphBuilder, type ProgramGraph } from './programGraph.js';
import { ROLE } from './roles.js';
import { StatementReader } from './statements.js';
import { type GrammarRoles, Syntax } from './syntax.js';

/** The most parameters whose places are told apart. */
const LAST_PARAMETER = 31;
/** The value of the last statement is what the function gives back. */
const IMPLICIT_RETURN = new Set(['ruby', 'rust', 'scala']);
/** What may hold a function by a name; keyed and generic: as the member that a whole unit is. */
const BINDING = new Set<number>([ROLE.declare, ROLE.assign, ROLE.keyed, ROLE.generic]);
/** A function without a body is an empty one here, and no declaration of one. */
const EMPTY_BODIES = new Set(['ruby', 'lua']);
/** Ruby's lambdas and Kotlin's functions hold their body in no field. */
const BODY = /body|block|arrow_expression|statements/;
const BLOCK = /block|body|compound|statement/;
const SELF = /self/;
/** What a method calls its object, where no parameter does. */
const RECEIVER: Partial<Record<LanguageId, string>> = {
  typescript: 'this',
  tsx: 'this',
  javascript: 'this',
  java: 'this',
  csharp: 'this',
  cpp: 'this',
  kotlin: 'this',
  scala: 'this',
  php: '$this',
  ruby: 'self',
  lua: 'self',
};
/** Bodies of classes and objects, into which others reach by names. */
const MEMBERS =
  /class_body|^class_definition$|template_body|declaration_list|^object$|^object_literal$|enum_body/;
const USES = /^anonymous_function_use_clause$/;
const INITIALIZERS = /^(?:field_initializer_list|constructor_initializer)$/;
/** JavaScript: the parameter is a pattern itself. */
const TAKEN_APART = /^(?:object|array)_pattern$/;
/** A parameter that takes all arguments that are left, or a block. */
const MANY = /splat|variadic|spread|rest_|^block_parameter$/;
/** A parameter with something around its name. */
const DECORATED = /declarator|splat|optional|variadic/;

/**
 * Builds the program dependence graph of a unit (Xu et al., "CSSG", 2026; the graph of Ferrante, Ottenstein and
 * Warren, 1987): a root joined to each function's entry, nodes for statements, calls, operators, literals and
 * parameters, edges for data and control dependence and from calls to functions of the same unit.
 * @returns null where no function is defined
 */
export function buildProgramGraph(tree: FlatTree, grammar: GrammarRoles): ProgramGraph | null {
  graph.clear();
  const reader = new FunctionReader(new Syntax(tree, grammar), graph);
  return reader.readUnit() ? graph.build() : null;
}

const graph = new GraphBuilder();

/** The names that a unit reads or calls as they stand (no members). */
export interface UsedNames {
  used: ReadonlySet<string>;
  /** Those that it does not define itself. */
  free: ReadonlySet<string>;
  /** Those of what is gone through by a loop whose variable has the same name: `for (const x of x)`. */
  hidden: ReadonlySet<string>;
}

/** @returns null where no function is defined */
export function usedNames(tree: FlatTree, grammar: GrammarRoles): UsedNames | null {
  graph.clear();
  const reader = new FunctionReader(new Syntax(tree, grammar), graph);
  return reader.readUnit() ? reader.usedNames() : null;
}

class FunctionReader extends StatementReader {
  private readonly entryOf = new Map<number, number>();
  private depth = 0;

  readUnit(): boolean {
    this.graph.node(CATEGORY.root, '');
    this.graph.held[0] = 1;
    this.findFunctions();
    if (this.entryOf.size === 0) {
      this.findLambdas();
    }
    if (this.entryOf.size === 0) {
      return false;
    }
    this.visit(0, STATEMENT);
    this.nameForeignWrites();
    return true;
  }

  usedNames(): UsedNames {
    const { names } = this.syntax;
    const texts = (numbers: Set<number>) =>
      new Set(Array.from(numbers, (each) => names.text(each)));
    return { used: texts(this.used), free: texts(this.free), hidden: texts(this.hidden) };
  }

  /** Entries first, so that calls find them wherever they stand. */
  private findFunctions(): void {
    const { syntax } = this;
    const ruby = syntax.grammar.language === 'ruby';
    /** What is open here: until where, and whether its functions are called from elsewhere by their names. */
    const around: { until: number; named: boolean }[] = [];
    for (let node = 0; node < syntax.tree.count; node++) {
      const role = syntax.role(node);
      while (around.length > 0 && around[around.length - 1].until <= node) {
        around.pop();
      }
      const open = around.length;
      const named = ruby ? open > 0 : open > 1 && around[open - 1].named;
      const bound = role === ROLE.declare || role === ROLE.assign ? this.boundLambda(node) : -1;
      const isFunction = role === ROLE.function || role === ROLE.lambda;
      if (isFunction || bound >= 0 || (open > 0 && syntax.isLike(node, MEMBERS))) {
        around.push({ until: syntax.tree.next[node], named: !isFunction && bound < 0 });
      }
      if ((role === ROLE.function && this.hasBody(node)) || bound >= 0) {
        const name = bound >= 0 ? syntax.firstName(node) : this.nameOf(node);
        const label =
          named && name >= 0 && !(ruby && bound >= 0) ? `method ${syntax.text(name)}` : '';
        const entry = this.graph.node(CATEGORY.entry, label);
        this.graph.held[entry] = 1;
        this.graph.edge(0, entry, EDGE.member);
        this.entryOf.set(bound >= 0 ? bound : node, entry);
        if (name >= 0) {
          this.entries.set(syntax.name(name), entry);
        }
        node = bound >= 0 ? bound : node;
      }
    }
  }

  /** A unit may be a function that no name of the program holds: a property's value, or the whole of the code. */
  private findLambdas(): void {
    const { syntax } = this;
    for (let node = 0; node < syntax.tree.count; node++) {
      if (syntax.role(node) === ROLE.lambda) {
        const entry = this.graph.node(CATEGORY.entry, '');
        this.graph.held[entry] = 1;
        this.graph.edge(0, entry, EDGE.member);
        this.entryOf.set(node, entry);
        node = syntax.tree.next[node] - 1;
      }
    }
  }

  private hasBody(node: number): boolean {
    return this.bodyOf(node) >= 0 || EMPTY_BODIES.has(this.syntax.grammar.language);
  }

  /** A function held by a name: `const f = () => ...`. */
  private boundLambda(node: number): number {
    const value = this.syntax.field(node, 'value right');
    const inner = value < 0 ? -1 : this.syntax.inner(value);
    return inner >= 0 && this.syntax.role(inner) === ROLE.lambda ? inner : -1;
  }

  private nameOf(node: number): number {
    const { syntax } = this;
    const declared = syntax.field(node, 'name declarator');
    if (declared < 0) {
      return -1;
    }
    const at = syntax.inner(declared);
    if (syntax.role(at) === ROLE.member) {
      return syntax.field(at, 'field method name property');
    }
    return syntax.role(at) === ROLE.name ? at : syntax.firstName(at);
  }

  private bodyOf(node: number): number {
    const { syntax } = this;
    const body = syntax.field(node, 'body');
    if (body >= 0) {
      return body;
    }
    return (
      syntax
        .all(node)
        .filter((part) => syntax.isLike(part, BODY))
        .pop() ?? -1
    );
  }

  override visit(node: number, mode: number): Sources {
    const role = this.syntax.role(node);
    const bound = BINDING.has(role) ? this.boundLambda(node) : -1;
    const entry = bound < 0 ? undefined : this.entryOf.get(bound);
    if (entry === undefined) {
      return super.visit(node, mode);
    }
    if (this.depth > 0) {
      this.graph.edge(this.control.node, entry, this.control.kind);
    }
    this.readFunction(bound, entry);
    if (this.depth > 0 && role === ROLE.assign) {
      const left = this.syntax.field(node, 'left variable');
      const target = this.target(left >= 0 ? left : this.syntax.parts(node)[0]);
      if (target.kind !== 'name') {
        this.store(target, [entry]);
      }
    }
    return [];
  }

  protected override function(node: number): Sources {
    const entry = this.entryOf.get(node);
    if (entry === undefined) {
      return [];
    }
    if (this.depth > 0) {
      this.graph.edge(this.control.node, entry, this.control.kind);
    }
    this.readFunction(node, entry);
    return [];
  }

  protected override lambda(node: number): Sources {
    const entry = this.entryOf.get(node);
    const owner = entry ?? this.graph.node(CATEGORY.lambda, '');
    this.readFunction(node, owner);
    return [owner];
  }

  private readFunction(node: number, owner: number): void {
    const { syntax } = this;
    const outer = {
      definitions: this.definitions,
      control: this.control,
      dead: this.dead,
      exits: this.exits,
      foreign: this.foreign,
    };
    this.definitions = outer.definitions.copy();
    this.control = { node: owner, kind: EDGE.controlTrue };
    this.dead = false;
    this.exits = [];
    if (!this.blocks) {
      this.foreign = new Set();
    }
    this.depth++;
    syntax.names.openBlock();
    this.hoist(node);
    const body = this.bodyOf(node);
    this.readParameters(node, owner, body);
    if (this.depth === 1) {
      this.defineReceiver(node);
    }
    const parts =
      body >= 0 ? [body] : syntax.role(node) === ROLE.lambda ? this.looseBody(node) : [];
    this.initializers(node, body);
    // A closure may run many times: what it sets reaches its own beginning.
    const joins = this.depth > 1 ? this.definitions.openLoop(this.graph) : null;
    this.sequence(parts, this.bodyMode(node, parts));
    if (joins !== null) {
      this.definitions.closeLoop(this.graph, joins);
    }
    this.depth--;
    this.closeBlock();
    const inside = this.definitions;
    this.definitions = outer.definitions;
    this.control = outer.control;
    this.dead = outer.dead;
    this.exits = outer.exits;
    this.foreign = outer.foreign;
    if (syntax.role(node) === ROLE.lambda && this.setsOutside(node)) {
      this.definitions.merge(inside);
    }
  }

  /** Whether the surroundings of a closure may see what it sets: in PHP only what it takes by reference. */
  private setsOutside(node: number): boolean {
    const { syntax } = this;
    const uses = syntax.childLike(node, USES);
    return syntax.grammar.language !== 'php' || (uses >= 0 && syntax.text(uses).includes('&'));
  }

  /** The object that a method is called on, where no parameter holds it: its attributes are kept like a variable's. */
  private defineReceiver(node: number): void {
    const { syntax, definitions } = this;
    const receiver = RECEIVER[syntax.grammar.language];
    const { start, end, next } = syntax.tree;
    for (let at = node; receiver !== undefined && at < next[node]; at++) {
      if (
        syntax.role(at) === ROLE.name &&
        end[at] - start[at] === receiver.length &&
        syntax.text(at) === receiver
      ) {
        const name = syntax.name(at);
        if (!definitions.has(name)) {
          this.used.add(name);
          definitions.define(name, [this.global(name)]);
        }
        return;
      }
    }
  }

  /** What stands after the parameters of a lambda without a body node. */
  private looseBody(node: number): number[] {
    return this.syntax.parts(node).filter((part) => this.syntax.role(part) !== ROLE.parameters);
  }

  /** C++: `: member(value)` before the body; C#: `: this(value)`. */
  private initializers(node: number, body: number): void {
    const list = this.syntax.childLike(node, INITIALIZERS);
    if (list >= 0 && list !== body) {
      this.visit(list, STATEMENT);
    }
  }

  private bodyMode(node: number, parts: number[]): number {
    const { syntax } = this;
    const { language } = syntax.grammar;
    if (IMPLICIT_RETURN.has(language)) {
      return TAIL;
    }
    const [body] = parts;
    if (body === undefined) {
      return STATEMENT;
    }
    const lambda = syntax.role(node) === ROLE.lambda;
    const expression =
      !syntax.isLike(body, BLOCK) || syntax.typeName(body) === 'arrow_expression_clause';
    if (language === 'kotlin') {
      return lambda || /^=/.test(syntax.text(body)) ? TAIL : STATEMENT;
    }
    return (lambda || language === 'csharp') && expression ? TAIL : STATEMENT;
  }

  private readParameters(node: number, owner: number, body: number): void {
    let place = 0;
    for (const parameter of this.parameterNodes(node, body)) {
      const { syntax, graph } = this;
      const names = syntax.fields(parameter, 'name');
      for (const each of names.length > 1 ? names : [parameter]) {
        const many = [parameter, ...syntax.parts(parameter)].find((at) => syntax.isLike(at, MANY));
        const result = graph.node(
          CATEGORY.parameter,
          many === undefined ? '' : syntax.typeName(many),
        );
        graph.held[result] = 1;
        graph.edge(owner, result, EDGE.parameter + Math.min(place++, LAST_PARAMETER));
        this.bindParameter(each, result);
      }
    }
  }

  private parameterNodes(node: number, body: number): number[] {
    const { syntax } = this;
    const limit = body >= 0 ? body : syntax.tree.next[node];
    const found: number[] = [];
    for (let at = node + 1; at < limit; at++) {
      if (syntax.role(at) === ROLE.parameters) {
        const own = syntax
          .all(at)
          .filter((part) => syntax.isNamed(part) && syntax.role(part) !== ROLE.drop);
        found.push(
          ...own.filter((part) => syntax.role(part) !== ROLE.skip || syntax.isLike(part, SELF)),
        );
        at = syntax.tree.next[at] - 1;
      }
    }
    const single = syntax.field(node, 'parameter parameters');
    return single >= 0 && syntax.role(single) !== ROLE.parameters ? [single] : found;
  }

  private bindParameter(parameter: number, node: number): void {
    const { syntax } = this;
    const inner =
      syntax.role(parameter) === ROLE.name || syntax.isLike(parameter, TAKEN_APART)
        ? parameter
        : syntax.field(parameter, 'pattern name declarator left');
    const fallback =
      syntax.parts(parameter).find((part) => syntax.role(part) === ROLE.name) ??
      syntax.firstName(parameter);
    const at = inner >= 0 ? inner : fallback;
    const initial = inner === parameter ? -1 : syntax.field(parameter, 'value default_value right');
    if (initial >= 0) {
      this.graph.data(this.value(initial), node, 0);
    }
    if (at < 0) {
      const name = syntax.text(parameter).replace(/[^\w]|\bmut\b/g, '');
      this.definitions.define(syntax.names.declare(name), [node]);
    } else if (syntax.isLike(at, DECORATED)) {
      const name = syntax.firstName(at);
      this.definitions.define(name >= 0 ? syntax.declare(name) : syntax.names.number(''), [node]);
    } else {
      this.bind(at, [node], true);
    }
  }
}
