import { TextDecoder } from 'node:util';
import { BYTE_TO_CHARACTER, tokenToBytes } from './byteAlphabet.js';
import type { BpeDescription } from './format.js';
import { Merger, type Merges } from './merger.js';
import { PairTable } from './pairTable.js';
import { pieceEnd } from './splitter.js';
import type { DecodeStream, Tokenizer } from './tokenizer.js';

/** Longer pieces are rare and not worth keeping. */
const MAX_CACHED_LENGTH = 48;
/** When so many pieces are cached, the cache starts anew: at most some 20 MB. */
const MAX_CACHED_PIECES = 100_000;

/** Byte-level BPE with Qwen2's splitting: the tokenizer of Qwen2 models and of those we make. */
export class ByteLevelBpe implements Tokenizer {
  readonly vocabSize: number;
  readonly eosId: number;
  private readonly idByToken: Map<string, number>;
  private readonly tokens: (string | undefined)[];
  /** What each id decodes to; undefined: nothing. */
  private readonly bytes: (Uint8Array | undefined)[];
  private readonly merger: Merger;
  private readonly byteIds: Int32Array; // [256]
  private readonly cache = new Map<string, readonly number[]>();
  private byteBuffer = new Uint8Array(256);
  private idBuffer = new Int32Array(256);
  private readonly encoder = new TextEncoder();
  private readonly decoder = newDecoder();

  /** @throws Error where vocabulary and merges do not fit each other, or the end token is not there */
  constructor(
    private readonly description: BpeDescription,
    eosToken: string,
  ) {
    const { vocab, merges, added } = description;
    this.idByToken = new Map(vocab);
    this.tokens = [];
    this.bytes = [];
    for (const [token, id] of vocab) {
      this.tokens[id] = token;
      this.bytes[id] = tokenToBytes(token) ?? this.encoder.encode(token);
    }
    for (const { content, id, special } of added) {
      this.idByToken.set(content, id);
      this.tokens[id] = content;
      this.bytes[id] = special ? undefined : this.encoder.encode(content);
    }
    this.vocabSize = this.tokens.length;
    this.byteIds = Int32Array.from(BYTE_TO_CHARACTER, (character) => idOf(vocab, character));
    this.merger = new Merger(indexMerges(vocab, merges));
    this.eosId = idOf(this.idByToken, eosToken);
  }

  encode(text: string): number[] {
    const source = this.description.nfc ? text.normalize('NFC') : text;
    const ids: number[] = [];
    for (let start = 0; start < source.length; ) {
      const end = pieceEnd(source, start, this.description.maxDigits);
      const pieceIds = this.pieceIds(source.slice(start, end));
      for (let i = 0; i < pieceIds.length; i++) {
        ids.push(pieceIds[i]);
      }
      start = end;
    }
    return ids;
  }

  decode(ids: ArrayLike<number>): string {
    let length = 0;
    for (let i = 0; i < ids.length; i++) {
      length += this.bytes[ids[i]]?.length ?? 0;
    }
    const joined = new Uint8Array(length);
    let at = 0;
    for (let i = 0; i < ids.length; i++) {
      const bytes = this.bytes[ids[i]];
      if (bytes) {
        joined.set(bytes, at);
        at += bytes.length;
      }
    }
    return this.decoder.decode(joined);
  }

  decodeStream(): DecodeStream {
    const decoder = newDecoder();
    return {
      push: (id) => decoder.decode(this.bytes[id] ?? new Uint8Array(0), { stream: true }),
      end: () => decoder.decode(),
    };
  }

  tokenToId(token: string): number | undefined {
    return this.idByToken.get(token);
  }

  idToToken(id: number): string | undefined {
    return this.tokens[id];
  }

  private pieceIds(piece: string): readonly number[] {
    const cached = this.cache.get(piece);
    if (cached) {
      return cached;
    }
    const ids = this.mergePiece(piece);
    if (piece.length <= MAX_CACHED_LENGTH) {
      if (this.cache.size >= MAX_CACHED_PIECES) {
        this.cache.clear();
      }
      this.cache.set(this.ownCopy(piece), ids);
    }
    return ids;
  }

  /**
   * V8 keeps a slice of 13 characters or more as a reference into its whole text: a cache of slices
   * would hold every text ever encoded.
   */
  private ownCopy(piece: string): string {
    return piece.length < 13 ? piece : this.decoder.decode(this.encoder.encode(piece));
  }

  private mergePiece(piece: string): number[] {
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    if (piece.length * 3 > this.byteBuffer.length) {
      this.byteBuffer = new Uint8Array(piece.length * 3);
      this.idBuffer = new Int32Array(piece.length * 3);
    }
    const length = this.encoder.encodeInto(piece, this.byteBuffer).written;
    if (this.description.ignoreMerges) {
      const whole = this.description.vocab.get(spell(this.byteBuffer, length));
      if (whole !== undefined) {
        return [whole];
      }
    }
    for (let i = 0; i < length; i++) {
      this.idBuffer[i] = this.byteIds[this.byteBuffer[i]];
    }
    return this.merger.merge(this.idBuffer, length);
  }
}

/** A byte order mark is text like any other. */
function newDecoder(): TextDecoder {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}

function spell(bytes: Uint8Array, length: number): string {
  let token = '';
  for (let i = 0; i < length; i++) {
    token += BYTE_TO_CHARACTER[bytes[i]];
  }
  return token;
}

function idOf(ids: ReadonlyMap<string, number>, token: string): number {
  const id = ids.get(token);
  if (id === undefined) {
    throw new Error(`token ${JSON.stringify(token)} is not in the vocabulary`);
  }
  return id;
}

function indexMerges(vocab: ReadonlyMap<string, number>, merges: [string, string][]): Merges {
  const ranks = new PairTable(merges.length);
  const results = new Int32Array(merges.length);
  merges.forEach(([left, right], rank) => {
    const leftId = idOf(vocab, left);
    const rightId = idOf(vocab, right);
    results[rank] = idOf(vocab, left + right);
    ranks.set(leftId, rightId, rank);
  });
  return { ranks, results };
}
