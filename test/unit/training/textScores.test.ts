import { describe, expect, it } from 'vitest';
import { chrf } from '../../../server/inference/chrf.js';
import { bleu4 } from '../../../server/training/bleu4.js';
import { rougeL } from '../../../server/training/rougeL.js';

describe('chrf', () => {
  it('is 1 for equal texts, 0 for nothing in common', () => {
    expect(chrf('Reads a file', 'Reads  a file')).toBeCloseTo(1, 12);
    expect(chrf('abc', 'xyz')).toBe(0);
    expect(chrf('', 'xyz')).toBe(0);
    expect(chrf('', '')).toBe(1);
  });
  it('averages the orders and weighs recall twice', () => {
    // 'ab' against 'abc': order 1: p 1, r 2/3; order 2: p 1, r 1/2; order 3: p 0, r 0.
    // p = 2/3, r = 7/18; F2 = 5 p r / (4 p + r) = (70/54) / (55/18) = 0.424242.
    expect(chrf('ab', 'abc')).toBeCloseTo(0.424242, 5);
  });
});

describe('rougeL', () => {
  it('is the F-measure of the longest common subsequence', () => {
    // Common: reads, file; 3 and 4 words: 2 x 2 / 7.
    expect(rougeL('Reads the file.', 'reads a big file')).toBeCloseTo(4 / 7, 12);
    expect(rougeL('same words', 'Same words!')).toBe(1);
    expect(rougeL('', 'x')).toBe(0);
  });
});

describe('bleu4', () => {
  it('adds one above the first order, as worked by hand', () => {
    // 7 words each; in common 6 of 7 words, 4 of 6 pairs, 2 of 5 triples, 1 of 4 fours:
    // (6/7 x 5/7 x 3/6 x 2/5)^(1/4).
    const [a, b] = ['Returns the sum of two numbers.', 'returns the product of two numbers .'];
    expect(bleu4(a, b)).toBeCloseTo((6 / 7) ** 0.25 * (5 / 7) ** 0.25 * 0.2 ** 0.25, 12);
    expect(bleu4(a, b)).toBeCloseTo(0.591546, 6);
  });
  it('punishes brevity with one added to both lengths', () => {
    // 2 of 2 words, 1 of 1 pairs, no longer ones: 1; 2 words for 5: exp(1 - 6/3).
    expect(bleu4('reads files', 'reads files of a folder')).toBeCloseTo(Math.exp(-1), 12);
    expect(bleu4('reads files of a folder', 'reads files')).toBeCloseTo(
      ((2 / 5) * (2 / 5) * (1 / 4) * (1 / 3)) ** 0.25,
      12,
    );
  });
  it('takes every sign and the underscore for a word, and counts no word twice', () => {
    expect(bleu4('max_value', 'max _ value')).toBeCloseTo(1, 12);
    // 1 of 3 words; 0 + 1 of 2 + 1, 0 + 1 of 1 + 1, 0 + 1 of 0 + 1.
    expect(bleu4('the the the', 'the end was')).toBeCloseTo(((1 / 3) * (1 / 3) * 0.5) ** 0.25, 12);
    expect(bleu4('', 'x')).toBe(0);
    expect(bleu4('x', 'y')).toBe(0);
  });
});
