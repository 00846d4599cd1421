import { availableParallelism } from 'node:os';

/**
 * How many threads compute: never more than the machine lets this process use, and at least one.
 * @param asked 0: all of them; negative: all but so many
 */
export function threadCount(asked: number): number {
  const all = availableParallelism();
  return asked > 0 ? Math.min(Math.ceil(asked), all) : Math.max(1, all + Math.trunc(asked || 0));
}
