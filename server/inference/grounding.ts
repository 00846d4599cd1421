import { identifierWords } from './words.js';

/** Shorter words ("a", "of", "i") stand everywhere. */
const SHORTEST = 3;

/**
 * The share of a text's words that its source has too, plural or not. The similarity sees no names, so that a doc
 * about tickets and one about orders are equal to it; this tells them apart.
 * @returns in [0, 1]; 0 for a text without words
 */
export function grounding(text: string, source: string): number {
  const known = new Set(stems(source));
  const words = new Set(stems(text));
  const shared = [...words].filter((word) => known.has(word));
  return words.size === 0 ? 0 : shared.length / words.size;
}

function stems(text: string): string[] {
  return identifierWords(text)
    .filter((word) => word.length >= SHORTEST)
    .map((word) => word.replace(/s$/, ''));
}
