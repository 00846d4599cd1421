/**
 * Makes as many results as are wanted; those that came to nothing are attempted again together, round after round.
 * @param retries rounds after the first
 * @param attempt makes those with these numbers; null: nothing came of it
 */
export async function withRetries<T>(
  count: number,
  retries: number,
  attempt: (open: readonly number[], round: number) => Promise<readonly (T | null)[]>,
): Promise<(T | null)[]> {
  const made = Array.from({ length: count }, (): T | null => null);
  let open = [...made.keys()];
  for (let round = 0; open.length > 0 && round <= retries; round++) {
    const results = await attempt(open, round);
    open.forEach((i, at) => {
      made[i] = results[at];
    });
    open = open.filter((i) => made[i] === null);
  }
  return made;
}
