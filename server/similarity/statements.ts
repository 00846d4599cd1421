import { type Sources, STATEMENT, TAIL, VALUE } from './variables.js';
import { LoopReader } from './loops.js';
import { CATEGORY, EDGE } from './programGraph.js';
import { ROLE } from './roles.js';

const FILE = /^file_redirect$/;
/** `value as name`. */
const AS = /^(?:as_pattern|with_item)$/;
const BLOCK = /block|body|then/;
/** Kotlin: `when (val a = b)`. */
const SUBJECT = /^when_subject$/;
const LABELED = /^labeled_statement$/;
const LABELED_VALUE = /^labeled_expression$/;
/** What a macro is given, as its grammar leaves it. */
const TOKENS = /^token_tree$/;
const LABEL = /label|statement_identifier/;
/** What a jump with a label may leave. */
const LABELLED = new Set<number>([
  ROLE.while,
  ROLE.until,
  ROLE.doWhile,
  ROLE.doUntil,
  ROLE.loop,
  ROLE.for,
  ROLE.forEach,
  ROLE.switch,
]);

/** What may declare variables for itself alone; conditions and handlers do so besides. */
const DECLARES_WITHIN =
  /^(?:block|compound_statement|statement_block|(?:unsafe|async|const|indented|colon|class_static|switch|case|match)_block|switch_body|for|(?:for|foreach|enhanced_for|for_in|for_range|while|switch|expression_switch|type_switch|using|try_with_resources)_(?:statement|loop)|(?:for|while|loop|when|match|switch)_expression)$/;

/** Sends every syntax node to what reads it; sequences, exits and all that has no reader of its own. */
export abstract class StatementReader extends LoopReader {
  visit(node: number, mode: number): Sources {
    const { syntax } = this;
    if (!syntax.isLike(node, DECLARES_WITHIN)) {
      return this.visitInBlock(node, mode);
    }
    syntax.names.openBlock();
    const value = this.visitInBlock(node, mode);
    this.closeBlock();
    return value;
  }

