/** How soon a word that stands often in a text counts no more, and how much a text's length counts. */
const K1 = 1.2;
const B = 0.75;

/** Texts as bags of words, found by Okapi BM25 (Robertson and Zaragoza 2009, section 3.3) through an inverted index. */
export class Bm25 {
  private readonly lengths: number[] = [];
  private total = 0;
  /** Of each word: text and count, one after the other. */
  private readonly postings = new Map<string, number[]>();

  get size(): number {
    return this.lengths.length;
  }

  /** Adds a text; its index is the number of those before it. */
  add(words: readonly string[]): void {
    const index = this.lengths.length;
    for (const [word, count] of tally(words)) {
      const list = this.postings.get(word);
      if (list === undefined) {
        this.postings.set(word, [index, count]);
      } else {
        list.push(index, count);
      }
    }
    this.lengths.push(words.length);
    this.total += words.length;
  }

  /**
   * The index of the text nearest to some words, the first of equals; null where none has any of them.
   * @param words one that stands here twice counts twice
   */
  nearest(words: readonly string[]): number | null {
    const scores = new Float64Array(this.size);
    const mean = this.total / this.size;
    for (const [word, weight] of tally(words)) {
      const list = this.postings.get(word) ?? [];
      const having = list.length / 2;
      const rarity = Math.log(1 + (this.size - having + 0.5) / (having + 0.5));
      for (let at = 0; at < list.length; at += 2) {
        const [index, count] = [list[at], list[at + 1]];
        const norm = K1 * (1 - B + (B * this.lengths[index]) / mean);
        scores[index] += (weight * rarity * count * (K1 + 1)) / (count + norm);
      }
    }
    let best: number | null = null;
    scores.forEach((score, index) => {
      if (score > (best === null ? 0 : scores[best])) {
        best = index;
      }
    });
    return best;
  }
}

function tally(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}
