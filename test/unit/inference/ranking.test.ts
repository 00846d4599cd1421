import { expect, it, vi } from 'vitest';
import { rankDocs } from '../../../server/inference/ranking.js';
import type { UnitView } from '../../../server/inference/view.js';
import { loadSimilarity } from '../../../server/similarity/similarity.js';
import { scripted } from './scripted.js';

vi.mock('../../../server/model/generation.js', () => import('./scripted.js'));

const view: UnitView = {
  language: 'javascript',
  name: 'double',
  code: 'function double(x) { return x * 2; }',
  signature: 'function double(x)',
  rest: ' { return x * 2; }',
  parameters: ['x'],
  returnsValue: true,
  doc: null,
};
const docs = new Map([['Doubles it.', { summary: 'Doubles it.', params: [], returns: null }]]);

const roundTrip = async (written: string): Promise<number> => {
  const similarity = await loadSimilarity('javascript');
  const [ranked] = await rankDocs(
    scripted(() => written),
    similarity,
    view,
    docs,
  );
  return ranked.roundTrip;
};

it('ends the code where the unit ends, whatever the model writes behind it', async () => {
  expect(await roundTrip(' { return x * 2; }\n\nfunction next(y) {\n')).toBe(1);
});

it('gives 0 where no whole unit comes out', async () => {
  expect(await roundTrip(' { return (')).toBe(0);
});
