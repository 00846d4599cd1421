import { sha256 } from '../util/hash.js';

export type Split = 'train' | 'held-out';

/** A file, and how many units it gives. */
export interface SplitFile {
  path: string;
  units: number;
}

/** A file is not held out where the held-out units would be more than this times as many as asked for. */
const MOST_OVER = 1.2;

/**
 * Splits files into train and held-out: they are taken in the order of a hash of the seed and the path, until `share`
 * of all units is held out. So files keep their split when others come and go, but for a few near the end of the
 * share. Where two files or more have units, both splits have some.
 * @param share the part of the units that is held out, in [0, 1]
 */
export function splitFiles(
  files: readonly SplitFile[],
  seed: number,
  share: number,
): Map<string, Split> {
  const ranked = files
    .map((file) => ({ ...file, draw: sha256(`${seed}\n${file.path}`) }))
    .sort((a, b) => (a.draw < b.draw ? -1 : 1));
  const wanted = share * files.reduce((sum, { units }) => sum + units, 0);
  const splits = new Map<string, Split>();
  let held = 0;
  for (const { path, units } of ranked) {
    const holds = held < wanted && held + units <= MOST_OVER * wanted;
    splits.set(path, holds ? 'held-out' : 'train');
    held += holds ? units : 0;
  }
  const useful = ranked.filter(({ units }) => units > 0);
  if (useful.length >= 2 && share > 0 && share < 1) {
    if (held === 0) {
      splits.set(useful[0].path, 'held-out');
    } else if (useful.every(({ path }) => splits.get(path) === 'held-out')) {
      splits.set(useful.at(-1)!.path, 'train');
    }
  }
  return splits;
}
