/** A binary heap of pairs with the counts they had when put in: largest count, then smallest ids, first. */
export class PairHeap {
  private readonly pairs: number[] = [];
  private readonly counts: number[] = [];

  constructor(
    private readonly lefts: readonly number[],
    private readonly rights: readonly number[],
  ) {}

  push(pair: number, count: number): void {
    let child = this.pairs.length;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.precedes(pair, count, parent)) {
        break;
      }
      this.pairs[child] = this.pairs[parent];
      this.counts[child] = this.counts[parent];
      child = parent;
    }
    this.pairs[child] = pair;
    this.counts[child] = count;
  }

  pop(): { pair: number; count: number } | null {
    if (this.pairs.length === 0) {
      return null;
    }
    const top = { pair: this.pairs[0], count: this.counts[0] };
    const pair = this.pairs.pop() as number;
    const count = this.counts.pop() as number;
    const size = this.pairs.length;
    if (size === 0) {
      return top;
    }
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= size) {
        break;
      }
      if (child + 1 < size && this.precedes(this.pairs[child + 1], this.counts[child + 1], child)) {
        child++;
      }
      if (this.precedes(pair, count, child)) {
        break;
      }
      this.pairs[parent] = this.pairs[child];
      this.counts[parent] = this.counts[child];
      parent = child;
    }
    this.pairs[parent] = pair;
    this.counts[parent] = count;
    return top;
  }

  private precedes(pair: number, count: number, at: number): boolean {
    if (count !== this.counts[at]) {
      return count > this.counts[at];
    }
    const other = this.pairs[at];
    const order = this.lefts[pair] - this.lefts[other] || this.rights[pair] - this.rights[other];
    return order < 0;
  }
}
