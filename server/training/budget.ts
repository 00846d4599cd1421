import type { Settings } from './settings.js';
import type { Progressed } from './state.js';

/**
 * How far the warm-up has come, in [0, 1]: by its steps where they are given, else by its epochs, or by its share of
 * the minutes where that comes first.
 */
export function warmupFraction(settings: Settings, progressed: Progressed): number {
  if (settings.warmupSteps !== null) {
    return share(progressed.warmupSteps, settings.warmupSteps);
  }
  const byEpochs = share(progressed.epochs, settings.warmupEpochs);
  return settings.minutes === null
    ? byEpochs
    : Math.max(
        byEpochs,
        share(progressed.warmupSeconds, settings.minutes * 60 * settings.warmupShare),
      );
}

/** How far the learning has come, in [0, 1]: by its steps, or in the time that the warm-up has left of the minutes. */
export function learningFraction(settings: Settings, progressed: Progressed): number {
  return settings.steps !== null
    ? share(progressed.steps, settings.steps)
    : share(progressed.learningSeconds, minutesLeftBy(settings, progressed));
}

/**
 * Seconds of warm-up and learning that are left, at the measured pace; null before the first step of a phase that
 * counts steps.
 */
export function secondsLeft(settings: Settings, progressed: Progressed): number | null {
  const warmup = atPace(
    progressed.phase === 'warm-up' ? warmupFraction(settings, progressed) : 1,
    progressed.warmupSeconds,
  );
  if (settings.steps === null) {
    return Math.max(minutesLeftBy(settings, progressed) - progressed.learningSeconds, 0);
  }
  const learning = atPace(learningFraction(settings, progressed), progressed.learningSeconds);
  return warmup === null || learning === null ? null : warmup + learning;
}

/** The minutes, in seconds, less what the warm-up took. */
function minutesLeftBy(settings: Settings, progressed: Progressed): number {
  return Math.max((settings.minutes ?? 0) * 60 - progressed.warmupSeconds, 0);
}

function share(done: number, all: number): number {
  return all <= 0 ? 1 : Math.min(done / all, 1);
}

function atPace(fraction: number, spent: number): number | null {
  return fraction >= 1 ? 0 : fraction === 0 ? null : (spent / fraction) * (1 - fraction);
}
