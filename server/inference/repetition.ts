/** Whether a word stands three times in a row, or a run of three words comes three times. */
export function repeatsItself(text: string): boolean {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
  const seen = new Map<string, number>();
  for (let i = 0; i + 2 < words.length; i++) {
    if (words[i] === words[i + 1] && words[i] === words[i + 2]) {
      return true;
    }
    const run = `${words[i]} ${words[i + 1]} ${words[i + 2]}`;
    const count = (seen.get(run) ?? 0) + 1;
    if (count >= 3) {
      return true;
    }
    seen.set(run, count);
  }
  return false;
}
