import type { TargetBatch } from '../../../server/model/loss.js';
import { segmentsOf } from '../../../server/tensor/segments.js';

/** Whole sequences one after another, each token's target the next one. */
export function packAll(sequences: readonly (readonly number[])[]): TargetBatch {
  return {
    ids: Int32Array.from(sequences.flat()),
    positions: Int32Array.from(sequences.flatMap((ids) => ids.map((_, place) => place))),
    segments: segmentsOf(sequences.map((ids) => ids.length)),
    targets: Int32Array.from(sequences.flatMap((ids) => [...ids.slice(1), -1])),
  };
}

/** The same weight for every target, 1 in all. */
export function meanWeights({ targets }: TargetBatch): Float32Array {
  const count = targets.filter((target) => target >= 0).length;
  return Float32Array.from(targets, (target) => (target < 0 ? 0 : 1 / count));
}
