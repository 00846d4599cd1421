import { type Sources, STATEMENT } from './variables.js';
import { DeclarationReader } from './declarations.js';
import { LruCache } from '../util/lruCache.js';
import { CATEGORY, EDGE } from './programGraph.js';
import { ROLE } from './roles.js';

const CHANGING =
  /^(?:pop\w*|push\w*|append\w*|shift|unshift|next\w*|poll\w*|add\w*|insert\w*|remove\w*|put\w*|extend\w*|set\w*|delete\w*|write\w*|sort|reverse|clear|update)$/i;
const OUTPUT = /^(?:print\w*|puts|echo|log|info|warn|error|debug|write(?:line)?|p|f?printf|cout)$/i;
/** Stands for the outside world in the definitions: output keeps its order. */
const WORLD = '\u0001';

/** What is no type in `new(...)`. */
const GIVEN = new Set<number>([ROLE.arguments, ROLE.collection]);

/** PHP: a class for one object, with what its constructor is given. */
const ANONYMOUS = /^anonymous_class$/;

/** C#: how long a new array is. */
const SIZES = /^array_rank_specifier$/;

/** Bash: what declares names, and what reads lines into them. */
const DECLARES = /^(?:local|declare|typeset)$/;
const READS = /^(?:read|mapfile|readarray)$/;
const WORD = /^word$/;

/** The most names whose look is kept. */
const KEPT_NAMES = 4096;

/** What the name of a callee tells. */
interface CalleeName {
  changes: boolean;
  outputs: boolean;
}

const calleeNames = new LruCache<string, CalleeName>(KEPT_NAMES);

/** Calls: whom they call, with what, and what they may change. */
export abstract class CallReader extends DeclarationReader {
  protected call(node: number, mode: number): Sources {
    const { syntax, graph } = this;
    const parts = syntax.parts(node);
    const creates = syntax.role(node) === ROLE.new;
    let callee = syntax.field(node, 'function constructor macro method name type');
    let receiver = syntax.field(node, 'object receiver scope');
    if (callee < 0 && syntax.role(node) !== ROLE.keywordCall && !creates) {
      callee = parts[0] ?? -1;
    }
    if (creates && callee < 0) {
      callee =
        syntax.all(node).find((part) => syntax.isNamed(part) && !GIVEN.has(syntax.role(part))) ??
        -1;
    }
    const sizes = callee < 0 ? -1 : syntax.childLike(callee, SIZES);
    const anonymous = callee >= 0 && syntax.isLike(callee, ANONYMOUS);
    const rest = anonymous
      ? syntax.parts(callee)
      : parts.filter((part) => part !== callee && part !== receiver);
    let inner = callee < 0 || anonymous ? -1 : syntax.inner(callee);
    let detail =
      syntax.role(node) === ROLE.keywordCall ? (/^\w+/.exec(syntax.text(node))?.[0] ?? '') : '';
    let called: Sources = [];
    let entry: number | undefined;
    if (inner >= 0 && syntax.role(inner) === ROLE.member) {
      const memberParts = syntax.parts(inner);
      const property = syntax.field(inner, 'property attribute field name suffix method');
      const object = syntax.field(inner, 'object value operand argument expression table');
      receiver = object >= 0 ? object : (memberParts.find((part) => part !== property) ?? -1);
      detail = syntax
        .text(property >= 0 ? property : memberParts[memberParts.length - 1])
        .replace(/^[.?]+/, '');
      entry = /^(?:self|this|cls)$/.test(receiver >= 0 ? syntax.text(receiver) : '')
        ? this.entries.get(syntax.names.number(detail))
        : undefined;
      inner = -1;
    }
    const text = inner < 0 ? '' : syntax.text(inner).replace(/\s+/g, '');
    const name = syntax.names.number(text);
    if (creates) {
      detail = `new ${sizes < 0 ? text : text.replace(/\[.*/s, '[]')}${detail}`;
      this.used.add(name);
      this.free.add(name);
    } else if (inner >= 0) {
      const plain = /^[\w$:.@!?\\]+$/.test(text);
      this.used.add(name);
      if (receiver < 0 && this.definitions.has(name)) {
        called = this.definitions.whole(name);
      } else if (receiver < 0 && this.entries.has(name)) {
        entry = this.entries.get(name);
      } else if (plain) {
        detail = text;
        if (receiver < 0) {
          this.free.add(name);
        }
      } else {
        called = this.value(inner);
      }
    }
    const owner = receiver < 0 ? -1 : syntax.inner(receiver);
    const object = receiver < 0 ? called : this.value(receiver);
    const given = [...(sizes < 0 ? [] : syntax.parts(sizes)), ...rest].flatMap((part) =>
      syntax.role(part) === ROLE.arguments ? syntax.parts(part) : [part],
    );
    const set = syntax.grammar.language === 'bash' ? this.variablesOf(detail, given) : [];
    const args = given.filter((arg) => !set.includes(arg));
    const values = args.map((arg) => this.value(arg));
    const result = graph.node(CATEGORY.call, entry === undefined ? detail : '');
    if (entry !== undefined) {
      graph.edge(result, entry, EDGE.call);
    }
    graph.data(object, result, 0);
    values.forEach((value, place) => graph.data(value, result, place + 1));
    this.effects(result, detail, owner, args, mode);
    set.forEach((arg) =>
      this.definitions.define(syntax.name(arg), READS.test(detail) ? [result] : []),
    );
    return [result];
  }

  /** Bash: the names that a command declares or reads into. */
  private variablesOf(command: string, args: readonly number[]): number[] {
    const { syntax } = this;
    if (DECLARES.test(command)) {
      return args.filter((arg) => syntax.role(arg) === ROLE.name);
    }
    return READS.test(command)
      ? args.filter((arg) => syntax.isLike(arg, WORD) && /^[A-Za-z_]\w*$/.test(syntax.text(arg)))
      : [];
  }

  /** What a call may change: the object that it is called on, or else what it is given first. */
  protected effects(call: number, name: string, owner: number, args: number[], mode: number): void {
    const { changes, outputs } = calleeNames.getOrMake(name, () => {
      const last = name
        .slice(Math.max(name.lastIndexOf('.'), name.lastIndexOf(':')) + 1)
        .replace(/!$/, '');
      return { changes: CHANGING.test(last), outputs: OUTPUT.test(last) };
    });
    if (mode === STATEMENT && outputs) {
      const world = this.syntax.names.number(WORLD);
      this.graph.data(this.definitions.base(world), call, 14);
      this.definitions.define(world, [call]);
      return;
    }
    if (mode !== STATEMENT && !changes) {
      return;
    }
    if (!this.changesOwner(call, owner) && args.length > 0) {
      const first = this.syntax.firstName(args[0]);
      const { end } = this.syntax.tree;
      if (first >= 0 && end[first] === end[args[0]]) {
        const given = this.syntax.name(first);
        if (this.definitions.has(given)) {
          this.definitions.change(given, call);
        }
      }
    }
  }
}
