import type { Qwen2Model } from '../../model/transformer.js';

export const WEIGHT_KINDS = ['f32', 'int8', 'int4'] as const;
type WeightKind = (typeof WEIGHT_KINDS)[number];

/** Turns a model's weights into the kind that was asked for, f32 where nothing was. */
export function quantizeAs(model: Qwen2Model, asked: string | undefined): WeightKind {
  const kind = WEIGHT_KINDS.find((known) => known === asked) ?? 'f32';
  if (kind !== 'f32') {
    model.quantize(kind);
  }
  return kind;
}