  private visitInBlock(node: number, mode: number): Sources {
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
      case ROLE.later:
        return this.later(node);
      case ROLE.scope:
        return this.scope(node);
      case ROLE.import:
        return this.import(node);
      case ROLE.shortCircuit:
        return this.shortCircuit(node, mode);
      case ROLE.shell:
        return this.finish(this.shell(node), mode);
      case ROLE.function:
        return this.function(node);
      case ROLE.comprehension:
        return this.comprehension(node);
      default: {
        if (mode !== VALUE && this.isBareJump(node)) {
          return this.jump(node);
        }
        const sources = this.expression(node, mode) ?? this.generic(node, mode);
        return this.finish(sources, mode);
      }
    }
  }

  protected abstract function(node: number): Sources;

  protected finish(sources: Sources, mode: number): Sources {
    if (mode === STATEMENT && sources !== this.stored) {
      sources.filter((source) => source >= 0).forEach((source) => this.holdIfEffect(source));
    } else if (mode === TAIL && sources.length > 0) {
      this.giveBack('return', [sources]);
    }
    return sources;
  }

  protected holdIfEffect(source: number): void {
    const category = this.graph.category[source];
    if (
      category !== CATEGORY.parameter &&
      category !== CATEGORY.entry &&
      category !== CATEGORY.global
    ) {
      this.hold(source);
    }
  }

  protected giveBack(detail: string, values: Sources[]): number {
    const result = this.hold(this.graph.node(CATEGORY.exit, detail));
    values.forEach((value, place) => this.graph.data(value, result, place));
    this.dead = true;
    return result;
  }

  protected generic(node: number, mode: number): Sources {
    const parts = this.syntax.parts(node);
    if (this.syntax.isLike(node, TOKENS)) {
      return this.tokens(node, parts);
    }
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

  protected pass(node: number, mode: number): Sources {
    const { syntax } = this;
    const parts = syntax.parts(node);
    if (
      parts.some((part) => syntax.role(part) === ROLE.catch || syntax.role(part) === ROLE.finally)
    ) {
      return this.try(node, mode);
    }
    if (parts.length > 0 && parts.every((part) => syntax.role(part) === ROLE.case)) {
      return this.switch(node, mode);
    }
    if (syntax.isLike(node, AS) && parts.length === 2) {
      const value = this.value(parts[0]);
      return this.store(this.target(parts[1]), value);
    }
    if (syntax.isLike(node, SUBJECT) && parts.length === 2) {
      const since = this.graph.nodes;
      const value = this.value(parts[1]);
      return this.store(this.target(parts[0], true), value, since);
    }
    if (syntax.isLike(node, LABELED)) {
      return this.labeled(node, mode);
    }
    if (syntax.isLike(node, LABELED_VALUE) && /^(?:break|continue)@/.test(syntax.text(node))) {
      return this.jump(node);
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

  protected isList(node: number): boolean {
    return this.syntax.role(node) === ROLE.pass && !this.syntax.isLike(node, BLOCK);
  }

  /** Rust: a semicolon takes the value away. */
  protected isClosed(node: number): boolean {
    const { syntax } = this;
    return (
      syntax.grammar.language === 'rust' &&
      syntax.typeName(node) === 'expression_statement' &&
      syntax.text(node).endsWith(';')
    );
  }

  protected exit(detail: string, parts: number[]): Sources {
    const values = parts.map((part) => this.value(part));
    return [this.giveBack(detail, values)];
  }

  protected jump(node: number): Sources {
    const { syntax } = this;
    const word = /^\w+/.exec(syntax.text(node))?.[0] ?? '';
    const kind = word === 'next' ? 'continue' : word;
    const { language } = syntax.grammar;
    const named = language === 'java' || language === 'kotlin' || kind === 'goto';
    const isLabel = (part: number) =>
      (language !== 'kotlin' && syntax.isLike(part, LABEL)) ||
      (named && syntax.role(part) === ROLE.name);
    const label = syntax.all(node).find(isLabel);
    const values = syntax
      .parts(node)
      .filter((part) => part !== label)
      .map((part) => this.value(part));
    const last = this.exits.length - 1;
    const to =
      label === undefined
        ? last
        : this.exits.findLastIndex((each) => each.label.replace('@', '') === syntax.text(label));
    const exits = this.exits[to < 0 ? last : to];
    (kind === 'continue' ? exits?.continued : exits?.broken)?.push(this.definitions.copy());
    // A label is a name: what counts is how many loops out it leads.
    const out = label !== undefined && to !== last && kind !== 'goto';
    return [this.giveBack(out ? `${kind} ${last - to}` : kind, values)];
  }

  /** A statement with a label before it. */
  protected labeled(node: number, mode: number): Sources {
    const { syntax } = this;
    const label = syntax.all(node).find((part) => syntax.isNamed(part)) ?? -1;
    const parts = syntax.parts(node).filter((part) => part !== label);
    if (parts.length > 0 && LABELLED.has(syntax.role(parts[0]))) {
      this.label = syntax.text(label);
    }
    return this.sequence(parts, mode, node);
  }

  /** Go: a call that runs at the end of the function, or beside it. */
  protected later(node: number): Sources {
    const { syntax, graph } = this;
    const calls = syntax.parts(node).flatMap((part) => this.visit(part, STATEMENT));
    graph.data(calls, this.hold(graph.node(CATEGORY.other, syntax.typeName(node))), 0);
    return [];
  }

  /** Kotlin's grammar takes a jump without a label for a name. */
  private isBareJump(node: number): boolean {
    const { syntax } = this;
    return (
      syntax.grammar.language === 'kotlin' &&
      syntax.role(node) === ROLE.name &&
      /^(?:break|continue)$/.test(syntax.text(node))
    );
  }

  /** What is no tree of its own keeps its operators in its label. */
  private tokens(node: number, parts: number[]): Sources {
    const { syntax, graph } = this;
    const operators = syntax
      .all(node)
      .filter((part) => !syntax.isNamed(part) && syntax.role(part) === ROLE.skip);
    const result = graph.node(CATEGORY.other, operators.map((part) => syntax.text(part)).join(' '));
    parts.forEach((part, place) => graph.data(this.value(part), result, place));
    return [result];
  }

  /** Python: names from elsewhere are variables, and may be given other names. */
  private import(node: number): Sources {
    const { syntax, graph } = this;
    const from = syntax.field(node, 'module_name');
    const module = from < 0 ? '' : `${syntax.text(from)} `;
    for (const each of syntax.fields(node, 'name')) {
      const alias = syntax.field(each, 'alias');
      const name = alias < 0 ? each : syntax.field(each, 'name');
      const result = this.hold(graph.node(CATEGORY.other, `import ${module}${syntax.text(name)}`));
      const known = alias >= 0 ? syntax.text(alias) : syntax.text(name).replace(/\..*/, '');
      const number = syntax.names.number(known);
      // Modules of one package share its name.
      const partial = alias < 0 && from < 0 && syntax.text(name) !== known;
      const others = partial ? this.definitions.base(number) : [];
      this.definitions.define(number, [...others, result]);
    }
    return [];
  }

  /** Bash: `a && b` is `if a; then b; fi`. */
  private shortCircuit(node: number, mode: number): Sources {
    const { syntax, graph } = this;
    const [left, right] = syntax.parts(node);
    const condition = this.condition(left);
    const branch = this.hold(graph.node(CATEGORY.branch, ''));
    graph.data(condition.sources, branch, 0);
    const whenTrue = (syntax.operator(node) === '&&') !== condition.negated;
    const kind = whenTrue ? EDGE.controlTrue : EDGE.controlFalse;
    const side = this.side({ node: branch, kind }, () => this.visit(right, mode));
    const other = { ...side, definitions: this.definitions, dead: this.dead, value: [] };
    this.join([side, other]);
    if (mode !== VALUE) {
      return [];
    }
    graph.data(side.value, branch, whenTrue ? 1 : 2);
    return [branch];
  }

  /** Bash: commands whose output goes into the next one or into files. */
  private shell(node: number): Sources {
    const { syntax, graph } = this;
    const parts = syntax.parts(node);
    const words = syntax.all(node).map((part) => {
      const number = syntax.field(part, 'descriptor');
      const from = number < 0 ? '' : syntax.text(number);
      const own = syntax.isNamed(part) ? '' : syntax.text(part);
      return syntax.isLike(part, FILE) ? from + syntax.operator(part) : own;
    });
    const result = graph.node(CATEGORY.other, words.join(' '));
    parts.forEach((part, place) => {
      const inner = syntax.isLike(part, FILE) ? syntax.fields(part, 'destination') : [part];
      inner.forEach((each) => graph.data(this.value(each), result, place));
    });
    return [result];
  }

  /** Python and PHP: whose the names are that are set from here on. */
  protected scope(node: number): Sources {
    const { syntax, graph } = this;
    const word = /^\w+/.exec(syntax.text(node))?.[0] ?? '';
    const result = this.hold(graph.node(CATEGORY.other, word));
    for (const part of syntax.parts(node)) {
      const name = syntax.name(part);
      graph.data(this.read(name), result, 0);
      if (word === 'global') {
        this.foreign.add(name);
      }
    }
    return [];
  }
}
