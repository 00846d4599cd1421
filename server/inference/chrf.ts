const LONGEST = 6;
const BETA = 2;

/**
 * chrF of two texts in [0, 1] (Popovic 2015): the F2 of character n-grams from 1 to 6, precision and recall averaged
 * over the orders that either text has. White space does not count.
 */
export function chrf(candidate: string, reference: string): number {
  const a = candidate.replace(/\s+/g, '');
  const b = reference.replace(/\s+/g, '');
  if (a === '' || b === '') {
    return a === b ? 1 : 0;
  }
  let precision = 0;
  let recall = 0;
  let orders = 0;
  for (let n = 1; n <= LONGEST && (a.length >= n || b.length >= n); n++) {
    const own = grams(a, n);
    const other = grams(b, n);
    let shared = 0;
    for (const [gram, count] of own) {
      shared += Math.min(count, other.get(gram) ?? 0);
    }
    precision += shared / Math.max(a.length - n + 1, 1);
    recall += shared / Math.max(b.length - n + 1, 1);
    orders++;
  }
  precision /= orders;
  recall /= orders;
  const weighted = BETA * BETA * precision + recall;
  return weighted === 0 ? 0 : ((1 + BETA * BETA) * precision * recall) / weighted;
}

function grams(text: string, n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= text.length; i++) {
    const gram = text.slice(i, i + n);
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}
