import { expect, it } from 'vitest';
import { beatsWhatWas } from '../../../server/training/adoption.js';

it.each([
  [0.3, 0.2, null, true],
  [0.3, 0.2, 0.25, true],
  [0.3, 0.2, 0.3, false],
  [0.3, 0.2, 0.4, false],
  [0.2, 0.2, null, false],
  [0.2, 0.3, 0.1, false],
  [0, 0, 0, false],
])('%d after %d, with %s in use: %s', (after, before, inUse, adopted) => {
  expect(beatsWhatWas(after, before, inUse)).toBe(adopted);
});
