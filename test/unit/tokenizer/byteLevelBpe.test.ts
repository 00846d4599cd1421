import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TokenizerJson } from '../../../server/model/tokenizer/format.js';
import { makeTokenizer } from '../../../server/model/tokenizer/load.js';
import { ByteLevelBpe } from '../../../server/model/tokenizer/byteLevelBpe.js';
import { chunks, json, oracle, oracleIds, sources, SPECIALS, UNICODE_CASES } from './support.js';

interface Golden {
  tokenizer: TokenizerJson;
  cases: { text: string; ids: number[] }[];
  decodedIds: number[];
  decoded: string;
  ignoreMerges: { text: string; ids: number[] };
}

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../goldens/tokenizer.json'), 'utf8'),
) as Golden;

const tokenizer = makeTokenizer(json);
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'ab \n\t(){};é漢🎉1\ud83c\udf89\ud800') }),
);
/** What UTF-8 can hold: lone surrogates become U+FFFD. */
const wellFormed = (text: string) =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text));

describe('encode', () => {
  it('gives the ids of @huggingface/tokenizers on thousands of chunks of real code', () => {
    const texts = [
      ...UNICODE_CASES,
      ...chunks(sources('node_modules/typescript/lib', /\.d\.ts$/, 400_000), 20),
      ...chunks(sources('node_modules/fast-check', /\.js$/, 500_000), 10),
      ...chunks(sources('node_modules/web-tree-sitter', /\.ts$/, 300_000), 10),
      ...chunks(sources('node_modules/node-addon-api', /\.(h|js|py)$/, 300_000), 10),
    ];
    expect(texts.length).toBeGreaterThan(2000);
    for (const text of texts) {
      expect(tokenizer.encode(text)).toEqual(oracleIds(oracle, text));
    }
  });

  it('gives the ids of @huggingface/tokenizers on any text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(tokenizer.encode(text)).toEqual(oracleIds(oracle, wellFormed(text)));
      }),
    );
  });

  it('gives the same ids from the cache', () => {
    const text = 'interface Symbol { readonly description: string | undefined; } // "constructor"';
    const first = tokenizer.encode(text);
    const wanted = [...first];
    first.fill(-1); // what was handed out belongs to the caller
    expect(tokenizer.encode(text)).toEqual(wanted);
  });

  it('recognises no special token written in text', () => {
    for (const special of SPECIALS) {
      const ids = tokenizer.encode(`const eos = "${special}";`);
      expect(ids).not.toContain(tokenizer.tokenToId(special));
      expect(tokenizer.decode(ids)).toBe(`const eos = "${special}";`);
    }
  });

  it('is not quadratic: one word of a million characters', () => {
    for (const unit of ['a', '=', 'ab', '漢']) {
      const text = unit.repeat(1_000_000 / unit.length);
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }
  });

  it('stays right when more pieces come than the cache holds', () => {
    const words = Array.from(
      { length: 120_000 },
      (_, i) => `w${i.toString(26).replace(/\d/g, 'Q')}x`,
    );
    const text = words.join(' ');
    const fresh = makeTokenizer(json);
    expect(fresh.decode(fresh.encode(text))).toBe(text);
    expect(fresh.encode('readonly constructor')).toEqual(oracleIds(oracle, 'readonly constructor'));
  });
});

describe('decode', () => {
  it('gives back any text; lone surrogates become U+FFFD', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(wellFormed(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps a byte order mark', () => {
    expect(tokenizer.decode(tokenizer.encode('\ufeffx'))).toBe('\ufeffx');
  });

  it('leaves out special tokens and ids without a token', () => {
    const ids = [tokenizer.eosId, ...tokenizer.encode('a b'), 999_999, tokenizer.eosId];
    expect(tokenizer.decode(ids)).toBe('a b');
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.decode(Int32Array.from(tokenizer.encode('int')))).toBe('int');
  });

  it('streams: pieces join to the whole, and no piece holds a broken character', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const stream = tokenizer.decodeStream();
        const pieces = tokenizer.encode(text).map((id) => stream.push(id));
        expect(pieces.join('') + stream.end()).toBe(wellFormed(text));
        if (!wellFormed(text).includes('\ufffd')) {
          expect(pieces.join('')).not.toContain('\ufffd');
        }
      }),
    );
  });

  it('holds back an unfinished character, and gives U+FFFD for it at the end', () => {
    const stream = tokenizer.decodeStream();
    // 'ð' U+00F0 spells the byte F0 in the alphabet; F0 9F opens an emoji.
    const opening = tokenizer.tokenToId('ð') as number;
    expect(stream.push(opening)).toBe('');
    expect(stream.end()).toBe('\ufffd');
    expect(stream.push(tokenizer.encode('x')[0])).toBe('x');
  });
});

describe('a file of the reference library (NFC, merges as pairs)', () => {
  const foreign = makeTokenizer(golden.tokenizer);

  it('is run by our own encoder, with equal ids', () => {
    expect(foreign).toBeInstanceOf(ByteLevelBpe);
    for (const { text, ids } of golden.cases) {
      expect(foreign.encode(text), JSON.stringify(text)).toEqual(ids);
    }
  });

  it('decodes alike, added tokens that are not special included', () => {
    expect(foreign.decode(golden.decodedIds)).toBe(golden.decoded);
    expect(foreign.vocabSize).toBe(423);
    expect(foreign.eosId).toBe(420);
    expect(foreign.idToToken(422)).toBe('<tool_call>');
    expect(foreign.encode('<tool_call>')).not.toContain(422);
  });

  it('reads merges as strings alike', () => {
    const { model } = golden.tokenizer;
    const merges = model.merges.map((merge) =>
      typeof merge === 'string' ? merge : merge.join(' '),
    );
    expect(typeof model.merges[0]).not.toBe('string');
    const asStrings = makeTokenizer({ ...golden.tokenizer, model: { ...model, merges } });
    for (const { text, ids } of golden.cases) {
      expect(asStrings.encode(text)).toEqual(ids);
    }
  });

  it('obeys ignore_merges', () => {
    const { model } = golden.tokenizer;
    const vocab = { ...model.vocab, zqzq: 423 };
    const { text, ids } = golden.ignoreMerges;
    const ignoring = { ...golden.tokenizer, model: { ...model, vocab, ignore_merges: true } };
    expect(makeTokenizer(ignoring).encode(text)).toEqual(ids);
    const merging = { ...golden.tokenizer, model: { ...model, vocab } };
    expect(makeTokenizer(merging).encode(text)).not.toEqual(ids);
  });

  it('groups digits by three where the pattern says so', () => {
    const text = JSON.stringify(golden.tokenizer).replaceAll('|\\\\p{N}|', '|\\\\p{N}{1,3}|');
    const grouped = JSON.parse(text) as TokenizerJson;
    grouped.model.vocab['12'] = 423;
    grouped.model.merges.push(['1', '2']);
    expect(makeTokenizer(grouped)).toBeInstanceOf(ByteLevelBpe);
    expect(makeTokenizer(grouped).encode('12')).toEqual([423]);
  });
});
