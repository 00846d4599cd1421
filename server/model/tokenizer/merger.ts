import type { PairTable } from './pairTable.js';

/** The merges of a tokenizer: `ranks` gives a pair's rank, `results` the id that the rank's pair becomes. */
export interface Merges {
  ranks: PairTable;
  results: Int32Array;
}

/** Heap entries are rank * RANK_UNIT + position, so that the order is by rank, then from left to right. */
const RANK_UNIT = 2 ** 31;

/**
 * Applies merges to one piece of text: a linked list of tokens and a heap of the pairs that can merge,
 * so that n bytes take O(n log n). Buffers are kept between calls.
 */
export class Merger {
  private ids = new Int32Array(256);
  private before = new Int32Array(256);
  private after = new Int32Array(256); // -1: the last
  private heap = new Float64Array(768);
  private heapSize = 0;

  constructor(private readonly merges: Merges) {}

  /** Merges the first `length` of `start` (byte tokens) as far as the merges go. */
  merge(start: Int32Array, length: number): number[] {
    this.reserve(length);
    const { ids, before, after } = this;
    this.heapSize = 0;
    for (let i = 0; i < length; i++) {
      ids[i] = start[i];
      before[i] = i - 1;
      after[i] = i + 1 < length ? i + 1 : -1;
    }
    for (let i = 0; i + 1 < length; i++) {
      this.offer(i);
    }
    while (this.heapSize > 0) {
      const entry = this.pop();
      const rank = Math.floor(entry / RANK_UNIT);
      const at = entry % RANK_UNIT;
      const next = after[at];
      // An entry is stale when a neighbour was merged since; a swallowed token has id -1.
      if (next < 0 || ids[at] < 0 || this.merges.ranks.get(ids[at], ids[next]) !== rank) {
        continue;
      }
      ids[at] = this.merges.results[rank];
      ids[next] = -1;
      after[at] = after[next];
      if (after[at] >= 0) {
        before[after[at]] = at;
        this.offer(at);
      }
      if (before[at] >= 0) {
        this.offer(before[at]);
      }
    }
    const merged: number[] = [];
    for (let i = length > 0 ? 0 : -1; i >= 0; i = after[i]) {
      merged.push(ids[i]);
    }
    return merged;
  }

  /** Puts the pair that starts at `at` on the heap if it can merge. */
  private offer(at: number): void {
    const rank = this.merges.ranks.get(this.ids[at], this.ids[this.after[at]]);
    if (rank < 0) {
      return;
    }
    const { heap } = this;
    const entry = rank * RANK_UNIT + at;
    let child = this.heapSize++;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (heap[parent] <= entry) {
        break;
      }
      heap[child] = heap[parent];
      child = parent;
    }
    heap[child] = entry;
  }

  private pop(): number {
    const { heap } = this;
    const top = heap[0];
    const size = --this.heapSize;
    const entry = heap[size];
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= size) {
        break;
      }
      if (child + 1 < size && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[child] >= entry) {
        break;
      }
      heap[parent] = heap[child];
      parent = child;
    }
    heap[parent] = entry;
    return top;
  }

  /** Each merge takes one entry's token away and adds at most two entries: 3n bounds the heap. */
  private reserve(length: number): void {
    if (length > this.ids.length) {
      const capacity = 2 ** Math.ceil(Math.log2(length));
      this.ids = new Int32Array(capacity);
      this.before = new Int32Array(capacity);
      this.after = new Int32Array(capacity);
      this.heap = new Float64Array(3 * capacity);
    }
  }
}
