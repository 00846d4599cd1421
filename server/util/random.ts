/** The whole state of a `Random`: four unsigned 32-bit words, not all zero. It survives JSON. */
export type RandomState = [number, number, number, number];

const TWO_POW_32 = 2 ** 32;

/**
 * A seeded generator whose state can be saved: xoshiro128** (Blackman and Vigna, "Scrambled linear
 * pseudorandom number generators", 2021). The same seed gives the same sequence on every machine.
 * It is for sampling and shuffling, not for secrets.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  /**
   * @param seed any finite number, or a state saved earlier, to go on exactly from there
   * @throws RangeError for a seed that is not finite, or a state that is not one
   */
  constructor(seed: number | RandomState) {
    if (typeof seed === 'number') {
      [this.a, this.b, this.c, this.d] = expandSeed(seed);
      return;
    }
    const isWord = (word: number) => Number.isInteger(word) && word >= 0 && word < TWO_POW_32;
    if (seed.length !== 4 || !seed.every(isWord) || seed.every((word) => word === 0)) {
      throw new RangeError('A random state is four unsigned 32-bit words, not all zero.');
    }
    [this.a, this.b, this.c, this.d] = seed;
  }

  /** A copy of the state; `new Random(state)` continues the sequence. */
  get state(): RandomState {
    return [this.a, this.b, this.c, this.d];
  }

  /** The next 32 bits, as an unsigned integer. */
  uint32(): number {
    const product = Math.imul(this.b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b = (this.b ^ this.c) >>> 0;
    this.a = (this.a ^ this.d) >>> 0;
    this.c = (this.c ^ shifted) >>> 0;
    this.d = ((this.d << 11) | (this.d >>> 21)) >>> 0;
    return result;
  }

  /** Uniform in [0, 1), with 53 random bits. */
  next(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /**
   * A uniform integer in [0, n), without the bias of a plain remainder.
   * @throws RangeError unless n is an integer from 1 to 2^32
   */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_POW_32) {
      throw new RangeError(`Random.int needs an integer from 1 to 2^32, not ${n}.`);
    }
    const limit = TWO_POW_32 - (TWO_POW_32 % n);
    for (;;) {
      const word = this.uint32();
      if (word < limit) {
        return word % n;
      }
    }
  }

  /** Shuffles in place (Fisher-Yates) and returns the same array. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
    return items;
  }

  /** Standard normal (Box-Muller). The second value is dropped, so that the four words are all the state. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }
}

/** Spreads a seed over four words (the mixing steps of MurmurHash3 on a Weyl sequence); never all zero. */
function expandSeed(seed: number): RandomState {
  if (!Number.isFinite(seed)) {
    throw new RangeError(`A seed must be a finite number, not ${seed}.`);
  }
  const [low, high] = new Uint32Array(new Float64Array([seed + 0]).buffer);
  let weyl = (low ^ Math.imul(high, 0x9e3779b1)) >>> 0;
  const word = () => {
    weyl = (weyl + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(weyl ^ (weyl >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  // The mixing is one to one, so at most one of four consecutive words is zero.
  return [word(), word(), word(), word()];
}
