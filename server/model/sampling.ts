/** How tokens are drawn. */
export interface SamplingOptions {
  /** 0 takes the likeliest token; 1 draws from the model's own distribution. */
  temperature: number;
  /** Only the likeliest tokens that together have this probability are drawn from (Holtzman et al. 2020, arXiv 1904.09751). */
  topP: number;
}

export interface Sample {
  id: number;
  /** Log-probability under the model's own distribution: temperature 1, all tokens. */
  logProb: number;
}

/**
 * Draws tokens from rows of logits. Plain loops over typed arrays, in double precision where sums are made, so that
 * every backend draws the same from the same logits.
 */
export class Sampler {
  private readonly weights: Float32Array;

  /** @throws RangeError for a negative temperature or a topP outside (0, 1] */
  constructor(
    private readonly vocabSize: number,
    private readonly options: SamplingOptions,
  ) {
    const { temperature, topP } = options;
    if (!(temperature >= 0) || !(topP > 0 && topP <= 1)) {
      throw new RangeError(
        `Sampling needs a temperature of at least 0 and a topP in (0, 1], not ${temperature} and ${topP}.`,
      );
    }
    this.weights = new Float32Array(vocabSize);
  }

  /**
   * @param logits [V]
   * @param uniform in [0, 1): what decides
   * @throws Error where the logits are not finite, as after a diverged training
   */
  sample(logits: Float32Array, uniform: number): Sample {
    const best = argmax(logits);
    const top = logits[best];
    const total = this.weigh(logits, top, 1);
    if (!Number.isFinite(total)) {
      throw new Error(
        'The model computes no finite logits: its weights are damaged. Go back to an earlier checkpoint.',
      );
    }
    const id = this.draw(logits, best, total, uniform);
    return { id, logProb: logits[id] - top - Math.log(total) };
  }

  private draw(logits: Float32Array, best: number, total: number, uniform: number): number {
    const { temperature, topP } = this.options;
    if (temperature === 0) {
      return best;
    }
    const mass = temperature === 1 ? total : this.weigh(logits, logits[best], temperature);
    return topP < 1 ? this.drawFromNucleus(mass, uniform) : this.drawFromAll(best, mass, uniform);
  }

  /** Fills `weights` with exp((logit - top) / temperature) and returns their sum. */
  private weigh(logits: Float32Array, top: number, temperature: number): number {
    const { weights } = this;
    const inverse = 1 / temperature;
    let total = 0;
    for (let i = 0; i < weights.length; i++) {
      weights[i] = Math.exp((logits[i] - top) * inverse);
      total += weights[i]; // as rounded, so that the draw finds the same sum
    }
    return total;
  }

  private drawFromAll(best: number, mass: number, uniform: number): number {
    const { weights } = this;
    let left = uniform * mass;
    for (let i = 0; i < weights.length; i++) {
      left -= weights[i];
      if (left < 0) {
        return i;
      }
    }
    // Rounding can leave a rest of about 1e-16 of the mass.
    return best;
  }

  private drawFromNucleus(mass: number, uniform: number): number {
    const { weights, vocabSize } = this;
    const { topP } = this.options;
    // Tokens lighter than this together weigh less than 1 - topP, so none of them is in the nucleus.
    const least = (mass * (1 - topP)) / vocabSize;
    const nucleus: number[] = [];
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] >= least) {
        nucleus.push(i);
      }
    }
    nucleus.sort((a, b) => weights[b] - weights[a] || a - b);
    let kept = 0;
    let count = 0;
    while (count < nucleus.length && kept < topP * mass) {
      kept += weights[nucleus[count++]];
    }
    let left = uniform * kept;
    for (let i = 0; i < count; i++) {
      left -= weights[nucleus[i]];
      if (left < 0) {
        return nucleus[i];
      }
    }
    return nucleus[0];
  }
}

function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if (values[i] > values[best]) {
      best = i;
    }
  }
  return best;
}
