import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BYTE_TO_CHARACTER } from '../../../server/model/tokenizer/byteAlphabet.js';
import { makeTokenizer } from '../../../server/model/tokenizer/load.js';
import { pieceEnd } from '../../../server/model/tokenizer/splitter.js';
import { trainTokenizer } from '../../../server/model/tokenizer/train.js';
import { json, SPECIALS, sources } from './support.js';

/** The textbook trainer: count all pairs anew for each merge. */
function naiveMerges(texts: string[], count: number): string[] {
  const words: string[][] = [];
  for (const text of texts) {
    for (let start = 0; start < text.length; ) {
      const end = pieceEnd(text, start, 1);
      const bytes = [...Buffer.from(text.slice(start, end), 'utf8')];
      words.push(bytes.map((byte) => BYTE_TO_CHARACTER[byte]));
      start = end;
    }
  }
  const ids = new Map(BYTE_TO_CHARACTER.map((character, id) => [character, id]));
  const merges: string[] = [];
  while (ids.size < 256 + count) {
    const counts = new Map<string, number>();
    for (const word of words) {
      for (let i = 0; i + 1 < word.length; i++) {
        const pair = `${word[i]} ${word[i + 1]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const order = ([pair]: [string, number]) =>
      pair.split(' ').map((token) => ids.get(token) as number);
    const [best] = [...counts].sort((a, b) => {
      const [leftA, rightA] = order(a);
      const [leftB, rightB] = order(b);
      return b[1] - a[1] || leftA - leftB || rightA - rightB;
    });
    if (!best || best[1] < 2) {
      break;
    }
    const [left, right] = best[0].split(' ');
    merges.push(best[0]);
    if (!ids.has(left + right)) {
      ids.set(left + right, ids.size);
    }
    for (const word of words) {
      for (let i = 0; i + 1 < word.length; i++) {
        if (word[i] === left && word[i + 1] === right) {
          word.splice(i, 2, left + right);
        }
      }
    }
  }
  return merges;
}

describe('trainTokenizer', () => {
  it('finds the merges of the textbook algorithm, ties included', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', '\n', 'é'), maxLength: 40 }),
          {
            maxLength: 8,
          },
        ),
        (texts) => {
          const trained = trainTokenizer(texts, { vocabSize: 276, specials: [] });
          expect(trained.model.merges).toEqual(naiveMerges(texts, 20));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('finds the merges of the textbook algorithm on real code', () => {
    const texts = sources('node_modules/typescript/lib', /es2015.*\.d\.ts$/, 30_000);
    expect(texts.length).toBeGreaterThan(1);
    const trained = trainTokenizer(texts, { vocabSize: 256 + 150, specials: [] });
    expect(trained.model.merges).toEqual(naiveMerges(texts, 150));
  });

  it('does not depend on the order of the texts', () => {
    const texts = sources('node_modules/typescript/lib', /es20.*\.d\.ts$/, 100_000);
    const train = (order: string[]) =>
      trainTokenizer(order, { vocabSize: 1000, specials: SPECIALS });
    expect(train([...texts].reverse())).toEqual(train(texts));
  });

  it('gives the vocabulary asked for: all bytes first, special tokens last', () => {
    const { vocab } = json.model;
    expect(Object.keys(vocab)).toHaveLength(4000 - SPECIALS.length);
    expect(BYTE_TO_CHARACTER.map((character) => vocab[character])).toEqual([...Array(256).keys()]);
    const tokenizer = makeTokenizer(json);
    expect(tokenizer.vocabSize).toBe(4000);
    expect(SPECIALS.map((special) => tokenizer.tokenToId(special))).toEqual([3997, 3998, 3999]);
    expect(new Set(Object.values(vocab)).size).toBe(4000 - SPECIALS.length);
    expect(tokenizer.idToToken(3997)).toBe('<|endoftext|>');
  });

  it('learns words that are names of object members', () => {
    const words = ['constructor', '__proto__', 'hasOwnProperty', 'toString', 'valueOf'];
    const text = words.map((word) => `${word}\n`.repeat(50)).join('');
    const trained = trainTokenizer([text], { vocabSize: 400, specials: ['<|endoftext|>'] });
    const again = makeTokenizer(JSON.parse(JSON.stringify(trained)));
    expect(again.encode('constructor')).toHaveLength(1);
    expect(again.encode('valueOf')).toHaveLength(1);
    expect(again.decode(again.encode(text))).toBe(text);
    const proto = trainTokenizer(['x __proto__ '.repeat(9)], { vocabSize: 300, specials: [] });
    expect(Object.keys(proto.model.vocab)).toContain('__');
  });

  it('never makes a special token out of text', () => {
    const trained = trainTokenizer(['abab '.repeat(50)], { vocabSize: 300, specials: ['ab'] });
    const tokenizer = makeTokenizer({
      ...trained,
      added_tokens: [...trained.added_tokens, { content: '<|endoftext|>', id: 299, special: true }],
    });
    expect(tokenizer.encode('ababab')).not.toContain(tokenizer.tokenToId('ab'));
  });

  it('stops early where the texts hold too little', () => {
    const trained = trainTokenizer(['abc'], { vocabSize: 5000, specials: ['<|endoftext|>'] });
    expect(makeTokenizer(trained).vocabSize).toBe(257);
    expect(trainTokenizer([], { vocabSize: 300, specials: [] }).model.merges).toEqual([]);
  });

  it('refuses a vocabulary without room for the bytes', () => {
    expect(() => trainTokenizer([], { vocabSize: 256, specials: ['x'] })).toThrow(RangeError);
  });
});
