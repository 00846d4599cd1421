/** Hash functions of a signature, and how they are cut into bands of equal rows. */
const PERMUTATIONS = 128;
const BANDS = 16;
const ROWS = PERMUTATIONS / BANDS;
/** Tokens of a shingle. */
const SHINGLE = 5;
/** Estimated Jaccard similarity of the shingle sets from which two units count as the same. */
const THRESHOLD = 0.8;

/** Odd multipliers and offsets of the hash family, from a fixed generator: the same on every machine. */
const FAMILY = makeFamily();

function makeFamily(): { a: Uint32Array; b: Uint32Array } {
  const a = new Uint32Array(PERMUTATIONS);
  const b = new Uint32Array(PERMUTATIONS);
  let state = 0x9e3779b9;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return (z ^ (z >>> 14)) >>> 0;
  };
  for (let i = 0; i < PERMUTATIONS; i++) {
    a[i] = next() | 1;
    b[i] = next();
  }
  return { a, b };
}

/** The tokens of code in any language: words, numbers, and single marks. */
export function codeTokens(code: string): string[] {
  return code.match(/[\p{L}\p{N}_$]+|[^\s\p{L}\p{N}_$]/gu) ?? [];
}

/**
 * Finds texts that are nearly the same as one seen before: MinHash over token shingles, with locality-sensitive
 * hashing to find candidates (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, ch. 3).
 */
export class NearDuplicates {
  private readonly signatures: Uint32Array[] = [];
  private readonly buckets: Map<number, number[]>[] = Array.from(
    { length: BANDS },
    () => new Map<number, number[]>(),
  );

  /** Whether the code is nearly one that was added; if not, it is added. */
  seenBefore(tokens: readonly string[]): boolean {
    const signature = minHash(tokens);
    const keys = this.buckets.map((_, band) => bandKey(signature, band));
    for (const [band, buckets] of this.buckets.entries()) {
      for (const index of buckets.get(keys[band]) ?? []) {
        if (similarity(signature, this.signatures[index]) >= THRESHOLD) {
          return true;
        }
      }
    }
    for (const [band, buckets] of this.buckets.entries()) {
      const bucket = buckets.get(keys[band]);
      if (bucket === undefined) {
        buckets.set(keys[band], [this.signatures.length]);
      } else {
        bucket.push(this.signatures.length);
      }
    }
    this.signatures.push(signature);
    return false;
  }
}

function minHash(tokens: readonly string[]): Uint32Array {
  const hashes = tokens.map(hashText);
  const signature = new Uint32Array(PERMUTATIONS).fill(0xffffffff);
  const { a, b } = FAMILY;
  const shingles = new Set<number>();
  const last = Math.max(0, hashes.length - SHINGLE);
  for (let i = 0; i <= last; i++) {
    let shingle = 0x811c9dc5;
    for (let j = i; j < Math.min(i + SHINGLE, hashes.length); j++) {
      shingle = mix(Math.imul(shingle, 31) ^ hashes[j]);
    }
    shingles.add(shingle);
  }
  for (const shingle of shingles) {
    for (let k = 0; k < PERMUTATIONS; k++) {
      const value = mix(Math.imul(a[k], shingle) + b[k]);
      if (value < signature[k]) {
        signature[k] = value;
      }
    }
  }
  return signature;
}

function bandKey(signature: Uint32Array, band: number): number {
  let key = band;
  for (let i = band * ROWS; i < (band + 1) * ROWS; i++) {
    key = mix(Math.imul(key, 33) ^ signature[i]);
  }
  return key;
}

function similarity(a: Uint32Array, b: Uint32Array): number {
  let same = 0;
  for (let i = 0; i < PERMUTATIONS; i++) {
    same += a[i] === b[i] ? 1 : 0;
  }
  return same / PERMUTATIONS;
}

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** Spreads the bits of a 32-bit number (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let z = value >>> 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}
