import { gather, registerGradient, tensor1d, type Tensor2D } from '@tensorflow/tfjs-core';
import { gradientSum } from '../autodiff.js';
import { hasKernel, runKernel } from './kernel.js';

const EMBEDDING = 'BatCoderEmbedding';
const EMBEDDING_GRAD = 'BatCoderEmbeddingGrad';

/**
 * Rows of a table.
 * @param ids [N], each in [0, V)
 * @param table [V, D]
 * @returns [N, D]
 */
export function embedding(ids: Int32Array, table: Tensor2D): Tensor2D {
  if (hasKernel(EMBEDDING)) {
    return runKernel<Tensor2D>(EMBEDDING, { table }, { ids, vocab: table.shape[0] });
  }
  return embeddingComposition(ids, table);
}

function embeddingComposition(ids: Int32Array, table: Tensor2D): Tensor2D {
  return gather(table, tensor1d(ids, 'int32'));
}

registerGradient({
  kernelName: EMBEDDING,
  gradFunc: (dy, _saved, attrs) => ({
    table: () =>
      runKernel<Tensor2D>(
        EMBEDDING_GRAD,
        { dy: dy as Tensor2D },
        { ...attrs, sum: gradientSum('table') },
      ),
  }),
});
