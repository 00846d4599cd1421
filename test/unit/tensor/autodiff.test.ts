import {
  add,
  exp,
  matMul,
  memory,
  mul,
  neg,
  type Scalar,
  setBackend,
  sub,
  sum,
  tensor2d,
  type Tensor2D,
  variable,
  variableGrads,
} from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { valueAndGrads, wantsGradient } from '../../../server/tensor/autodiff.js';
import { COMPILED, expectClose, randomValues, startBackends } from './support.js';

beforeAll(startBackends);

function setUp() {
  const w = variable(tensor2d(randomValues(12, 1), [3, 4]));
  const b = variable(tensor2d(randomValues(12, 2), [4, 3]));
  const fixed = variable(tensor2d(randomValues(9, 3), [3, 3]));
  // Tensors that are used twice, a path that does not reach the loss, and an input used as both operands.
  const loss = (): Scalar => {
    const y = add(matMul(w as Tensor2D, b as Tensor2D), fixed);
    exp(y);
    return sum(mul(sub(mul(y, y), neg(y)), matMul(fixed as Tensor2D, y as Tensor2D)));
  };
  return { w, b, fixed, loss };
}

test.each(['cpu', ...COMPILED])(
  'gives the gradients that tfjs gives, and leaves nothing behind: %s',
  async (name) => {
    await setBackend(name);
    const { w, b, loss } = setUp();
    const expected = variableGrads(loss, [w, b]);
    const before = memory().numTensors;
    const { value, grads } = valueAndGrads(loss, [w, b]);
    expect(memory().numTensors).toBe(before + 3);
    expect(value.dataSync()[0]).toBeCloseTo(expected.value.dataSync()[0], 4);
    for (const v of [w, b]) {
      expectClose(grads.get(v)!.dataSync(), expected.grads[v.name].dataSync(), 1e-6);
    }
  },
);

test('a variable without influence is named, and nothing is left behind', async () => {
  await setBackend('cpu');
  const { w, b, loss } = setUp();
  const idle = variable(tensor2d([1], [1, 1]), true, 'idle');
  const before = memory().numTensors;
  expect(() => valueAndGrads(loss, [w, b, idle])).toThrow('idle');
  expect(memory().numTensors).toBeLessThanOrEqual(before + 1);
  expect(() =>
    valueAndGrads(() => {
      loss();
      throw new Error('inside');
    }, [w]),
  ).toThrow('inside');
  expect(valueAndGrads(loss, [w]).grads.size).toBe(1);
});

test('a variable that is held fixed wants no gradient', async () => {
  await setBackend('cpu');
  const { w, b, fixed, loss } = setUp();
  const wanted: boolean[] = [];
  valueAndGrads(() => {
    wanted.push(...[w, b, fixed].map(wantsGradient), wantsGradient(exp(fixed)));
    return loss();
  }, [w]);
  expect(wanted).toEqual([true, false, false, true]);
  expect(wantsGradient(fixed)).toBe(true);
});
