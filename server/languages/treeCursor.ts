import type { Tree } from 'web-tree-sitter';

/**
 * The functions below web-tree-sitter's own TreeCursor. They take a tree's address; the cursor itself lies in the
 * runtime's transfer buffer, where the library copies it to and from at every call, which costs more than the calls.
 */
interface CursorFunctions {
  _ts_tree_root_node_wasm(tree: number): void;
  _ts_tree_cursor_new_wasm(tree: number): void;
  _ts_tree_cursor_delete_wasm(tree: number): void;
  _ts_tree_cursor_goto_first_child_wasm(tree: number): number;
  _ts_tree_cursor_goto_next_sibling_wasm(tree: number): number;
  _ts_tree_cursor_goto_parent_wasm(tree: number): number;
  _ts_tree_cursor_current_node_type_id_wasm(tree: number): number;
  _ts_tree_cursor_current_field_id_wasm(tree: number): number;
  _ts_tree_cursor_start_index_wasm(tree: number): number;
  _ts_tree_cursor_end_index_wasm(tree: number): number;
}

/** The runtime's settings, which it fills with its functions when it starts. */
export const runtimeModule: { locateFile?: () => string } & Partial<CursorFunctions> = {};

/**
 * Walks a whole tree, from its root in document order. Nothing else of the runtime may be used until it is done.
 * Positions are indices of UTF-16 units.
 */
export class TreeWalk {
  private readonly functions = runtimeModule as CursorFunctions;
  private readonly address: number;

  constructor(tree: Tree) {
    this.address = (tree as unknown as readonly number[])[0];
    this.functions._ts_tree_root_node_wasm(this.address);
    this.functions._ts_tree_cursor_new_wasm(this.address);
  }

  get type(): number {
    return this.functions._ts_tree_cursor_current_node_type_id_wasm(this.address);
  }

  /** By which the parent holds the node; 0: none. */
  get field(): number {
    return this.functions._ts_tree_cursor_current_field_id_wasm(this.address);
  }

  get start(): number {
    return this.functions._ts_tree_cursor_start_index_wasm(this.address);
  }

  get end(): number {
    return this.functions._ts_tree_cursor_end_index_wasm(this.address);
  }

  toFirstChild(): boolean {
    return this.functions._ts_tree_cursor_goto_first_child_wasm(this.address) === 1;
  }

  toNextSibling(): boolean {
    return this.functions._ts_tree_cursor_goto_next_sibling_wasm(this.address) === 1;
  }

  toParent(): void {
    this.functions._ts_tree_cursor_goto_parent_wasm(this.address);
  }

  close(): void {
    this.functions._ts_tree_cursor_delete_wasm(this.address);
  }
}
