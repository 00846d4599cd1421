/**
 * Whether a run's result is put in use: its score must be above that of the model that the run began with, and above
 * that of the model in use until now, on the same held-out units.
 * @param inUse null where the model in use is the one that the run began with
 */
export function beatsWhatWas(after: number, before: number, inUse: number | null): boolean {
  return after > before && (inUse === null || after > inUse);
}
