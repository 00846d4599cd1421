/** How the learning rate moves over the tokens of a run. */
export interface Schedule {
  peak: number;
  /** Tokens over which the rate climbs from nothing. */
  climb: number;
  /** Tokens at the end over which it falls to nothing. */
  fall: number;
  /** Tokens of the whole run. */
  total: number;
}

/**
 * Warm-up, stable, decay (MiniCPM, arXiv 2404.06395, section 4): between climb and fall the rate is constant, so
 * a run can be made longer from any checkpoint before its fall. The fall is 1 - sqrt (arXiv 2405.18392).
 * @param tokens seen so far
 */
export function rateAt({ peak, climb, fall, total }: Schedule, tokens: number): number {
  const up = Math.min(1, Math.max(tokens, climb / 100) / climb);
  const fallen = fall === 0 ? 0 : Math.min(1, Math.max(0, (tokens - (total - fall)) / fall));
  return peak * up * (1 - Math.sqrt(fallen));
}
