import type { Tensor2D } from '@tensorflow/tfjs-core';
import { INT4_GROUP, QuantizedMatrix, type QuantizedKind } from '../tensor/weights.js';
import { UserError } from '../util/errors.js';
import type { TensorData, WeightsReader } from './weights/safetensors.js';

/** What follows a matrix's name in the name of its scales. */
const SCALE = '.scale';

/**
 * Reads a parameter of a model: an I8 matrix with scales for its rows stays as it is, all else becomes floats.
 * @throws UserError where it is missing or has another shape
 */
export function storedWeight(
  stored: WeightsReader,
  dir: string,
  name: string,
  shape: readonly number[],
): Float32Array | QuantizedMatrix {
  const found = (wanted: string, size: readonly number[]) => {
    const tensor = stored.tensors.get(wanted);
    if (tensor?.shape.join() !== size.join()) {
      const is = tensor ? `[${tensor.shape.join(', ')}]` : 'missing';
      throw new UserError(
        `The weights in ${dir} do not fit its config.json: ${wanted} should be [${size.join(', ')}], but is ${is}.`,
      );
    }
    return tensor;
  };
  const tensor = found(name, shape);
  if (tensor.dtype !== 'I8') {
    return tensor.read();
  }
  const [out, input] = shape;
  const scales = found(`${name}${SCALE}`, [out]).read();
  return new QuantizedMatrix('int8', [out, input], tensor.readInt8(), scales);
}

/** What a safetensors file holds for 8-bit matrices. */
export function tensorsOfMatrices(
  matrices: ReadonlyMap<string, QuantizedMatrix>,
): Map<string, TensorData> {
  return new Map(
    [...matrices].flatMap(([name, { kind, shape, values, scales }]): [string, TensorData][] => {
      if (kind !== 'int8') {
        throw new Error('Weights in 4 bits are made when a model is loaded, they are not saved.');
      }
      return [
        [name, { shape, data: values as Int8Array, dtype: 'I8' }],
        [`${name}${SCALE}`, { shape: [shape[0]], data: scales }],
      ];
    }),
  );
}

/** A matrix of a model in fewer bits. Of 4-bit models the tables of the vocabulary keep 8. */
export function quantizeMatrix(name: string, w: Tensor2D, kind: QuantizedKind): QuantizedMatrix {
  const isTable = name === 'model.embed_tokens.weight' || name === 'lm_head.weight';
  const divides = w.shape[1] % INT4_GROUP === 0;
  return QuantizedMatrix.quantize(
    w.dataSync<'float32'>(),
    w.shape,
    isTable || !divides ? 'int8' : kind,
  );
}
