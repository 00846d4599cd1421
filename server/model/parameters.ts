import type { Qwen2Config } from './config.js';

export interface ParameterShape {
  name: string;
  shape: number[];
}

export const PROJECTIONS = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;
/** The linear layers of a block, as Hugging Face names them. */
export type Projection = (typeof PROJECTIONS)[number];

/** The name of a linear layer without `.weight` or `.bias`. */
export function projectionName(layer: number, projection: Projection): string {
  const block = ['gate_proj', 'up_proj', 'down_proj'].includes(projection) ? 'mlp' : 'self_attn';
  return `model.layers.${layer}.${block}.${projection}`;
}

/** [out, in] of a linear layer. */
export function projectionShape(config: Qwen2Config, projection: Projection): [number, number] {
  const { hiddenSize, innerSize, headSize } = config;
  switch (projection) {
    case 'q_proj':
      return [config.heads * headSize, hiddenSize];
    case 'k_proj':
    case 'v_proj':
      return [config.kvHeads * headSize, hiddenSize];
    case 'o_proj':
      return [hiddenSize, config.heads * headSize];
    case 'gate_proj':
    case 'up_proj':
      return [innerSize, hiddenSize];
    case 'down_proj':
      return [hiddenSize, innerSize];
  }
}

/** Every parameter under its Hugging Face name, in the order of the computation. */
export function parameterShapes(config: Qwen2Config): ParameterShape[] {
  const { vocabSize, hiddenSize } = config;
  const shapes: ParameterShape[] = [
    { name: 'model.embed_tokens.weight', shape: [vocabSize, hiddenSize] },
  ];
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}`;
    shapes.push({ name: `${prefix}.input_layernorm.weight`, shape: [hiddenSize] });
    for (const projection of PROJECTIONS) {
      const [out, input] = projectionShape(config, projection);
      const name = projectionName(layer, projection);
      shapes.push({ name: `${name}.weight`, shape: [out, input] });
      if (projection === 'q_proj' || projection === 'k_proj' || projection === 'v_proj') {
        shapes.push({ name: `${name}.bias`, shape: [out] });
      }
    }
    shapes.push({ name: `${prefix}.post_attention_layernorm.weight`, shape: [hiddenSize] });
  }
  shapes.push({ name: 'model.norm.weight', shape: [hiddenSize] });
  if (!config.tiedEmbeddings) {
    shapes.push({ name: 'lm_head.weight', shape: [vocabSize, hiddenSize] });
  }
  return shapes;
}

/** How many numbers a model of this shape holds. */
export function parameterCount(config: Qwen2Config): number {
  return parameterShapes(config).reduce(
    (total, { shape }) => total + shape.reduce((a, b) => a * b, 1),
    0,
  );
}
