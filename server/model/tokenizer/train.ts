import { BYTE_TO_CHARACTER } from './byteAlphabet.js';
import { makeTokenizerJson, type TokenizerJson } from './format.js';
import { PairHeap } from './pairHeap.js';
import { PairTable } from './pairTable.js';
import { pieceEnd } from './splitter.js';

export interface TrainTokenizerOptions {
  /** The size to reach, bytes and special tokens included; less where the texts hold too little. */
  vocabSize: number;
  /** Special tokens; they take the last ids, in this order. */
  specials: readonly string[];
}

/** Longer pieces (data, not code) teach nothing and would cost much. */
const MAX_PIECE_BYTES = 256;
/** A pair seen once is not worth a token. */
const MIN_COUNT = 2;

/**
 * Learns byte-level BPE (Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units",
 * 2016): merges the most frequent pair of neighbours, over and over. All 256 bytes are in the alphabet.
 * The result depends on the counts of the pieces only: ties go to the pair with the smaller ids.
 * @throws RangeError where vocabSize leaves no room for the bytes and the special tokens
 */
export function trainTokenizer(
  texts: Iterable<string>,
  { vocabSize, specials }: TrainTokenizerOptions,
): TokenizerJson {
  const target = vocabSize - specials.length;
  if (!Number.isInteger(vocabSize) || target < 256) {
    throw new RangeError(
      `A vocabulary of ${vocabSize} is too small: 256 bytes and ${specials.length} special tokens must fit.`,
    );
  }
  const tokens = [...BYTE_TO_CHARACTER];
  const merges: [string, string][] = [];
  const idByToken = new Map(tokens.map((token, id) => [token, id]));
  const reserved = new Set(specials);
  const pairs = new PairCounts(countPieces(texts));
  while (tokens.length < target) {
    const best = pairs.best();
    if (!best) {
      break;
    }
    const [left, right] = best;
    const token = tokens[left] + tokens[right];
    if (reserved.has(token)) {
      pairs.discard(left, right);
      continue;
    }
    // Two ways of merging may spell one token; it keeps its first id.
    let id = idByToken.get(token);
    if (id === undefined) {
      id = tokens.length;
      tokens.push(token);
      idByToken.set(token, id);
    }
    merges.push([tokens[left], tokens[right]]);
    pairs.merge(left, right, id);
  }
  return makeTokenizerJson(tokens, merges, specials);
}

function countPieces(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (let start = 0; start < text.length; ) {
      const end = pieceEnd(text, start, 1);
      const piece = text.slice(start, end);
      counts.set(piece, (counts.get(piece) ?? 0) + 1);
      start = end;
    }
  }
  return counts;
}

/** A distinct piece: its tokens so far, and how often it stands in the texts. */
interface Word {
  ids: number[];
  count: number;
}

/** How often each pair of neighbours stands in the texts, and in which words. */
class PairCounts {
  private readonly words: Word[] = [];
  private readonly index = new PairTable(1 << 16);
  private readonly lefts: number[] = [];
  private readonly rights: number[] = [];
  private readonly counts: number[] = [];
  /** Words that held the pair when it was found; they may have lost it since, or be named twice. */
  private readonly places: number[][] = [];
  private readonly heap: PairHeap;
  /** Pairs that may have risen in the merge at hand. */
  private readonly risen = new Set<number>();

  constructor(pieces: ReadonlyMap<string, number>) {
    for (const [piece, count] of pieces) {
      const bytes = Buffer.from(piece, 'utf8');
      if (bytes.length > 1 && bytes.length <= MAX_PIECE_BYTES) {
        this.words.push({ ids: [...bytes], count });
      }
    }
    this.words.forEach((word, place) => {
      for (let i = 0; i + 1 < word.ids.length; i++) {
        const pair = this.add(word.ids[i], word.ids[i + 1], word.count);
        this.places[pair].push(place);
        this.risen.add(pair);
      }
    });
    this.heap = new PairHeap(this.lefts, this.rights);
    this.pushRisen();
  }

  /** The most frequent pair, or null when none is left that stands often enough. */
  best(): [left: number, right: number] | null {
    for (;;) {
      const top = this.heap.pop();
      if (!top || top.count < MIN_COUNT) {
        return null;
      }
      const count = this.counts[top.pair];
      if (count === top.count) {
        return [this.lefts[top.pair], this.rights[top.pair]];
      }
      // Counts that fell are put right only when they come up.
      if (count < top.count) {
        this.heap.push(top.pair, count);
      }
    }
  }

  /** Leaves a pair for good: it is off the heap, and its count cannot rise to be put there again. */
  discard(left: number, right: number): void {
    this.counts[this.index.get(left, right)] = -Infinity;
  }

  /** Replaces the pair by the token `id` in every word. */
  merge(left: number, right: number, id: number): void {
    const pair = this.index.get(left, right);
    const places = this.places[pair];
    this.places[pair] = [];
    for (const place of places) {
      this.mergeInWord(this.words[place], place, left, right, id);
    }
    this.pushRisen();
  }

  private mergeInWord(word: Word, place: number, left: number, right: number, id: number): void {
    const { ids, count } = word;
    const merged: number[] = [];
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] === left && i + 1 < ids.length && ids[i + 1] === right) {
        merged.push(id);
        i++;
      } else {
        merged.push(ids[i]);
      }
    }
    if (merged.length === ids.length) {
      return;
    }
    for (let i = 0; i + 1 < ids.length; i++) {
      this.counts[this.index.get(ids[i], ids[i + 1])] -= count;
    }
    for (let i = 0; i + 1 < merged.length; i++) {
      const pair = this.add(merged[i], merged[i + 1], count);
      // Only pairs with the new token can be new in this word, or rise in number.
      if (merged[i] === id || merged[i + 1] === id) {
        this.places[pair].push(place);
        this.risen.add(pair);
      }
    }
    word.ids = merged;
  }

  private add(left: number, right: number, count: number): number {
    let pair = this.index.get(left, right);
    if (pair < 0) {
      pair = this.counts.length;
      this.index.set(left, right, pair);
      this.lefts.push(left);
      this.rights.push(right);
      this.counts.push(0);
      this.places.push([]);
    }
    this.counts[pair] += count;
    return pair;
  }

  private pushRisen(): void {
    for (const pair of this.risen) {
      this.heap.push(pair, this.counts[pair]);
    }
    this.risen.clear();
  }
}
