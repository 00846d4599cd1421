import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  groupCost,
  microBatches,
  packGroups,
  packSequences,
  type Group,
} from '../../../server/training/batch.js';

const part = (group: Group, from: number, to: number): Group => ({
  prompt: group.prompt,
  answers: group.answers.slice(from, to),
});

describe('packGroups', () => {
  it('shares the prompt and predicts each answer from its last token', () => {
    const { batch, spans } = packGroups([{ prompt: [1, 2, 3], answers: [[4, 5], [6]] }]);
    expect([...batch.ids]).toEqual([1, 2, 3, 4, 3]);
    expect([...batch.positions]).toEqual([0, 1, 2, 3, 2]);
    expect([...batch.targets]).toEqual([-1, -1, 4, 5, 6]);
    expect(batch.segments).toEqual([
      { start: 0, end: 2, prefixStart: 0, prefixEnd: 0 },
      { start: 2, end: 4, prefixStart: 0, prefixEnd: 2 },
      { start: 4, end: 5, prefixStart: 0, prefixEnd: 2 },
    ]);
    expect(spans).toEqual([
      { group: 0, answer: 0, start: 2, length: 2 },
      { group: 0, answer: 1, start: 4, length: 1 },
    ]);
  });

  it('needs no prefix for a prompt of one token', () => {
    const { batch } = packGroups([{ prompt: [9], answers: [[1, 2]] }]);
    expect([...batch.ids]).toEqual([9, 1]);
    expect(batch.segments).toEqual([{ start: 0, end: 2, prefixStart: 0, prefixEnd: 0 }]);
  });
});

describe('packSequences', () => {
  it('shifts the targets by one', () => {
    const batch = packSequences([
      [1, 2, 3],
      [4, 5],
    ]);
    expect([...batch.ids]).toEqual([1, 2, 4]);
    expect([...batch.targets]).toEqual([2, 3, 5]);
    expect([...batch.positions]).toEqual([0, 1, 0]);
  });
});

describe('microBatches', () => {
  const ids = (most: number) =>
    fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: most });
  const groups = fc.array(
    fc.record({ prompt: ids(12), answers: fc.array(ids(10), { minLength: 1, maxLength: 5 }) }),
    { minLength: 1, maxLength: 8 },
  );

  it('keeps every answer once, in order, and the limit wherever a single answer fits it', () => {
    fc.assert(
      fc.property(groups, fc.integer({ min: 8, max: 60 }), (list, limit) => {
        const batches = microBatches(list, limit, part);
        expect(batches.flat().flatMap((group) => group.answers)).toEqual(
          list.flatMap((group) => group.answers),
        );
        for (const batch of batches) {
          const cost = batch.reduce((sum, group) => sum + groupCost(group), 0);
          const single = batch.length === 1 && batch[0].answers.length === 1;
          expect(cost <= limit || single).toBe(true);
        }
      }),
    );
  });
});
