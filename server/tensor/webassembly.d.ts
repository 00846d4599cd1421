/** What the `wasm` backend uses of WebAssembly; the types of Node leave it to those of browsers. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: boolean });
    readonly buffer: ArrayBufferLike;
    /** @returns the pages before */
    grow(pages: number): number;
  }
  class Global {
    value: unknown;
  }
  class Table {
    get(index: number): unknown;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
}
