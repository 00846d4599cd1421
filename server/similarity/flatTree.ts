import type { Tree } from 'web-tree-sitter';
import { TreeWalk } from '../languages/treeCursor.js';
import { Block } from './block.js';

/**
 * A syntax tree copied out of the parser into arrays, in document order, so that walking it costs no calls.
 * `next[i]` is the first index after the subtree of node i; the children of i begin at i + 1.
 * Inner nodes and punctuation carry no text range of their own where it was not asked for.
 */
export interface FlatTree {
  readonly text: string;
  readonly count: number;
  /** Grammar's node type of each node. */
  readonly type: Uint16Array;
  /** Grammar's field by which the parent holds the node; 0: none. */
  readonly field: Uint16Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly next: Int32Array;
}

/** What to do with a node type while copying. */
export const KEEP = 0;
/** Leaves out the node and all in it. */
export const DROP = 1;
/** Keeps the node and nothing below it. */
export const LEAF = 2;

/**
 * How deep a tree may be: all that reads it calls itself for every level. Code of people is not a tenth as deep, but
 * a model that repeats itself writes such code.
 */
const DEEPEST = 512;

let type = new Uint16Array(1024);
let field = new Uint16Array(1024);
let start = new Int32Array(1024);
let end = new Int32Array(1024);
let next = new Int32Array(1024);
const parents = new Int32Array(DEEPEST);

/**
 * @param handling KEEP, DROP or LEAF by node type
 * @returns null where the tree is too deep
 */
export function flatten(tree: Tree, text: string, handling: Uint8Array): FlatTree | null {
  const walk = new TreeWalk(tree);
  let count = 0;
  let depth = 0;
  for (let going = true; going; ) {
    const id = walk.type;
    const how = handling[id] ?? KEEP;
    let inner = false;
    if (how !== DROP) {
      if (count === type.length) {
        grow();
      }
      type[count] = id;
      field[count] = walk.field;
      start[count] = walk.start;
      end[count] = walk.end;
      inner = how === KEEP && walk.toFirstChild();
      if (inner) {
        if (depth === DEEPEST) {
          walk.close();
          return null;
        }
        parents[depth++] = count;
      } else {
        next[count] = count + 1;
      }
      count++;
    }
    while (!inner && !walk.toNextSibling()) {
      if (depth === 0) {
        going = false;
        break;
      }
      walk.toParent();
      next[parents[--depth]] = count;
    }
  }
  walk.close();
  const block = new Block(count * 16);
  const flat = {
    text,
    count,
    start: block.int32(count),
    end: block.int32(count),
    next: block.int32(count),
    type: block.uint16(count),
    field: block.uint16(count),
  };
  for (let i = 0; i < count; i++) {
    flat.type[i] = type[i];
    flat.field[i] = field[i];
    flat.start[i] = start[i];
    flat.end[i] = end[i];
    flat.next[i] = next[i];
  }
  return flat;
}

function grow(): void {
  const size = type.length * 2;
  type = enlarged(type, new Uint16Array(size));
  field = enlarged(field, new Uint16Array(size));
  start = enlarged(start, new Int32Array(size));
  end = enlarged(end, new Int32Array(size));
  next = enlarged(next, new Int32Array(size));
}

/** The content of an array in a larger one. */
export function enlarged<T extends Uint8Array | Uint16Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** The source text of a node. */
export function textOf(tree: FlatTree, node: number): string {
  return tree.text.slice(tree.start[node], tree.end[node]);
}
