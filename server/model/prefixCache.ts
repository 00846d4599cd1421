/** What an engine holds of a sequence. */
export interface CachedSequence {
  readonly id: number;
  /** The tokens whose keys and values are there. */
  tokens: number[];
  /** Whether somebody decodes in it. */
  open: boolean;
}

/** The sequences of an engine, by their tokens, those that nobody uses in the order of their last use. */
export class PrefixCache {
  /** Insertion order is the order of use. */
  private readonly sequences = new Map<number, CachedSequence>();

  add(id: number, tokens: readonly number[]): void {
    this.sequences.set(id, { id, tokens: [...tokens], open: true });
  }

  get(id: number): CachedSequence {
    const found = this.sequences.get(id);
    if (!found) {
      throw new Error(`There is no sequence ${id}.`);
    }
    return found;
  }

  delete(id: number): void {
    this.sequences.delete(id);
  }

  /** Ends the use of a sequence. */
  rest(id: number): void {
    const sequence = this.get(id);
    sequence.open = false;
    this.sequences.delete(id);
    this.sequences.set(id, sequence);
  }

  /** The sequence with the longest common beginning, a resting one before an open one; null where none has any. */
  longest(tokens: readonly number[]): { sequence: CachedSequence; length: number } | null {
    let best: { sequence: CachedSequence; length: number } | null = null;
    for (const sequence of this.sequences.values()) {
      const length = commonLength(sequence.tokens, tokens);
      const better = length - (best?.length ?? 0);
      if (better > 0 || (better === 0 && best?.sequence.open && !sequence.open)) {
        best = { sequence, length };
      }
    }
    return best;
  }

  /** The resting sequence that was used longest ago. */
  oldest(except?: CachedSequence): CachedSequence | null {
    for (const sequence of this.sequences.values()) {
      if (!sequence.open && sequence !== except) {
        return sequence;
      }
    }
    return null;
  }

  /** Tokens of the resting sequences, those that they share counted for each. */
  get restingTokens(): number {
    let total = 0;
    for (const { open, tokens } of this.sequences.values()) {
      total += open ? 0 : tokens.length;
    }
    return total;
  }
}

export function commonLength(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) {
    length++;
  }
  return length;
}
