import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { LANGUAGE_IDS, type LanguageId } from '../../languages/types.js';
import { writeFileAtomicWith, writeFully } from '../../store/atomic.js';
import { UserError } from '../../util/errors.js';

/** What a sequence teaches; a token file names each by its place here. */
export const OBJECTIVES = ['document', 'generate', 'code', 'fill'] as const;
export type Objective = (typeof OBJECTIVES)[number];

/** One training sequence. */
export interface TokenSequence {
  ids: ArrayLike<number>;
  /** Index of the first token of the answer; what stands before is the prompt. */
  answerStart: number;
  objective: Objective;
  language: LanguageId;
}

export interface TokenFileHeader {
  vocabSize: number;
  sequences: number;
  tokens: number;
  /** No sequence has more tokens. */
  maxTokens: number;
  seed: number;
  /** SHA-256 of the tokenizer.json that made the ids, in hexadecimal. */
  tokenizerHash: string;
}

const MAGIC = 0x4b544342; // "BCTK", little-endian
const VERSION = 1;
const HEADER_BYTES = 96;
const BYTES_PER_SEQUENCE = 6;

/**
 * Collects sequences and writes them as one token file (docs/model/data-format.md). All of it is held in memory
 * until then, two bytes a token.
 */
export class TokenFileWriter {
  private tokens = new Uint16Array(1 << 20);
  private tokenCount = 0;
  private readonly lengths: number[] = [];
  private readonly answerStarts: number[] = [];
  private readonly objectives: number[] = [];
  private readonly languages: number[] = [];
  private readonly starts: number[] = [];

  constructor(
    private readonly head: { vocabSize: number; maxTokens: number; tokenizerHash: string },
  ) {
    if (head.vocabSize > 0x10000 || head.maxTokens > 0xffff) {
      throw new RangeError('A token file holds ids and lengths of 16 bits.');
    }
  }

  get sequenceCount(): number {
    return this.lengths.length;
  }

  get totalTokens(): number {
    return this.tokenCount;
  }

  /** @throws RangeError for an empty or too long sequence, or an id outside the vocabulary */
  add({ ids, answerStart, objective, language }: TokenSequence): void {
    const { length } = ids;
    if (length === 0 || length > this.head.maxTokens || answerStart < 0 || answerStart > length) {
      throw new RangeError(`A sequence of ${length} tokens with its answer at ${answerStart}.`);
    }
    while (this.tokenCount + length > this.tokens.length) {
      const larger = new Uint16Array(this.tokens.length * 2);
      larger.set(this.tokens);
      this.tokens = larger;
    }
    for (let i = 0; i < length; i++) {
      if (!(ids[i] >= 0 && ids[i] < this.head.vocabSize)) {
        throw new RangeError(`Token ${ids[i]} is not in a vocabulary of ${this.head.vocabSize}.`);
      }
      this.tokens[this.tokenCount + i] = ids[i];
    }
    this.starts.push(this.tokenCount);
    this.tokenCount += length;
    this.lengths.push(length);
    this.answerStarts.push(answerStart);
    this.objectives.push(OBJECTIVES.indexOf(objective));
    this.languages.push(LANGUAGE_IDS.indexOf(language));
  }

  /**
   * Writes the file.
   * @param order the sequences in the order they should stand, each index once
   * @param seed kept in the header, as a note of what made the order
   */
  write(file: string, order: readonly number[], seed: number): void {
    const count = this.lengths.length;
    if (order.length !== count) {
      throw new RangeError(`An order of ${order.length} for ${count} sequences.`);
    }
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(MAGIC, 0);
    header.writeUInt16LE(VERSION, 4);
    header.writeUInt16LE(HEADER_BYTES, 6);
    header.writeUInt32LE(this.head.vocabSize, 8);
    header.writeUInt32LE(this.head.maxTokens, 12);
    header.writeBigUInt64LE(BigInt(count), 16);
    header.writeBigUInt64LE(BigInt(this.tokenCount), 24);
    header.writeUInt32LE(seed >>> 0, 32);
    Buffer.from(this.head.tokenizerHash, 'hex').copy(header, 64, 0, 32);
    const lengths = Uint16Array.from(order, (i) => this.lengths[i]);
    const answers = Uint16Array.from(order, (i) => this.answerStarts[i]);
    const objectives = Uint8Array.from(order, (i) => this.objectives[i]);
    const languages = Uint8Array.from(order, (i) => this.languages[i]);
    writeFileAtomicWith(file, (fd) => {
      for (const section of [header, lengths, answers, objectives, languages]) {
        writeFully(fd, bytesOf(section));
      }
      const buffer = new Uint16Array(1 << 20);
      let used = 0;
      for (const i of order) {
        const length = this.lengths[i];
        if (used + length > buffer.length) {
          writeFully(fd, bytesOf(buffer.subarray(0, used)));
          used = 0;
        }
        buffer.set(this.tokens.subarray(this.starts[i], this.starts[i] + length), used);
        used += length;
      }
      writeFully(fd, bytesOf(buffer.subarray(0, used)));
    });
  }
}

