import { beforeAll, describe, expect, it } from 'vitest';
import { initBackend } from '../../../server/tensor/backend.js';
import { identifierWords } from '../../../server/inference/words.js';
import { completedDoc } from '../../../server/training/warmupDoc.js';
import { checkDoc } from '../../../server/training/validity.js';
import { WarmupData, warmupEpoch } from '../../../server/training/warmup.js';
import { tiny } from './tiny.js';

beforeAll(async () => {
  await initBackend('cpu');
});

describe('identifierWords', () => {
  it('splits the ways of writing names', () => {
    expect(identifierWords('parseHTTPHeader2')).toEqual(['parse', 'http', 'header2']);
    expect(identifierWords('__parse_http_header')).toEqual(['parse', 'http', 'header']);
    expect(identifierWords('{ a, bC }')).toEqual(['a', 'b', 'c']);
  });
});

describe('completedDoc', () => {
  it('is whole in the sense of R_doc for every unit', () => {
    const parts = tiny();
    for (const { view } of parts.examples) {
      expect(checkDoc(completedDoc(view, null), view, false, false)).toEqual({
        validity: 1,
        faults: [],
      });
    }
    expect(completedDoc(parts.examples[4].view, null)).toBe(
      'Is empty.\n@param list the list\n@returns the result',
    );
    expect(completedDoc(parts.examples[0].view, null)).toMatch(/^Doubles a number\./);
    const talkative = { summary: 'Tells if it is empty. A list is.', params: [], returns: null };
    expect(completedDoc(parts.examples[4].view, talkative)).toBe(
      'Tells if it is empty.\n@param list the list\n@returns the result',
    );
  });
});

describe('warm-up data', () => {
  it('has both directions of every unit, shuffled by seed and epoch', () => {
    const parts = tiny();
    const { examples, prompts, settings } = parts;
    const epoch = warmupEpoch(parts, settings, 0);
    expect(epoch.length).toBe(2 * examples.length);
    expect(warmupEpoch(parts, settings, 0)).toEqual(epoch);
    expect(warmupEpoch(parts, settings, 1)).not.toEqual(epoch);
    for (const { ids, answerStart } of epoch) {
      expect(ids.at(-1)).toBe(prompts.stopIds[0]);
      expect(answerStart).toBeLessThan(ids.length);
    }
  });

  it('leaves undocumented units out of one direction where their weight is 0', () => {
    const parts = tiny({ madeDocWeight: 0 });
    const { examples, settings } = parts;
    const documented = examples.filter(({ view }) => view.doc !== null).length;
    expect(warmupEpoch(parts, settings, 0).length).toBe(examples.length + documented);
  });

  it('goes on from a position as if it had never stopped', () => {
    const parts = tiny();
    const { settings } = parts;
    const whole = new WarmupData(parts, settings, { epoch: 0, index: 0 });
    const taken = Array.from({ length: 9 }, () => whole.take(60));
    const first = new WarmupData(parts, settings, { epoch: 0, index: 0 });
    const pieces = Array.from({ length: 4 }, () => first.take(60));
    const second = new WarmupData(parts, settings, { ...first.position });
    pieces.push(...Array.from({ length: 5 }, () => second.take(60)));
    expect(pieces).toEqual(taken);
  });
});
