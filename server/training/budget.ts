import type { Settings } from './settings.js';
import type { Progressed } from './state.js';

/** How far a phase has come, by steps where they are given, else by the clock. */
export interface PhaseBudget {
  /** In [0, 1]; 1 where the phase is over. */
  fraction(progressed: Progressed): number;
  /** Seconds left at the measured pace; null before the first step of a phase that counts steps. */
  secondsLeft(progressed: Progressed): number | null;
}

/** The budget of the warm-up: its steps, or its share of the minutes. */
export function warmupBudget(settings: Settings): PhaseBudget {
  const seconds = (settings.minutes ?? 0) * 60 * settings.warmupShare;
  return settings.warmupSteps === null
    ? byClock(seconds, (progressed) => progressed.warmupSeconds)
    : bySteps(
        settings.warmupSteps,
        (progressed) => progressed.warmupSteps,
        (progressed) => progressed.warmupSeconds,
      );
}

/** The budget of the learning: its steps, or what the warm-up leaves of the minutes. */
export function learningBudget(settings: Settings): PhaseBudget {
  const share = settings.warmupSteps === 0 ? 1 : 1 - settings.warmupShare;
  return settings.steps === null
    ? byClock((settings.minutes ?? 0) * 60 * share, (progressed) => progressed.learningSeconds)
    : bySteps(
        settings.steps,
        (progressed) => progressed.steps,
        (progressed) => progressed.learningSeconds,
      );
}

function byClock(seconds: number, spent: (progressed: Progressed) => number): PhaseBudget {
  return {
    fraction: (progressed) => (seconds <= 0 ? 1 : Math.min(spent(progressed) / seconds, 1)),
    secondsLeft: (progressed) => Math.max(seconds - spent(progressed), 0),
  };
}

function bySteps(
  steps: number,
  done: (progressed: Progressed) => number,
  spent: (progressed: Progressed) => number,
): PhaseBudget {
  return {
    fraction: (progressed) => (steps <= 0 ? 1 : Math.min(done(progressed) / steps, 1)),
    secondsLeft: (progressed) => {
      const count = done(progressed);
      const left = steps - count;
      return left <= 0 ? 0 : count === 0 ? null : (spent(progressed) / count) * left;
    },
  };
}
