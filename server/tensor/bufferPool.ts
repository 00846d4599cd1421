import type { KernelMemory, MemoryBlock } from './kernelMemory.js';

/** A piece of memory that the pool lends out. */
export interface Block extends MemoryBlock {
  readonly sizeClass: number;
}

const ALIGNMENT = 64;

/** The memory for tensors is spent: that of the system, or what a run may take of it. */
export class OutOfMemoryError extends Error {}

/**
 * Memory for tensors, kept by size class and used again: fresh memory costs page faults, and a
 * training step asks for the same sizes each time. A class is a quarter of a power of two, so at
 * most a fifth of a block is unused.
 */
export class BufferPool {
  private readonly free = new Map<number, Block[]>();
  private heldBytes = 0;
  /** Bytes that the pool may take from the system. */
  limit = Infinity;

  constructor(private readonly memory: KernelMemory) {}

  /** Bytes that the pool has taken from the system, lent out or not. */
  get bytes(): number {
    return this.heldBytes;
  }

  /**
   * A block of at least `floats` floats with undefined content.
   * @throws OutOfMemoryError
   */
  take(floats: number): Block {
    const sizeClass = sizeClassOf(Math.max(floats * 4, ALIGNMENT));
    const reused = this.free.get(sizeClass)?.pop();
    if (reused) {
      return reused;
    }
    const block = this.fresh(sizeClass);
    this.heldBytes += sizeClass;
    return { ...block, sizeClass };
  }

  give(block: Block): void {
    const list = this.free.get(block.sizeClass);
    if (list) {
      list.push(block);
    } else {
      this.free.set(block.sizeClass, [block]);
    }
  }

  /** Lets go of all blocks that are not lent out. */
  clear(): void {
    for (const list of this.free.values()) {
      for (const block of list) {
        this.heldBytes -= block.sizeClass;
        this.memory.give(block, block.sizeClass);
      }
    }
    this.free.clear();
  }

  /** Where the memory is full, blocks of other sizes that lie unused make room. */
  private fresh(bytes: number): MemoryBlock {
    const block = this.tryFresh(bytes);
    if (block !== null) {
      return block;
    }
    this.clear();
    const second = this.tryFresh(bytes);
    if (second === null) {
      const held = Math.round(this.heldBytes / 1e6);
      throw new OutOfMemoryError(
        `Not enough memory: ${Math.ceil(bytes / 1e6)} MB more than the ${held} MB in use.`,
      );
    }
    return second;
  }

  private tryFresh(bytes: number): MemoryBlock | null {
    if (this.heldBytes + bytes > this.limit) {
      return null;
    }
    try {
      return this.memory.take(bytes);
    } catch (error) {
      if (error instanceof RangeError) {
        return null;
      }
      throw error;
    }
  }
}

function sizeClassOf(bytes: number): number {
  const step = Math.max(ALIGNMENT, 2 ** (Math.ceil(Math.log2(bytes)) - 3));
  return Math.ceil(bytes / step) * step;
}
