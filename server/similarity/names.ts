/**
 * Numbers for the variables of a unit, so that tables of them are arrays. A name has one number at a time: where a block
 * declares it, another, until the block ends.
 */
export class Names {
  private readonly numbers = new Map<string, number>();
  private readonly texts: string[] = [];
  /** Of each open block, innermost last: what it declares, and the numbers that these names had before. */
  private readonly blocks: Map<string, number | undefined>[] = [
    new Map<string, number | undefined>(),
  ];

  /** The number that a name has here. */
  number(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.texts.push(text) - 1;
      this.numbers.set(text, number);
    }
    return number;
  }

  /** A number of its own for a name that the innermost block declares; the same when it does so again. */
  declare(text: string): number {
    const block = this.blocks[this.blocks.length - 1];
    if (block.has(text)) {
      return this.number(text);
    }
    block.set(text, this.numbers.get(text));
    const number = this.texts.push(text) - 1;
    this.numbers.set(text, number);
    return number;
  }

  text(number: number): string {
    return this.texts[number];
  }

  /** What each open block declares, later declarations too. */
  openBlocks(): readonly ReadonlyMap<string, unknown>[] {
    return this.blocks.slice();
  }

  openBlock(): void {
    this.blocks.push(new Map());
  }

  /** @returns the numbers that the block's variables had, and nothing has from here on */
  closeBlock(): number[] {
    const ended: number[] = [];
    this.blocks.pop()?.forEach((before, text) => {
      ended.push(this.number(text));
      if (before === undefined) {
        this.numbers.delete(text);
      } else {
        this.numbers.set(text, before);
      }
    });
    return ended;
  }
}
