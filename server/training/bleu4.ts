/** Runs of letters and digits are words; every other sign, the underscore among them, is a word of its own. */
const WORD = /[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu;
const LONGEST = 4;

/**
 * BLEU-4 of one sentence in [0, 1], smoothed as in CodeXGLUE's code-to-text task (Lu et al. 2021, arXiv 2102.04664):
 * one is added to the matches and to the number of n-grams above the first order (Lin and Och 2004), and to both lengths
 * in the brevity penalty. Case does not count. A corpus's figure is the mean over its sentences.
 */
export function bleu4(candidate: string, reference: string): number {
  const a = words(candidate);
  const b = words(reference);
  let logPrecisions = 0;
  for (let n = 1; n <= LONGEST; n++) {
    const added = n === 1 ? 0 : 1;
    const matches = added + sharedGrams(a, b, n);
    if (matches === 0) {
      return 0;
    }
    logPrecisions += Math.log(matches / (added + Math.max(a.length - n + 1, 0)));
  }
  const brevity = Math.min(0, 1 - (b.length + 1) / (a.length + 1));
  return Math.exp(logPrecisions / LONGEST + brevity);
}

/** N-grams of both, each counted as often as it stands in the one that has it less. */
function sharedGrams(a: readonly string[], b: readonly string[], n: number): number {
  const left = new Map<string, number>();
  for (let i = 0; i + n <= b.length; i++) {
    const gram = b.slice(i, i + n).join(' ');
    left.set(gram, (left.get(gram) ?? 0) + 1);
  }
  let shared = 0;
  for (let i = 0; i + n <= a.length; i++) {
    const gram = a.slice(i, i + n).join(' ');
    const count = left.get(gram) ?? 0;
    if (count > 0) {
      left.set(gram, count - 1);
      shared++;
    }
  }
  return shared;
}

function words(text: string): string[] {
  return text.toLowerCase().match(WORD) ?? [];
}
