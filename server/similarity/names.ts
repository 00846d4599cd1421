/**
 * Numbers for the variables of a unit, so that tables of them are arrays. A name has one number at a time: where a block
 * declares it, another, until the block ends.
 */
export class Names {
  private readonly numbers = new Map<string, number>();
  private readonly texts: string[] = [];
  /** Names that any block declares. */
  private readonly everDeclared = new Set<string>();
  /** What is declared in the open blocks, and the numbers that these names had before. */
  private readonly declared: { text: string; before: number | undefined }[] = [];
  /** The first declared in the innermost block. */
  private first = 0;

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
    for (let i = this.first; i < this.declared.length; i++) {
      if (this.declared[i].text === text) {
        return this.number(text);
      }
    }
    this.declared.push({ text, before: this.numbers.get(text) });
    this.everDeclared.add(text);
    const number = this.texts.push(text) - 1;
    this.numbers.set(text, number);
    return number;
  }

  text(number: number): string {
    return this.texts[number];
  }

  isDeclared(text: string): boolean {
    return this.everDeclared.has(text);
  }

  /** @returns what `closeBlock` wants */
  openBlock(): number {
    const outer = this.first;
    this.first = this.declared.length;
    return outer;
  }

  closeBlock(outer: number): void {
    while (this.declared.length > this.first) {
      const { text, before } = this.declared.pop()!;
      if (before === undefined) {
        this.numbers.delete(text);
      } else {
        this.numbers.set(text, before);
      }
    }
    this.first = outer;
  }
}
