import type { KernelMemory, MemoryBlock } from './kernelMemory.js';

/** The heap of the WebAssembly build: native/wasm/heap.cc. */
export interface HeapExports {
  /** 0 where the memory is at its limit. */
  allocate: (bytes: number) => number;
  release: (address: number, bytes: number) => void;
}

/** What native/wasm/heap.cc asks for at a time; and enough for the stack and the data. */
const INITIAL_PAGES = 256;
/** 4 GiB less a page, so that every end is a 32-bit number; less where the system refuses so much address space. */
const MAXIMUM_PAGES = [65535, 32768, 16384, 8192];

/**
 * A memory that JavaScript and the kernels share. It is a shared one although JavaScript's views of
 * it stay in one thread: growth never detaches the views of a shared memory.
 * @throws RangeError where the system gives not even half a gibibyte of address space
 */
export function createMemory(): WebAssembly.Memory {
  for (const maximum of MAXIMUM_PAGES) {
    try {
      return new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum, shared: true });
    } catch (error) {
      if (maximum === MAXIMUM_PAGES[MAXIMUM_PAGES.length - 1]) {
        throw error;
      }
    }
  }
  throw new RangeError('No memory.');
}

/** Lends pieces of the kernels' memory, and knows which arrays lie in it. */
export class WasmMemory implements KernelMemory {
  /** Each growth makes a new object for the same memory; a view keeps the one it was made with. */
  private readonly buffers = new WeakSet<ArrayBufferLike>();
  private newest: ArrayBufferLike;

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly heap: HeapExports,
  ) {
    this.newest = memory.buffer;
    this.buffers.add(this.newest);
  }

  take(bytes: number): MemoryBlock {
    const offset = bytes < 2 ** 32 ? this.heap.allocate(bytes) >>> 0 : 0;
    if (offset === 0) {
      throw new RangeError(
        `The memory of the WebAssembly kernels is full: ${(this.newest.byteLength / 2 ** 20).toFixed(0)} MiB are in use, ${(bytes / 2 ** 20).toFixed(1)} MiB more were asked for.`,
      );
    }
    return { buffer: this.upTo(offset + bytes), offset };
  }

  give(block: MemoryBlock, bytes: number): void {
    this.heap.release(block.offset, bytes);
  }

  holds(array: ArrayBufferView): boolean {
    return this.buffers.has(array.buffer);
  }

  /** The memory, as an object that reaches at least to `end`. */
  upTo(end: number): ArrayBufferLike {
    if (this.newest.byteLength < end) {
      this.memory.grow(0);
      this.newest = this.memory.buffer;
      this.buffers.add(this.newest);
    }
    return this.newest;
  }
}
