import { describe, expect, it } from 'vitest';
import { learningFraction, secondsLeft, warmupFraction } from '../../../server/training/budget.js';
import { makeSettings, tierOf } from '../../../server/training/settings.js';
import type { Progressed } from '../../../server/training/state.js';

const GIB = 2 ** 30;

describe('tierOf', () => {
  it('goes by cores, memory and GPU', () => {
    expect(tierOf({ cores: 2, memoryBytes: 64 * GIB, gpu: false })).toBe('small');
    expect(tierOf({ cores: 8, memoryBytes: 16 * GIB, gpu: false })).toBe('medium');
    expect(tierOf({ cores: 16, memoryBytes: 64 * GIB, gpu: false })).toBe('large');
    expect(tierOf({ cores: 2, memoryBytes: 8 * GIB, gpu: true })).toBe('large');
  });
});

describe('makeSettings', () => {
  it('has the defaults of the method', () => {
    const settings = makeSettings({}, 'small', 'given');
    expect(settings).toMatchObject({
      unitsPerStep: 8,
      docsPerUnit: 4,
      codesPerDoc: 2,
      beta: 0.02,
      clip: 0.2,
      advantage: 'reinforce++_baseline',
      frozenShare: 0.05,
      lora: true,
      minutes: 10,
    });
  });
  it('adapts a given model with LoRA, gives bigger machines more, and lets the person win', () => {
    expect(makeSettings({}, 'small', 'given').lora).toBe(true);
    expect(makeSettings({ lora: false }, 'small', 'given').lora).toBe(false);
    expect(makeSettings({}, 'small', 'nothing')).toMatchObject({ lora: false, beta: 0.15 });
    expect(makeSettings({}, 'large', 'nothing').docsPerUnit).toBe(8);
    expect(makeSettings({ docsPerUnit: 5, seed: undefined }, 'large', 'nothing')).toMatchObject({
      docsPerUnit: 5,
      seed: 1,
    });
  });
  it('counts steps in place of minutes where steps are given', () => {
    expect(makeSettings({ steps: 3 }, 'small', 'nothing')).toMatchObject({
      minutes: null,
      steps: 3,
    });
    expect(makeSettings({ steps: 3, minutes: 2 }, 'small', 'nothing').minutes).toBe(2);
    expect(makeSettings({ steps: 3, warmupSteps: 7 }, 'small', 'nothing').warmupSteps).toBe(7);
  });
});

describe('budgets', () => {
  const at = (own: Partial<Progressed>): Progressed =>
    ({
      phase: 'warm-up',
      warmupSteps: 0,
      steps: 0,
      warmupSeconds: 0,
      learningSeconds: 0,
      epochs: 0,
      ...own,
    }) as Progressed;

  it('go by the clock, the learning in what the warm-up leaves', () => {
    const settings = makeSettings(
      { minutes: 1, warmupShare: 0.5, warmupEpochs: 4 },
      'small',
      'nothing',
    );
    expect(warmupFraction(settings, at({ warmupSeconds: 15 }))).toBeCloseTo(0.5, 9);
    expect(secondsLeft(settings, at({ warmupSeconds: 15 }))).toBeCloseTo(45, 9);
    const learning = at({ phase: 'learning', warmupSeconds: 20, learningSeconds: 10 });
    expect(learningFraction(settings, learning)).toBeCloseTo(0.25, 9);
    expect(secondsLeft(settings, learning)).toBeCloseTo(30, 9);
  });
  it('end the warm-up early where its data was seen often enough', () => {
    const settings = makeSettings(
      { minutes: 1, warmupShare: 0.5, warmupEpochs: 4 },
      'small',
      'nothing',
    );
    expect(warmupFraction(settings, at({ warmupSeconds: 3, epochs: 2 }))).toBeCloseTo(0.5, 9);
    expect(warmupFraction(settings, at({ warmupSeconds: 3, epochs: 4 }))).toBe(1);
  });
  it('end the warm-up by its epochs alone where steps count in place of minutes', () => {
    const settings = makeSettings({ steps: 4, warmupEpochs: 2 }, 'small', 'nothing');
    expect(warmupFraction(settings, at({ warmupSeconds: 900, epochs: 1 }))).toBe(0.5);
    expect(warmupFraction(settings, at({ warmupSeconds: 900, epochs: 2 }))).toBe(1);
  });
  it('go by steps, with the time left from the measured pace', () => {
    const settings = makeSettings({ steps: 4, warmupSteps: 0 }, 'small', 'nothing');
    expect(warmupFraction(settings, at({}))).toBe(1);
    expect(learningFraction(settings, at({ steps: 1 }))).toBe(0.25);
    expect(secondsLeft(settings, at({}))).toBeNull();
    expect(secondsLeft(settings, at({ steps: 1, learningSeconds: 10 }))).toBe(30);
  });
  it('give the learning all the time where there is no warm-up', () => {
    const settings = makeSettings({ minutes: 1, warmupSteps: 0 }, 'small', 'nothing');
    expect(secondsLeft(settings, at({}))).toBe(60);
  });
});
