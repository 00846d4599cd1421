/** The first share of a phase in which the rate climbs, and what is left of it at the end. */
const CLIMB = 0.05;
const FLOOR = 0.1;

/**
 * The learning rate at a point of a phase: a short linear climb, then half a cosine down to a tenth.
 * @param fraction of the phase that is done, in [0, 1]
 */
export function learningRateAt(peak: number, fraction: number): number {
  if (fraction < CLIMB) {
    return peak * Math.max(fraction / CLIMB, 0.1);
  }
  const rest = Math.min((fraction - CLIMB) / (1 - CLIMB), 1);
  return peak * (FLOOR + (1 - FLOOR) * 0.5 * (1 + Math.cos(Math.PI * rest)));
}
