import { matMul, tensor2d, variable, type Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { Muon, orthogonal } from '../../../server/tensor/muon.js';
import { Random } from '../../../server/util/random.js';
import { onEachBackendAndGpu, useBackend } from '../model/backends.js';

function randomMatrix(rows: number, columns: number, seed: number): Tensor2D {
  const random = new Random(seed);
  return tensor2d(
    Float32Array.from({ length: rows * columns }, () => random.normal()),
    [rows, columns],
  );
}

onEachBackendAndGpu('Muon', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each([
    [5, 5],
    [3, 17],
    [33, 4],
  ])('makes the rows or columns of a %d x %d matrix nearly orthogonal', (rows, columns) => {
    const x = orthogonal(randomMatrix(rows, columns, 1));
    expect(x.shape).toEqual([rows, columns]);
    const small = Math.min(rows, columns);
    const square = rows > columns ? matMul(x, x, true, false) : matMul(x, x, false, true);
    const values = square.arraySync() as number[][];
    for (let i = 0; i < small; i++) {
      for (let j = 0; j < small; j++) {
        const value = values[i][j];
        if (i === j) {
          expect(value).toBeGreaterThan(0.4);
          expect(value).toBeLessThan(1.5);
        } else {
          expect(Math.abs(value)).toBeLessThan(0.45);
        }
      }
    }
  });

  it('turns a diagonal matrix into about the identity with its signs', () => {
    const x = orthogonal(tensor2d([3, 0, 0, -2], [2, 2])).dataSync();
    expect(x[0]).toBeGreaterThan(0.65);
    expect(x[3]).toBeLessThan(-0.65);
    expect(Math.abs(x[1]) + Math.abs(x[2])).toBeLessThan(1e-5);
  });

  it('steps against the gradient by a size that the gradient has no part in, after decay', () => {
    const shape: [number, number] = [2, 2];
    const lr = 0.1;
    const steps = [1, 1000].map((factor) => {
      const weight = variable(tensor2d([1, 1, 1, 1], shape));
      const muon = new Muon([{ name: 'w', variable: weight }], { lr, weightDecay: 0.5 });
      muon.step(new Map([['w', tensor2d([3 * factor, 0, 0, -2 * factor], shape)]]));
      const values = Array.from(weight.dataSync());
      muon.dispose();
      weight.dispose();
      return values;
    });
    const direction = Array.from(orthogonal(tensor2d([3, 0, 0, -2], shape)).dataSync());
    const expected = direction.map((d) => 1 - lr * 0.5 - lr * 0.2 * Math.SQRT2 * d);
    steps.forEach((values) =>
      values.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 4)),
    );
  });

  it('goes on from its state exactly', () => {
    const grads = [1, 2, 3].map((seed) => randomMatrix(3, 4, seed));
    const run = (breakAfter: number): Float32Array => {
      const weight = variable(randomMatrix(3, 4, 9));
      let muon = new Muon([{ name: 'w', variable: weight }], { lr: 0.05 });
      grads.forEach((grad, i) => {
        muon.step(new Map([['w', grad]]));
        if (i === breakAfter) {
          const state = muon.state();
          muon.dispose();
          muon = new Muon([{ name: 'w', variable: weight }], { lr: 0.05 });
          muon.restore(state);
        }
      });
      const values = weight.dataSync<'float32'>().slice();
      muon.dispose();
      weight.dispose();
      return values;
    };
    expect(run(1)).toEqual(run(-1));
    expect(() =>
      new Muon([{ name: 'w', variable: variable(randomMatrix(3, 4, 9)) }], { lr: 1 }).restore(
        new Map(),
      ),
    ).toThrow("'w'");
  });
});
