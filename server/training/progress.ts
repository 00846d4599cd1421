import type { Metrics } from './metrics.js';

export type TrainPhase =
  | 'scanning'
  | 'making the model'
  | 'scoring before'
  | 'writing docs'
  | 'warm-up'
  | 'scoring after the warm-up'
  | 'learning'
  | 'scoring after';

/** What a run tells while it works. */
export interface TrainProgress {
  phase: TrainPhase;
  /** Of the phase, in [0, 1]. */
  share: number;
  /** Of the whole run, in [0, 1], never falling. */
  fraction: number;
  message: string;
  /** From measured rates; null until enough was measured. */
  etaSeconds: number | null;
  step: number | null;
  metrics: Metrics | null;
}

/** Share of a run's bar that each phase has when the learning takes most of it. */
const SHARES: Record<TrainPhase, number> = {
  scanning: 0.03,
  'making the model': 0.02,
  'scoring before': 0.05,
  'writing docs': 0.03,
  'warm-up': 0.47,
  'scoring after the warm-up': 0.04,
  learning: 0.32,
  'scoring after': 0.04,
};
const ORDER = Object.keys(SHARES) as TrainPhase[];

/** Turns what the phases say of themselves into one bar for the whole run. */
export class ProgressReport {
  private shown = 0;

  constructor(private readonly listener: (progress: TrainProgress) => void) {}

  /** @param share of the phase that is done */
  tell(
    phase: TrainPhase,
    share: number,
    message: string,
    more: { etaSeconds?: number | null; step?: number; metrics?: Metrics } = {},
  ): void {
    const before = ORDER.slice(0, ORDER.indexOf(phase)).reduce(
      (sum, each) => sum + SHARES[each],
      0,
    );
    this.shown = Math.max(this.shown, Math.min(before + SHARES[phase] * share, 1));
    this.listener({
      phase,
      share,
      fraction: this.shown,
      message,
      etaSeconds: more.etaSeconds ?? null,
      step: more.step ?? null,
      metrics: more.metrics ?? null,
    });
  }
}
