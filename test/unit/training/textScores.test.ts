import { describe, expect, it } from 'vitest';
import { chrf } from '../../../server/inference/chrf.js';
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
