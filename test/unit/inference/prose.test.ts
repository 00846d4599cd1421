import { describe, expect, test } from 'vitest';
import { readsAsProse } from '../../../server/inference/prose.js';

describe('what reads as prose', () => {
  test.each([
    ['Counts the words of a text (or of none).', 2],
    ['`null` where nothing was found', 1],
    ['the name', 1],
    ['-1, if it is unknown', 1],
    ["the caller's own", 1],
  ])('%s', (text, fewest) => {
    expect(readsAsProse(text, fewest)).toBe(true);
  });

  test.each([
    ['', 1],
    ['s', 1],
    ['text', 2],
    [') of the list', 1],
    ['the result @returns the result', 1],
    ['the list (of', 1],
    ['the list] of', 1],
    ['the (list] of', 1],
    ['the the the list', 1],
    ['a b c d a b c d a b c', 1],
  ])('not: %s', (text, fewest) => {
    expect(readsAsProse(text, fewest)).toBe(false);
  });
});
