import { expect, test } from 'vitest';
import { grounding } from '../../../server/inference/grounding.js';

const CODE =
  'function totalWeight(orders: Order[]) { return orders.reduce((t, o) => t + o.weight, 0); }';

test('a doc that names what the code names comes before one that names something else', () => {
  const right = grounding('Adds up the weight of all orders.', CODE);
  const wrong = grounding('Adds up the limit of all tickets.', CODE);
  expect(right).toBeGreaterThan(wrong);
  expect(right).toBeLessThanOrEqual(1);
});

test('words within identifiers count, singular or plural', () => {
  expect(grounding('orderWeights', CODE)).toBe(1);
  expect(grounding('ticket', CODE)).toBe(0);
  expect(grounding('', CODE)).toBe(0);
});
