import { setBackend, tensor, type Tensor, variable } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { AdamW } from '../../../server/tensor/adamw.js';
import { COMPILED, expectClose, randomValues, startBackends } from './support.js';

beforeAll(startBackends);

const OPTIONS = { lr: 0.01, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 };

/** AdamW by its definition, in double precision, for one value. */
function trajectory(start: number, grads: number[], decay: boolean, clips: number[]): number {
  let [x, m, v] = [start, 0, 0];
  grads.forEach((raw, i) => {
    const g = raw * clips[i];
    const t = i + 1;
    x -= decay ? OPTIONS.lr * OPTIONS.weightDecay * x : 0;
    m = OPTIONS.beta1 * m + (1 - OPTIONS.beta1) * g;
    v = OPTIONS.beta2 * v + (1 - OPTIONS.beta2) * g * g;
    x -=
      (OPTIONS.lr * (m / (1 - OPTIONS.beta1 ** t))) /
      (Math.sqrt(v / (1 - OPTIONS.beta2 ** t)) + OPTIONS.eps);
  });
  return x;
}

describe.each(['cpu', ...COMPILED])('AdamW on %s', (backend) => {
  function setUp(size = 70) {
    const starts = [randomValues(size, 1), randomValues(3, 2)];
    const params = starts.map((values, i) => ({
      name: `p${i}`,
      variable: variable(tensor(values.slice())),
      decay: i === 0,
    }));
    const grads = [11, 12, 13, 14].map((seed) => [
      randomValues(size, seed),
      randomValues(3, seed + 50),
    ]);
    const step = (optimizer: AdamW, at: number, clipNorm?: number) => {
      const tensors = new Map<string, Tensor>(grads[at].map((g, i) => [`p${i}`, tensor(g)]));
      const result = optimizer.step(tensors, { clipNorm });
      tensors.forEach((t) => t.dispose());
      return result;
    };
    return { starts, params, grads, step };
  }

  test('follows the definition, with clipping by the global norm', async () => {
    await setBackend(backend);
    const { starts, params, grads, step } = setUp();
    const optimizer = new AdamW(params, OPTIONS);
    const norms = grads.map((g) =>
      Math.sqrt(g.flatMap((x) => [...x]).reduce((s, x) => s + x * x, 0)),
    );
    const clips = norms.map((norm) => Math.min(1, 5 / norm));
    grads.forEach((_, at) => expect(step(optimizer, at, 5).gradNorm).toBeCloseTo(norms[at], 4));
    params.forEach(({ variable: v, decay }, p) => {
      const expected = Array.from(starts[p], (start, i) =>
        trajectory(
          start,
          grads.map((g) => g[p][i]),
          decay,
          clips,
        ),
      );
      expectClose(v.dataSync(), expected, 1e-5);
    });
  });

  test('goes on from a saved state as if it had never stopped', async () => {
    await setBackend(backend);
    const whole = setUp();
    const first = new AdamW(whole.params, OPTIONS);
    whole.grads.forEach((_, at) => whole.step(first, at));

    const parted = setUp();
    const before = new AdamW(parted.params, OPTIONS);
    parted.step(before, 0);
    parted.step(before, 1);
    const after = new AdamW(parted.params, OPTIONS);
    after.restore(before.state());
    parted.step(after, 2);
    parted.step(after, 3);
    expect(parted.params.map((p) => p.variable.dataSync())).toEqual(
      whole.params.map((p) => p.variable.dataSync()),
    );
    expect(after.state()).toEqual(first.state());
  });

  test('refuses a state of another model', async () => {
    await setBackend(backend);
    const optimizer = new AdamW(setUp().params, OPTIONS);
    const state = new AdamW(setUp(71).params, OPTIONS).state();
    expect(() => optimizer.restore(state)).toThrow("'p0.m' has 71 values, expected 70");
    state.delete('p0.m');
    expect(() => optimizer.restore(state)).toThrow("'p0.m' has 0 values");
  });

  test('a parameter without a gradient stays, and so does its state', async () => {
    await setBackend(backend);
    const { params, starts } = setUp();
    const optimizer = new AdamW(params, OPTIONS);
    optimizer.step(new Map([['p1', tensor([1, 2, 3])]]));
    expect(params[0].variable.dataSync()).toEqual(starts[0]);
    expect(params[1].variable.dataSync()).not.toEqual(starts[1]);
  });
});
