import type { LanguageId } from '../../languages/types.js';

/** Documented functions to ask a trained model about, both ways. */
export const SAMPLES: readonly {
  language: LanguageId;
  name: string;
  doc: string;
  signature: string;
  rest: string;
}[] = [
  {
    language: 'typescript',
    name: 'findByName',
    doc: 'Finds the first item whose name is the given one.\n@param items the items to look through\n@param name the name to look for\n@returns the item, or null where there is none',
    signature: 'function findByName(items: readonly Item[], name: string): Item | null',
    rest: ' {\n  for (const item of items) {\n    if (item.name === name) {\n      return item;\n    }\n  }\n  return null;\n}',
  },
  {
    language: 'typescript',
    name: 'countWords',
    doc: 'Counts how often each word stands in a text.\n@param text the text\n@returns the counts by word',
    signature: 'function countWords(text: string): Map<string, number>',
    rest: " {\n  const counts = new Map<string, number>();\n  for (const word of text.split(/\\s+/)) {\n    if (word !== '') {\n      counts.set(word, (counts.get(word) ?? 0) + 1);\n    }\n  }\n  return counts;\n}",
  },
  {
    language: 'python',
    name: 'total_length',
    doc: 'Adds the lengths of all lines that are not blank.\n@param lines the lines\n@returns the sum of their lengths',
    signature: 'def total_length(lines):',
    rest: '\n    total = 0\n    for line in lines:\n        if line.strip():\n            total += len(line)\n    return total',
  },
  {
    language: 'python',
    name: 'chunks',
    doc: 'Splits a list into pieces of a size.\n@param values the list\n@param size how many values a piece has\n@returns the pieces',
    signature: 'def chunks(values, size):',
    rest: '\n    pieces = []\n    for start in range(0, len(values), size):\n        pieces.append(values[start : start + size])\n    return pieces',
  },
];
