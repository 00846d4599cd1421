import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  OBJECTIVES,
  TokenFile,
  type TokenSequence,
  TokenFileWriter,
} from '../../../server/corpus/pretraining/tokenFile.js';
import { PRETRAINING_LANGUAGES } from '../../../server/corpus/pretraining/record.js';

const HASH = 'ab'.repeat(32);
const folder = mkdtempSync(join(tmpdir(), 'tokens-'));

function writer(): TokenFileWriter {
  return new TokenFileWriter({ vocabSize: 0x10000, maxTokens: 64, tokenizerHash: HASH });
}

const sequence: fc.Arbitrary<TokenSequence> = fc
  .record({
    ids: fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 64 }),
    answerStart: fc.nat(64),
    objective: fc.constantFrom(...OBJECTIVES),
    language: fc.constantFrom(...PRETRAINING_LANGUAGES),
  })
  .map((each) => ({ ...each, answerStart: Math.min(each.answerStart, each.ids.length) }));

describe('a token file', () => {
  it('gives back what was written, in the order asked', () => {
    const file = join(folder, 'round.tokens');
    fc.assert(
      fc.property(fc.array(sequence, { maxLength: 20 }), (sequences) => {
        const out = writer();
        sequences.forEach((each) => out.add(each));
        const order = sequences.map((_, i) => sequences.length - 1 - i);
        out.write(file, order, 7);
        const read = new TokenFile(file);
        try {
          expect(read.header).toEqual({
            vocabSize: 0x10000,
            maxTokens: 64,
            sequences: sequences.length,
            tokens: sequences.reduce((sum, { ids }) => sum + ids.length, 0),
            seed: 7,
            tokenizerHash: HASH,
          });
          order.forEach((from, to) => {
            const { ids, ...rest } = read.sequence(to);
            expect({ ids: [...ids], ...rest }).toEqual(sequences[from]);
            expect(read.length(to)).toBe(ids.length);
          });
        } finally {
          read.close();
        }
      }),
      { numRuns: 50 },
    );
  });

  it('has the bytes that its description says', () => {
    const file = join(folder, 'bytes.tokens');
    const out = writer();
    out.add({ ids: [1, 2, 515], answerStart: 1, objective: 'generate', language: 'python' });
    out.write(file, [0], 9);
    const bytes = readFileSync(file);
    expect(bytes.toString('latin1', 0, 4)).toBe('BCTK');
    expect([bytes.readUInt16LE(4), bytes.readUInt16LE(6)]).toEqual([1, 96]);
    expect(bytes.readUInt32LE(8)).toBe(0x10000);
    expect(bytes.readUInt32LE(12)).toBe(64);
    expect([bytes.readBigUInt64LE(16), bytes.readBigUInt64LE(24)]).toEqual([1n, 3n]);
    expect(bytes.readUInt32LE(32)).toBe(9);
    expect(bytes.toString('hex', 64, 96)).toBe(HASH);
    // length, answer start, objective, language, tokens
    expect([...bytes.subarray(96)]).toEqual([3, 0, 1, 0, 1, 3, 1, 0, 2, 0, 3, 2]);
  });

  it('refuses what cannot be: ids beyond the vocabulary, long sequences, a missing order', () => {
    const out = new TokenFileWriter({ vocabSize: 10, maxTokens: 3, tokenizerHash: HASH });
    const base = { answerStart: 0, objective: 'code', language: 'go' } as const;
    expect(() => out.add({ ...base, ids: [10] })).toThrow(RangeError);
    expect(() => out.add({ ...base, ids: [1, 2, 3, 4] })).toThrow(RangeError);
    expect(() => out.add({ ...base, ids: [] })).toThrow(RangeError);
    out.add({ ...base, ids: [9] });
    expect(() => out.write(join(folder, 'x'), [], 0)).toThrow(RangeError);
  });

  it('says so when a file is cut off or something else', () => {
    const file = join(folder, 'cut.tokens');
    const out = writer();
    out.add({ ids: [1, 2, 3], answerStart: 0, objective: 'code', language: 'go' });
    out.write(file, [0], 0);
    truncateSync(file, readFileSync(file).length - 2);
    expect(() => new TokenFile(file)).toThrow(/cut off/);
    writeFileSync(file, Buffer.alloc(200));
    expect(() => new TokenFile(file)).toThrow(/not a token file/);
  });
});
