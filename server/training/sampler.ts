import type { Random } from '../util/random.js';

/** A unit without spread is drawn half as often each time that happens, down to this. */
const LEAST_WEIGHT = 1 / 16;

/**
 * Draws units for a step, without replacement within it. A unit whose samples all had the same reward taught nothing
 * and is drawn less often; the first spread brings it back.
 */
export class UnitSampler {
  private readonly weights: Float64Array;

  /** @param weights of a saved sampler, to go on with it */
  constructor(count: number, weights?: readonly number[]) {
    this.weights = new Float64Array(count).fill(1);
    if (weights?.length === count) {
      this.weights.set(weights);
    }
  }

  /**
   * Up to `count` distinct indices, drawn with the weights (Efraimidis and Spirakis 2006: the largest u^(1/w) win).
   * It takes one random number per unit, whatever the weights are.
   */
  draw(count: number, random: Random): number[] {
    const keys = Array.from(this.weights, (weight, index) => ({
      index,
      key: Math.log(1 - random.next()) / weight,
    }));
    keys.sort((a, b) => b.key - a.key || a.index - b.index);
    return keys.slice(0, count).map(({ index }) => index);
  }

  /** Notes whether a unit's samples differed in reward. */
  note(index: number, zeroSpread: boolean): void {
    this.weights[index] = zeroSpread ? Math.max(this.weights[index] / 2, LEAST_WEIGHT) : 1;
  }

  state(): number[] {
    return [...this.weights];
  }
}
