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
  type Tensor,
  type Tensor1D,
  tensor1d,
  tensor2d,
  type Tensor2D,
  tidy,
  variable,
  variableGrads,
} from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { lean, recomputed, valueAndGrads, wantsGradient } from '../../../server/tensor/autodiff.js';
import { linear } from '../../../server/tensor/ops/linear.js';
import { loraLinear } from '../../../server/tensor/ops/lora.js';
import { rmsNorm } from '../../../server/tensor/ops/rmsNorm.js';
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

/** Inputs with several readers each, whose gradients kernels add to in place where they may. */
function manyReaders() {
  const x = variable(tensor2d(randomValues(20, 1), [5, 4]));
  const w = variable(tensor2d(randomValues(16, 2), [4, 4]));
  const a = variable(tensor2d(randomValues(8, 3), [2, 4]));
  const b = variable(tensor2d(randomValues(8, 4), [4, 2]));
  const gain = variable(tensor1d(randomValues(4, 5)));
  const block = (h: Tensor2D): Tensor2D => {
    const normed = rmsNorm(h, gain as Tensor as Tensor1D, 1e-6);
    const q = linear(normed, w);
    const k = linear(normed, w, null, q);
    const v = linear(mul<Tensor2D>(normed, q), w, null, h);
    return add(h, add(mul(k, v), linear(v, w as Tensor2D, null, v)));
  };
  const fixed = tensor2d(randomValues(16, 6), [4, 4]);
  const adapted = (h: Tensor2D): Tensor2D => {
    const normed = rmsNorm(h, gain as Tensor as Tensor1D, 1e-6);
    const lora = (y: Tensor2D, addend: Tensor2D | null = null): Tensor2D =>
      loraLinear(y, fixed, null, a, b, 0.5, addend);
    return add(h, mul(lora(normed), lora(lora(normed), h)));
  };
  return { x, variables: [x, w, a, b, gain], blocks: [block, adapted] };
}

test.each(COMPILED)('gradients that several ops add to are sums: %s', async (name) => {
  const run = async (backend: string) => {
    await setBackend(backend);
    const { x, variables, blocks } = manyReaders();
    const loss = (): Scalar => sum(blocks.reduce((h, block) => block(h), x as Tensor2D));
    const { grads } = valueAndGrads(loss, variables);
    return variables.map((v) => grads.get(v)!.dataSync<'float32'>().slice());
  };
  const expected = await run('cpu');
  (await run(name)).forEach((gradient, i) => expectClose(gradient, expected[i]));
});

test.each(['cpu', ...COMPILED])(
  'blocks that are computed again have the same gradients, bit for bit, and leave nothing behind: %s',
  async (name) => {
    await setBackend(name);
    const { x, variables, blocks } = manyReaders();
    const run = (again: boolean, sums = new Map<(typeof variables)[number], Tensor>()) => {
      const loss = (): Scalar =>
        sum(blocks.reduce((h, block) => (again ? recomputed(block, h) : block(h)), x as Tensor2D));
      const { value, grads } = valueAndGrads(loss, variables, sums);
      return [value, ...variables.map((v) => grads.get(v)!)];
    };
    const kept = run(false).map((t) => t.dataSync().slice());
    const before = memory().numTensors;
    const tensors = run(true);
    expect(memory().numTensors).toBe(before + tensors.length);
    expect(tensors.map((t) => t.dataSync().slice())).toEqual(kept);
    // On top of earlier sums, and where the block's input has no gradient.
    const twice = run(true, new Map(variables.map((v, i) => [v, tensors[i + 1]])));
    twice.slice(1).forEach((t, i) => {
      expectClose(
        t.dataSync(),
        kept[i + 1].map((g) => 2 * g),
      );
    });
    const [, w] = variables;
    const input = tensor2d(randomValues(20, 7), [5, 4]);
    const alone = (again: boolean) =>
      valueAndGrads(() => sum(again ? recomputed(blocks[0], input) : blocks[0](input)), [w])
        .grads.get(w)!
        .dataSync()
        .slice();
    expect(alone(true)).toEqual(alone(false));
  },
);

test.each(COMPILED)(
  'cheap outputs are not kept, and computed again change no bit of the gradients: %s',
  async (name) => {
    await setBackend(name);
    const { x, variables, blocks } = manyReaders();
    const run = (leanly: boolean) => {
      const before = memory();
      let kept = 0;
      const loss = (): Scalar => {
        const y = blocks.reduce<Tensor2D>(
          (h, block) => tidy(() => (leanly ? lean(() => block(h)) : block(h))),
          x as Tensor2D,
        );
        kept = memory().numDataBuffers - before.numDataBuffers;
        return sum(y);
      };
      const { value, grads } = valueAndGrads(loss, variables);
      const tensors = [value, ...variables.map((v) => grads.get(v)!)];
      expect(memory().numTensors).toBe(before.numTensors + tensors.length);
      return { kept, values: tensors.map((t) => t.dataSync().slice()) };
    };
    const [all, some] = [run(false), run(true)];
    expect(some.values).toEqual(all.values);
    // The normed rows of each block.
    expect(all.kept - some.kept).toBe(2);
  },
);

test('an error while a block is computed, at first or again, leaves nothing behind', async () => {
  await setBackend('native');
  const { x, variables, blocks } = manyReaders();
  for (const fatal of [1, 2]) {
    let calls = 0;
    const failing = (h: Tensor2D): Tensor2D => {
      const y = blocks[1](blocks[0](h));
      if (++calls === fatal) {
        throw new Error('full');
      }
      return y;
    };
    const before = memory().numTensors;
    expect(() => valueAndGrads(() => sum(recomputed(failing, x as Tensor2D)), variables)).toThrow(
      'full',
    );
    expect(memory().numTensors).toBe(before);
  }
  expect(valueAndGrads(() => sum(blocks[1](blocks[0](x as Tensor2D))), variables).grads.size).toBe(
    variables.length,
  );
});
