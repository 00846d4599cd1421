import {
  mul,
  type Scalar,
  setBackend,
  sum,
  tensor,
  type Tensor,
  tensor1d,
  tensor2d,
  type Tensor1D,
  type Tensor2D,
  variable,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { valueAndGrads } from '../../../server/tensor/autodiff.js';
import { attention } from '../../../server/tensor/ops/attention.js';
import { embedding } from '../../../server/tensor/ops/embedding.js';
import { linear } from '../../../server/tensor/ops/linear.js';
import { selectedLogProbs, weightedLogProbs } from '../../../server/tensor/ops/logProbs.js';
import { loraLinear } from '../../../server/tensor/ops/lora.js';
import { rmsNorm } from '../../../server/tensor/ops/rmsNorm.js';
import { rotary } from '../../../server/tensor/ops/rotary.js';
import { swiglu } from '../../../server/tensor/ops/swiglu.js';
import { segmentsOf } from '../../../server/tensor/segments.js';
import { COMPILED, randomInputs, randomValues, startBackends } from './support.js';

beforeAll(startBackends);

type Op = (...inputs: Tensor2D[]) => Tensor;
type Loss = (inputs: Tensor2D[]) => Scalar;
type Case = [name: string, loss: Loss, shapes: number[][]];

/** A loss of an op's values, each with a weight of its own. */
function weighing(op: Op): Loss {
  return (inputs) => {
    const y = op(...inputs);
    return sum(mul(y, tensor(randomValues(y.size, 8), y.shape)));
  };
}

const row = (x: Tensor2D): Tensor1D => x as Tensor as Tensor1D;
/** Every fourth token is skipped. */
const targetsOf = (n: number, vocab: number): Int32Array =>
  Int32Array.from({ length: n }, (_, i) => (i % 4 === 3 ? -1 : (i * 31) % vocab));

// Sizes that are odd, 1, or not a multiple of what a vector or a tile holds.
const CASES: Case[] = [
  ...[
    [4, 6, 5],
    [1, 1, 1],
    [7, 33, 17],
    [18, 65, 3],
  ].map(
    ([n, input, out]): Case => [
      `linear: ${n} rows, ${input} to ${out}`,
      weighing((x, w, b) => linear(x, w, row(b))),
      [[n, input], [out, input], [out]],
    ],
  ),
  ...[
    [3, 5, 7, 2],
    [1, 1, 1, 1],
    [19, 33, 17, 16],
    [6, 65, 40, 3],
  ].map(
    ([n, input, out, rank]): Case => [
      `loraLinear: ${n} rows, ${input} to ${out}, rank ${rank}`,
      weighing((x, a, b, addend) => {
        const w = tensor2d(randomValues(out * input, 5), [out, input]);
        return loraLinear(x, w, tensor1d(randomValues(out, 6)), a, b, 0.5, addend);
      }),
      [
        [n, input],
        [rank, input],
        [out, rank],
        [n, out],
      ],
    ],
  ),
  ...[
    [4, 5, 3],
    [1, 1, 1],
    [9, 33, 7],
    [40, 130, 11],
  ].map(
    ([n, width, vocab]): Case => [
      `embedding: ${n} ids of ${vocab}, width ${width}`,
      weighing((table) => {
        const ids = Int32Array.from({ length: n }, (_, i) => (i * i) % vocab);
        return embedding(ids, table);
      }),
      [[vocab, width]],
    ],
  ),
  ...[
    [4, 9],
    [1, 1],
    [5, 33],
    [17, 64],
  ].map(
    ([n, width]): Case => [
      `rmsNorm of [${n}, ${width}]`,
      weighing((x, gain) => rmsNorm(x, row(gain), 1e-6)),
      [[n, width], [width]],
    ],
  ),
  ...[
    [3, 2, 6],
    [1, 1, 2],
    [5, 3, 34],
    [9, 1, 64],
  ].map(
    ([n, heads, size]): Case => [
      `rotary: ${n} tokens, ${heads} heads of ${size}`,
      weighing((x) => {
        const positions = Int32Array.from({ length: n }, (_, i) => i * 37);
        return rotary(x, positions, size, 10000);
      }),
      [[n, heads * size]],
    ],
  ),
  ...[
    [3, 7],
    [1, 1],
    [5, 33],
    [16, 65],
  ].map(
    ([n, width]): Case => [
      `swiglu of [${n}, ${width}]`,
      weighing((gate, up) => swiglu(gate, up)),
      [
        [n, width],
        [n, width],
      ],
    ],
  ),
  ...[
    { segments: segmentsOf([1]), heads: 1, kvHeads: 1, size: 1 },
    { segments: segmentsOf([3, 1, 17]), heads: 2, kvHeads: 1, size: 5 },
    { segments: segmentsOf([33]), heads: 3, kvHeads: 3, size: 18 },
    {
      segments: [
        { start: 0, end: 5, prefixStart: 0, prefixEnd: 0 },
        { start: 5, end: 9, prefixStart: 0, prefixEnd: 3 },
      ],
      heads: 4,
      kvHeads: 2,
      size: 6,
    },
  ].map(({ segments, heads, kvHeads, size }): Case => {
    const n = segments.at(-1)!.end;
    return [
      `attention: ${n} tokens in ${segments.length} segments, ${heads} heads of ${size}, ${kvHeads} of keys`,
      weighing((q, k, v) => attention(q, k, v, segments, heads, kvHeads)),
      [
        [n, heads * size],
        [n, kvHeads * size],
        [n, kvHeads * size],
      ],
    ];
  }),
  ...[
    [3, 5, 11],
    [1, 1, 2],
    [9, 17, 33],
    [18, 7, 150],
  ].flatMap(([n, width, vocab]): Case[] => {
    const targets = targetsOf(n, vocab);
    const shapes = [
      [n, width],
      [vocab, width],
    ];
    const name = `${n} tokens of width ${width}, ${vocab} in the vocabulary`;
    return [
      [
        `selectedLogProbs: ${name}`,
        weighing((h, w) => selectedLogProbs(h, w, targets).logProbs),
        shapes,
      ],
      [
        `weightedLogProbs: ${name}`,
        ([h, w]) => weightedLogProbs(h, w, targets, randomValues(n, 3)).total,
        shapes,
      ],
    ];
  }),
];

describe.each(COMPILED)('%s', (backend) => {
  /** The slope along a random direction, of each input on its own. */
  test.each(CASES)('gradients equal central differences: %s', async (_name, loss, shapes) => {
    await setBackend(backend);
    const inputs = randomInputs(shapes, 9);
    const variables = inputs.map(({ values, shape }) => variable(tensor(values.slice(), shape)));
    const { grads } = valueAndGrads(() => loss(variables as Tensor[] as Tensor2D[]), variables);
    inputs.forEach(({ values, shape }, i) => {
      const direction = randomValues(values.length, 20 + i);
      const at = (step: number): number => {
        const moved: Tensor[] = variables.slice();
        moved[i] = tensor(
          values.map((x, j) => x + step * direction[j]),
          shape,
        );
        return loss(moved as Tensor2D[]).dataSync()[0];
      };
      const h = 4e-3;
      const expected = grads
        .get(variables[i])!
        .dataSync<'float32'>()
        .reduce((total, slope, j) => total + slope * direction[j], 0);
      expect(Math.abs((at(h) - at(-h)) / (2 * h) - expected)).toBeLessThan(
        3e-3 * (1 + Math.abs(expected)),
      );
    });
    variables.forEach((each) => each.dispose());
  });
});
