/**
 * ROUGE-L of two texts in [0, 1]: the F-measure of their longest common subsequence of words (Lin 2004, section 3),
 * precision and recall weighing the same. Case and punctuation do not count.
 */
export function rougeL(candidate: string, reference: string): number {
  const a = words(candidate);
  const b = words(reference);
  if (a.length === 0 || b.length === 0) {
    return a.length === b.length ? 1 : 0;
  }
  let row = new Uint16Array(b.length + 1);
  for (const word of a) {
    const next = new Uint16Array(b.length + 1);
    for (let j = 0; j < b.length; j++) {
      next[j + 1] = b[j] === word ? row[j] + 1 : Math.max(row[j + 1], next[j]);
    }
    row = next;
  }
  return (2 * row[b.length]) / (a.length + b.length);
}

function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
