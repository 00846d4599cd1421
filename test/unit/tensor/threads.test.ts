import { expect, test, vi } from 'vitest';
import { threadCount } from '../../../server/tensor/threads.js';

vi.mock('node:os', () => ({ availableParallelism: () => 4 }));

test.each([
  [0, 4],
  [1, 1],
  [4, 4],
  [5, 4],
  [1000, 4],
  [-1, 3],
  [-3, 1],
  [-4, 1],
  [-1000, 1],
  [2.5, 3],
  [NaN, 4],
])('%d threads asked for, on 4 cores: %d', (asked, count) => {
  expect(threadCount(asked)).toBe(count);
});