function bytesOf(array: Uint8Array | Uint16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** An open token file. The index is in memory, the tokens are read from the disk as they are asked for. */
export class TokenFile {
  readonly header: TokenFileHeader;
  private readonly fd: number;
  private readonly lengths: Uint16Array;
  private readonly answerStarts: Uint16Array;
  private readonly objectives: Uint8Array;
  private readonly languages: Uint8Array;
  /** Where each sequence begins, in tokens; one more entry for the end. */
  private readonly starts: Float64Array;
  private readonly tokensAt: number;

  /** @throws UserError where the file is no token file, of another version, or cut off */
  constructor(readonly file: string) {
    this.fd = openSync(file, 'r');
    try {
      const head = this.bytes(0, HEADER_BYTES);
      if (head.readUInt32LE(0) !== MAGIC || head.readUInt16LE(4) !== VERSION) {
        throw new UserError(`${file} is not a token file of version ${VERSION}; make it anew.`);
      }
      const start = head.readUInt16LE(6);
      const sequences = Number(head.readBigUInt64LE(16));
      const tokens = Number(head.readBigUInt64LE(24));
      this.tokensAt = start + sequences * BYTES_PER_SEQUENCE;
      if (fstatSync(this.fd).size !== this.tokensAt + 2 * tokens) {
        throw new UserError(`${file} is cut off; make it anew.`);
      }
      this.header = {
        vocabSize: head.readUInt32LE(8),
        maxTokens: head.readUInt32LE(12),
        sequences,
        tokens,
        seed: head.readUInt32LE(32),
        tokenizerHash: head.toString('hex', 64, 96),
      };
      this.lengths = words(this.bytes(start, 2 * sequences));
      this.answerStarts = words(this.bytes(start + 2 * sequences, 2 * sequences));
      this.objectives = this.bytes(start + 4 * sequences, sequences);
      this.languages = this.bytes(start + 5 * sequences, sequences);
      this.starts = new Float64Array(sequences + 1);
      this.lengths.forEach((length, i) => {
        this.starts[i + 1] = this.starts[i] + length;
      });
      if (this.starts[sequences] !== tokens) {
        throw new UserError(`${file} contradicts itself on its length; make it anew.`);
      }
    } catch (error) {
      closeSync(this.fd);
      throw error;
    }
  }

  /** Tokens of sequence `index`, without reading them. */
  length(index: number): number {
    return this.lengths[index];
  }

  /** Sequence `index`, from 0. */
  sequence(index: number): TokenSequence & { ids: Uint16Array } {
    if (!(index >= 0 && index < this.header.sequences)) {
      throw new RangeError(`Sequence ${index} of ${this.header.sequences}.`);
    }
    return {
      ids: words(this.bytes(this.tokensAt + 2 * this.starts[index], 2 * this.lengths[index])),
      answerStart: this.answerStarts[index],
      objective: OBJECTIVES[this.objectives[index]],
      language: LANGUAGE_IDS[this.languages[index]],
    };
  }

  close(): void {
    closeSync(this.fd);
  }

  private bytes(at: number, count: number): Buffer {
    const buffer = Buffer.alloc(count);
    for (let done = 0; done < count; ) {
      const read = readSync(this.fd, buffer, done, count - done, at + done);
      if (read === 0) {
        throw new UserError(`${this.file} is cut off; make it anew.`);
      }
      done += read;
    }
    return buffer;
  }
}

/** Little-endian 16-bit numbers; copies, because the bytes may stand at an odd place. */
function words(bytes: Buffer): Uint16Array {
  const array = new Uint16Array(bytes.length / 2);
  for (let i = 0; i < array.length; i++) {
    array[i] = bytes.readUInt16LE(2 * i);
  }
  return array;
}
