import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors } from '../../../server/model/weights/safetensors.js';

export interface Golden {
  dir: string;
  sequences: number[][];
  loss: number;
  greedy: number[][];
  tensor(name: string): Float32Array;
  /** The tensors whose names begin so, without that beginning. */
  under(prefix: string): Map<string, Float32Array>;
}

/** The results of transformers and peft for one of the small models: see goldens/qwen2/make.py. */
export function readGolden(name: 'tied' | 'untied' | 'adapter'): Golden {
  const dir = goldenDir(name);
  const facts = JSON.parse(readFileSync(join(dir, 'golden.json'), 'utf8')) as Omit<
    Golden,
    'dir' | 'tensor' | 'under'
  >;
  const file = readSafetensors(join(dir, 'golden.safetensors'));
  const tensors = new Map([...file.tensors].map(([key, entry]) => [key, entry.read()]));
  file.close();
  return {
    ...facts,
    sequences: facts.sequences ?? readGolden('tied').sequences,
    dir,
    tensor: (key) => tensors.get(key)!,
    under: (prefix) =>
      new Map(
        [...tensors]
          .filter(([key]) => key.startsWith(prefix))
          .map(([key, value]) => [key.slice(prefix.length), value]),
      ),
  };
}

export function goldenDir(name: 'tied' | 'untied' | 'adapter'): string {
  return join(import.meta.dirname, '../../goldens/qwen2', name);
}

/** The largest difference, as a share of the largest expected value: what "relative" means for a whole tensor. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) {
    return Infinity;
  }
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(actual[i] - expected[i]);
    difference = off <= difference ? difference : off; // keeps NaN
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return scale === 0 ? difference : difference / scale;
}
