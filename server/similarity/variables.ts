import type { LanguageId } from '../languages/types.js';
import { Definitions } from './definitions.js';
import { CATEGORY, EDGE, type GraphBuilder } from './programGraph.js';
import type { Syntax } from './syntax.js';

export type Sources = readonly number[];

/** How a node is visited: for its value, for what it does, or as what its function gives back. */
export const VALUE = 0;
export const STATEMENT = 1;
export const TAIL = 2;

/** Several values or places in a row. */
const ROWS =
  /^(?:expression_list|variable_list|pattern_list|left_assignment_list|right_assignment_list|tuple|tuple_pattern|tuple_expression)$/;
/** One place in a row that is there for others. */
const PLAIN_ROW = /^(?:expression_list|variable_list)$/;
/** Where every variable is declared before it is used, for its block. */
const DECLARES = new Set<LanguageId>([
  'typescript',
  'tsx',
  'javascript',
  'java',
  'csharp',
  'go',
  'c',
  'cpp',
  'rust',
  'kotlin',
  'scala',
  'lua',
]);

const HOISTS = new Set<LanguageId>(['typescript', 'tsx', 'javascript']);

/** Reading variables, and the nodes of plain values. */
export abstract class VariableReader {
  protected definitions = Definitions.empty();

  protected control = { node: 0, kind: EDGE.controlTrue as number };

  /** Entry nodes of the functions of the unit, by the number of their name. */
  protected readonly entries = new Map<number, number>();

  protected readonly globals = new Map<number, number>();
  private readonly declared = new Map<number, number>();

  /** Numbers of names that are read or called as they stand, and those of them that the unit does not define. */
  protected readonly used = new Set<number>();
  protected readonly free = new Set<number>();
  protected readonly hidden = new Set<number>();

  /** Whether a declaration is the block's. */
  protected readonly blocks: boolean;
  /** Whether it may be the function's, wherever it stands. */
  protected readonly hoists: boolean;

  constructor(
    protected readonly syntax: Syntax,
    protected readonly graph: GraphBuilder,
  ) {
    this.blocks = DECLARES.has(syntax.grammar.language);
    this.hoists = HOISTS.has(syntax.grammar.language);
  }

  abstract visit(node: number, mode: number): Sources;

  /** Hangs a node under what decides whether it runs. */
  protected hold(node: number): number {
    if (this.graph.held[node] === 0) {
      this.graph.held[node] = 1;
      this.graph.edge(this.control.node, node, this.control.kind);
    }
    return node;
  }

  protected value(node: number): Sources {
    return node < 0 ? [] : this.visit(node, VALUE);
  }

  protected read(name: number): Sources {
    const { definitions } = this;
    this.used.add(name);
    if (definitions.has(name)) {
      const sources = definitions.whole(name);
      return sources.length > 0 ? sources : this.unset(name);
    }
    const entry = this.entries.get(name);
    if (entry === undefined) {
      this.free.add(name);
    }
    return [entry ?? this.global(name)];
  }

  /** What a declared variable holds before it is given a value. */
  protected unset(name: number): Sources {
    let node = this.declared.get(name);
    if (node === undefined) {
      node = this.graph.node(CATEGORY.other, 'unset');
      this.declared.set(name, node);
    }
    return [node];
  }

  protected global(name: number): number {
    let node = this.globals.get(name);
    if (node === undefined) {
      node = this.graph.node(CATEGORY.global, this.syntax.names.text(name));
      this.globals.set(name, node);
    }
    return node;
  }

  protected literal(detail: string): Sources {
    return [this.graph.node(CATEGORY.literal, detail)];
  }

  protected operation(operator: string, operands: Sources[], ordered: boolean): number {
    const result = this.graph.node(CATEGORY.operator, operator);
    operands.forEach((operand, place) => this.graph.data(operand, result, ordered ? place : 0));
    return result;
  }

  protected variable(node: number, declares: boolean): number {
    return declares ? this.syntax.declare(node) : this.syntax.name(node);
  }

  protected typeText(node: number): string {
    return node < 0 ? '' : this.syntax.text(node).replace(/\s+/g, '');
  }

  /** Out of a row that it is alone in. */
  protected single(node: number): number {
    const parts = this.syntax.isLike(node, PLAIN_ROW) ? this.syntax.parts(node) : [];
    return parts.length === 1 ? parts[0] : node;
  }

  protected list(node: number): number[] {
    const at = this.syntax.inner(node);
    return this.syntax.isLike(at, ROWS) ? this.syntax.parts(at) : [at];
  }
}
