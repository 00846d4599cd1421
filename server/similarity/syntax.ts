import type { Language as Grammar } from 'web-tree-sitter';
import type { LanguageId } from '../languages/types.js';
import type { FlatTree } from './flatTree.js';
import { textOf } from './flatTree.js';
import { Names } from './names.js';
import { ROLE, rolesFor } from './roles.js';

/** A grammar as the graph builder sees it: a role for each node type, a number for each field. */
export interface GrammarRoles {
  readonly language: LanguageId;
  readonly roles: Uint8Array;
  readonly typeNames: readonly (string | null)[];
  readonly named: Uint8Array;
  /** Numbers of the fields named in a list with blanks, in its order; those that the grammar lacks left out. */
  fieldIds(names: string): readonly number[];
  /** By node type: 1 where its name fits the pattern. Looked at for each node, so tested once for each type. */
  typesLike(pattern: RegExp): Uint8Array;
}

export function grammarRoles(language: LanguageId, grammar: Grammar): GrammarRoles {
  const typeNames = Array.from({ length: grammar.nodeTypeCount }, (_, id) =>
    grammar.nodeTypeForId(id),
  );
  const fields = new Map<string, readonly number[]>();
  const like = new Map<RegExp, Uint8Array>();
  return {
    language,
    typeNames,
    roles: rolesFor(language, typeNames, (id) => grammar.nodeTypeIsNamed(id)),
    named: Uint8Array.from(typeNames, (_, id) => (grammar.nodeTypeIsNamed(id) ? 1 : 0)),
    fieldIds(names) {
      let ids = fields.get(names);
      if (ids === undefined) {
        ids = names.split(' ').flatMap((name) => grammar.fieldIdForName(name) ?? []);
        fields.set(names, ids);
      }
      return ids;
    },
    typesLike(pattern) {
      let types = like.get(pattern);
      if (types === undefined) {
        types = Uint8Array.from(typeNames, (name) => (pattern.test(name ?? '') ? 1 : 0));
        like.set(pattern, types);
      }
      return types;
    },
  };
}

/** Finds its way in one flat tree. Nodes are numbers; -1: there is none. */
export class Syntax {
  readonly names = new Names();

  constructor(
    readonly tree: FlatTree,
    readonly grammar: GrammarRoles,
  ) {}

  role(node: number): number {
    return this.grammar.roles[this.tree.type[node]];
  }

  typeName(node: number): string {
    return this.grammar.typeNames[this.tree.type[node]] ?? '';
  }

  /** Whether the name of the node's type fits a pattern, which must be a constant. */
  isLike(node: number, pattern: RegExp): boolean {
    return this.grammar.typesLike(pattern)[this.tree.type[node]] === 1;
  }

  text(node: number): string {
    return textOf(this.tree, node);
  }

  /** The number of the name that a node's text is. */
  name(node: number): number {
    return this.names.number(this.text(node));
  }

  /** The number of a name that its block declares here. */
  declare(node: number): number {
    return this.names.declare(this.text(node));
  }

  /** -1 for the first node. */
  parent(node: number): number {
    const { next } = this.tree;
    let at = node - 1;
    while (at >= 0 && next[at] <= node) {
      at--;
    }
    return at;
  }

  isNamed(node: number): boolean {
    return this.grammar.named[this.tree.type[node]] === 1;
  }

  /** All children, tokens too. */
  all(node: number): number[] {
    const children: number[] = [];
    const { next } = this.tree;
    for (let child = node + 1; child < next[node]; child = next[child]) {
      children.push(child);
    }
    return children;
  }

  /** The children that do something: no tokens, types or imports. */
  parts(node: number): number[] {
    const children: number[] = [];
    const { next } = this.tree;
    for (let child = node + 1; child < next[node]; child = next[child]) {
      const role = this.role(child);
      if (role !== ROLE.skip && role !== ROLE.drop) {
        children.push(child);
      }
    }
    return children;
  }

  /** The first child held by one of the fields (names with blanks between), in the order of the fields. */
  field(node: number, names: string): number {
    const { next, field } = this.tree;
    for (const id of this.grammar.fieldIds(names)) {
      for (let child = node + 1; child < next[node]; child = next[child]) {
        if (field[child] === id) {
          return child;
        }
      }
    }
    return -1;
  }

  fields(node: number, name: string): number[] {
    const children: number[] = [];
    const { next, field } = this.tree;
    const ids = this.grammar.fieldIds(name);
    const end = ids.length === 0 ? node : next[node];
    for (let child = node + 1; child < end; child = next[child]) {
      if (field[child] !== 0 && ids.includes(field[child])) {
        children.push(child);
      }
    }
    return children;
  }

  isField(node: number, names: string): boolean {
    const own = this.tree.field[node];
    return own !== 0 && this.grammar.fieldIds(names).includes(own);
  }

  /** The first child whose type's name fits a pattern, which must be a constant. */
  childLike(node: number, pattern: RegExp): number {
    const { next } = this.tree;
    for (let child = node + 1; child < next[node]; child = next[child]) {
      if (this.isLike(child, pattern)) {
        return child;
      }
    }
    return -1;
  }

  /** Through brackets and other wrappers that hold one part only. */
  inner(node: number): number {
    let at = node;
    for (;;) {
      if (this.role(at) !== ROLE.pass) {
        return at;
      }
      const parts = this.parts(at);
      if (parts.length !== 1) {
        return at;
      }
      at = parts[0];
    }
  }

  /** The first token that is no name: a statement's keyword; '' where there is none. */
  firstWord(node: number): string {
    const token = this.firstToken(node);
    return token < 0 ? '' : this.text(token);
  }

  /** The operator's text: its field, or the first token that is no punctuation. */
  operator(node: number): string {
    const field = this.field(node, 'operator operators');
    const token = field >= 0 ? field : this.firstToken(node);
    return token < 0 ? '' : this.text(token).replace(/\s+/g, ' ');
  }

  private firstToken(node: number): number {
    const { next } = this.tree;
    for (let child = node + 1; child < next[node]; child = next[child]) {
      if (!this.isNamed(child)) {
        return child;
      }
    }
    return -1;
  }

  /** The first name in a node: what a declarator or a parameter declares. */
  firstName(node: number): number {
    for (let at = node; at < this.tree.next[node]; at++) {
      if (this.role(at) === ROLE.name) {
        return at;
      }
    }
    return -1;
  }
}
