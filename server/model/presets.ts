import type { Qwen2Config } from './config.js';

/** Sizes of models, from the smallest to the largest; `builtin` is that of the model that ships with BatCoder. */
export const MODEL_SIZES = ['tiny', 'small', 'builtin', 'medium', 'base', 'large'] as const;
export type ModelSize = (typeof MODEL_SIZES)[number];

const SHAPES: Record<
  ModelSize,
  Pick<Qwen2Config, 'layers' | 'hiddenSize' | 'innerSize' | 'heads' | 'kvHeads'>
> = {
  tiny: { layers: 2, hiddenSize: 128, innerSize: 344, heads: 4, kvHeads: 2 },
  small: { layers: 4, hiddenSize: 192, innerSize: 512, heads: 4, kvHeads: 2 },
  builtin: { layers: 6, hiddenSize: 192, innerSize: 512, heads: 4, kvHeads: 2 },
  medium: { layers: 6, hiddenSize: 256, innerSize: 688, heads: 4, kvHeads: 2 },
  base: { layers: 8, hiddenSize: 384, innerSize: 1024, heads: 6, kvHeads: 2 },
  large: { layers: 12, hiddenSize: 512, innerSize: 1376, heads: 8, kvHeads: 4 },
};

/**
 * The shape of a new model. Without the embedding table (vocabSize x hiddenSize), `tiny` has
 * 0.36, `small` 1.6, `builtin` 2.4, `medium` 4.4, `base` 12.6 and `large` 34.8 million parameters.
 */
export function configForSize(size: ModelSize, vocabSize: number, eosId: number): Qwen2Config {
  const shape = SHAPES[size];
  return {
    ...shape,
    vocabSize,
    headSize: shape.hiddenSize / shape.heads,
    contextLength: 1024,
    ropeTheta: 10000,
    rmsNormEps: 1e-6,
    tiedEmbeddings: true,
    bosId: null,
    eosIds: [eosId],
    padId: eosId,
  };
}
