import type { Tree } from 'web-tree-sitter';

/**
 * The functions below web-tree-sitter's own TreeCursor. They take a tree's address; the cursor itself lies in the
 * runtime's transfer buffer, where the library copies it to and from at every call, which costs more than the calls.
 */
interface CursorFunctions {
  _ts_tree_root_node_wasm: (tree: number) => void;
  _ts_tree_cursor_new_wasm: (tree: number) => void;
  _ts_tree_cursor_delete_wasm: (tree: number) => void;
  _ts_tree_cursor_goto_first_child_wasm: (tree: number) => number;
  _ts_tree_cursor_goto_next_sibling_wasm: (tree: number) => number;
  _ts_tree_cursor_goto_parent_wasm: (tree: number) => number;
  _ts_tree_cursor_current_node_type_id_wasm: (tree: number) => number;
  _ts_tree_cursor_current_field_id_wasm: (tree: number) => number;
  _ts_tree_cursor_start_index_wasm: (tree: number) => number;
  _ts_tree_cursor_end_index_wasm: (tree: number) => number;
}

/** The runtime's settings, which it fills with its functions when it starts. */
export const runtimeModule: { locateFile?: () => string } & Partial<CursorFunctions> = {};

/**
 * Walks a whole tree, from its root in document order. Nothing else of the runtime may be used until it is done.
 * Positions are indices of UTF-16 units.
 */
export class TreeWalk {
  private readonly address: number;
  private readonly goFirst: (tree: number) => number;
  private readonly goNext: (tree: number) => number;
  private readonly goUp: (tree: number) => number;
  private readonly typeId: (tree: number) => number;
  private readonly fieldId: (tree: number) => number;
  private readonly startIndex: (tree: number) => number;
  private readonly endIndex: (tree: number) => number;

  constructor(tree: Tree) {
    // Taken once: the module has so many members that looking one up costs as much as a call.
    const functions = runtimeModule as CursorFunctions;
    this.goFirst = functions._ts_tree_cursor_goto_first_child_wasm;
    this.goNext = functions._ts_tree_cursor_goto_next_sibling_wasm;
    this.goUp = functions._ts_tree_cursor_goto_parent_wasm;
    this.typeId = functions._ts_tree_cursor_current_node_type_id_wasm;
    this.fieldId = functions._ts_tree_cursor_current_field_id_wasm;
    this.startIndex = functions._ts_tree_cursor_start_index_wasm;
    this.endIndex = functions._ts_tree_cursor_end_index_wasm;
    this.address = (tree as unknown as readonly number[])[0];
    functions._ts_tree_root_node_wasm(this.address);
    functions._ts_tree_cursor_new_wasm(this.address);
  }

  get type(): number {
    return this.typeId(this.address);
  }

  /** By which the parent holds the node; 0: none. */
  get field(): number {
    return this.fieldId(this.address);
  }

  get start(): number {
    return this.startIndex(this.address);
  }

  get end(): number {
    return this.endIndex(this.address);
  }

  toFirstChild(): boolean {
    return this.goFirst(this.address) === 1;
  }

  toNextSibling(): boolean {
    return this.goNext(this.address) === 1;
  }

  toParent(): void {
    this.goUp(this.address);
  }

  close(): void {
    (runtimeModule as CursorFunctions)._ts_tree_cursor_delete_wasm(this.address);
  }
}
