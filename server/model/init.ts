import { Random } from '../util/random.js';
import type { Qwen2Config } from './config.js';

const DEVIATION = 0.02;

/**
 * Random weights for a new model: normal with deviation 0.02, the projections that add to the residual stream
 * smaller by sqrt(2 * layers), so that its variance does not grow with depth (GPT-2, Radford et al. 2019, section
 * 2.3); gains 1, biases 0.
 * @returns to be called once for each parameter, in the order of `parameterShapes`
 */
export function initialWeights(
  config: Qwen2Config,
  seed: number,
): (name: string, shape: number[]) => Float32Array {
  const random = new Random(seed);
  const residual = DEVIATION / Math.sqrt(2 * config.layers);
  return (name, shape) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (name.endsWith('norm.weight')) {
      return values.fill(1);
    }
    if (name.endsWith('.bias')) {
      return values;
    }
    const deviation =
      name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight') ? residual : DEVIATION;
    return values.map(() => deviation * random.normal());
  };
}
