import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { LoadedModel } from '../../../server/inference/loadedModel.js';
import { writeDocs } from '../../../server/inference/writeDocs.js';
import { scripted } from './scripted.js';

vi.mock('../../../server/model/generation.js', () => import('./scripted.js'));

const CIRCLE = 'the same of the same of ';
const request = {
  unit: { language: 'javascript' as const, name: 'double', code: 'function double(x) {}' },
  frame: { parameters: [], returnsValue: false },
  temperature: 0,
};

/** What was asked for: temperature and seed of each row, in order. */
let asked: [temperature: number, seed: number][] = [];
beforeEach(() => {
  asked = [];
});

const summaryOf = async (model: LoadedModel): Promise<string | undefined> => {
  const [written] = await writeDocs(model, [request], { seed: 7 });
  return written?.doc.summary;
};

/** Greedily it says one text; sampled another, from a time on. */
const model = (greedy: string, sampled: string, from = 1): LoadedModel =>
  scripted((temperature, seed) => {
    asked.push([temperature, seed]);
    return temperature === 0 ? greedy : asked.length > from ? sampled : CIRCLE;
  });

describe('a greedy summary that fails', () => {
  it('is sampled again, by a seed of its own', async () => {
    expect(await summaryOf(model(CIRCLE, 'Doubles it.\n'))).toBe('Doubles it.');
    expect(asked).toEqual([
      [0, 7],
      [0.7, 1007],
    ]);
  });

  it('is sampled a second time, and then given up', async () => {
    expect(await summaryOf(model(CIRCLE, 'Doubles it.\n', 2))).toBe('Doubles it.');
    expect(await summaryOf(model(CIRCLE, CIRCLE))).toBeUndefined();
    expect(asked.slice(3)).toEqual([
      [0, 7],
      [0.7, 1007],
      [0.7, 2007],
    ]);
  });
});

it('keeps a greedy summary that says something, and asks once', async () => {
  expect(await summaryOf(model('Doubles it.\n', 'Halves it.\n'))).toBe('Doubles it.');
  expect(asked).toEqual([[0, 7]]);
});
