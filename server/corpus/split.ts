import { sha256 } from '../util/hash.js';

export type Split = 'train' | 'held-out';

/**
 * Splits files into train and held-out by a hash of the seed and the path, so that a file keeps its split when
 * others come and go. With two files or more, both splits have at least one.
 * @param share the part that is held out, in [0, 1]
 */
export function splitFiles(
  paths: readonly string[],
  seed: number,
  share: number,
): Map<string, Split> {
  const ranked = paths
    .map((path) => ({
      path,
      draw: parseInt(sha256(`${seed}\n${path}`).slice(0, 13), 16) / 2 ** 52,
    }))
    .sort((a, b) => a.draw - b.draw || (a.path < b.path ? -1 : 1));
  const splits = new Map<string, Split>(
    ranked.map(({ path, draw }) => [path, draw < share ? 'held-out' : 'train']),
  );
  if (ranked.length >= 2 && share > 0 && share < 1) {
    splits.set(ranked[0].path, 'held-out');
    splits.set(ranked[ranked.length - 1].path, 'train');
  }
  return splits;
}
