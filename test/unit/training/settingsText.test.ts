import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../server/training/settingsText.js';

describe('readSettings', () => {
  it('reads numbers, switches and choices', () => {
    expect(readSettings(['beta=0.05', 'validity=false', 'advantage=rloo', 'steps=12'])).toEqual({
      beta: 0.05,
      validity: false,
      advantage: 'rloo',
      steps: 12,
    });
    expect(readSettings([])).toEqual({});
  });
  it.each([
    ['gamma=1', /with one of these names: .*beta/],
    ['beta', /write NAME=VALUE/],
    ['toString=1', /write NAME=VALUE/],
    ['beta=much', /beta is a number/],
    ['beta=', /beta is a number/],
    ['clip=-1', /at least 0/],
    ['validity=no', /true, false/],
    ['metric=bleu', /cssg, codebleu/],
  ])('refuses %s', (text, message) => {
    expect(() => readSettings([text])).toThrow(message);
  });
});
