import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  areaEstimate,
  byTask,
  pooledArea,
  rocArea,
  withinArea,
} from '../../../server/training/suite/discrimination.js';

const answer = (task: string, score: number, passed: boolean) => ({ task, score, passed });

describe('the area under the ROC curve', () => {
  it('is the share of pairs in the right order, ties counting half', () => {
    const scores = fc.array(fc.record({ score: fc.nat(6), passed: fc.boolean() }), {
      minLength: 2,
    });
    fc.assert(
      fc.property(scores, (answers) => {
        const [right, wrong] = [true, false].map((kind) =>
          answers.filter((a) => a.passed === kind),
        );
        fc.pre(right.length > 0 && wrong.length > 0);
        const won = right.flatMap((a) =>
          wrong.map((b) => (a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0)),
        );
        const share = won.reduce<number>((sum, each) => sum + each, 0) / won.length;
        expect(rocArea(answers)).toBeCloseTo(share, 12);
      }),
    );
  });

  const some = (score: (i: number) => number) =>
    byTask(Array.from({ length: 60 }, (_, i) => answer(`${i % 12}`, score(i), i % 3 > 0)));

  it('comes with an interval over tasks, the same for the same seed', () => {
    const tasks = some((i) => (i * 7) % 11);
    const estimate = areaEstimate(pooledArea, tasks, 5);
    expect(estimate).toEqual(areaEstimate(pooledArea, tasks, 5));
    expect(estimate.mean).toBe(rocArea(tasks.flat()));
    expect(estimate.low).toBeLessThan(estimate.mean);
    expect(estimate.high).toBeGreaterThan(estimate.mean);
  });

  it('is compared on the same draws: of a measure with itself nothing is left', () => {
    const tasks = some((i) => (i * 7) % 11);
    expect(areaEstimate(pooledArea, tasks, 5, tasks)).toMatchObject({ mean: 0, low: 0, high: 0 });
    const worse = some((i) => -((i * 7) % 11));
    const less = areaEstimate(pooledArea, tasks, 5, worse);
    expect(less.mean).toBeCloseTo(2 * rocArea(tasks.flat()) - 1, 12);
  });

  it('within tasks does not compare answers to different tasks', () => {
    const answers = [
      answer('a', 1, true),
      answer('a', 0, false),
      answer('b', 9, false),
      answer('b', 8, true),
    ];
    expect(withinArea(byTask(answers))).toBe(0.5);
    expect(rocArea(answers)).toBe(0.5);
    expect(withinArea(byTask(answers.slice(0, 2).concat(answer('b', 9, false))))).toBe(1);
  });
});
