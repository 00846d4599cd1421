/** How tokens are drawn. */
export interface SamplingOptions {
  /** 0 takes the likeliest token; 1 draws from the model's own distribution. */
  temperature: number;
  /** Only the likeliest tokens that together have this probability are drawn from (Holtzman et al. 2020, arXiv 1904.09751). */
  topP: number;
}

/** @throws RangeError for a negative temperature or a topP outside (0, 1] */
export function checkSampling({ temperature, topP }: SamplingOptions): void {
  if (!(temperature >= 0 && temperature < Infinity) || !(topP > 0 && topP <= 1)) {
    throw new RangeError(
      `Sampling needs a temperature of at least 0 and a topP in (0, 1], not ${temperature} and ${topP}.`,
    );
  }
}

/**
 * Draws a token. The same on every backend for the same probabilities.
 * @param probabilities [V] of tokens 0 to V-1
 * @param uniform in [0, 1): the token at which the cumulative probability passes it
 */
export function draw(probabilities: Float32Array, topP: number, uniform: number): number {
  return topP < 1
    ? drawFromNucleus(probabilities, topP, uniform)
    : drawFromAll(probabilities, uniform);
}

function drawFromAll(probabilities: Float32Array, uniform: number): number {
  let left = uniform;
  for (let i = 0; i < probabilities.length; i++) {
    left -= probabilities[i];
    if (left < 0) {
      return i;
    }
  }
  // Rounded probabilities may be about 1e-7 short of 1.
  return likeliest(probabilities);
}

/**
 * The probabilities of some tokens when no others may be drawn: the same as with the others' logits at minus infinity.
 * @param among at least one id
 * @returns in the order of the ids; equal where the model gives all of them nothing
 */
export function shareAmong(probabilities: Float32Array, among: Int32Array): Float32Array {
  let mass = 0;
  for (const id of among) {
    mass += probabilities[id];
  }
  return Float32Array.from(among, (id) => (mass > 0 ? probabilities[id] / mass : 1 / among.length));
}

/** The first of the largest. */
export function likeliest(probabilities: Float32Array): number {
  let best = 0;
  for (let i = 1; i < probabilities.length; i++) {
    if (probabilities[i] > probabilities[best]) {
      best = i;
    }
  }
  return best;
}

function drawFromNucleus(probabilities: Float32Array, topP: number, uniform: number): number {
  const nucleus = findNucleus(probabilities, topP);
  let left = uniform * nucleus.mass;
  let ties = nucleus.ties;
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i];
    if (p > nucleus.least || (p === nucleus.least && ties-- > 0)) {
      left -= p;
      if (left < 0) {
        return i;
      }
    }
  }
  return likeliest(probabilities);
}

/** The smallest set of the likeliest tokens with at least some probability. */
interface Nucleus {
  mass: number;
  /** All tokens more probable than this are in, and so many that are just as probable, those of low ids first. */
  least: number;
  ties: number;
}

/** Bits of a float that are left out to make its class: positive floats are ordered like their bits. */
const CLASS_SHIFT = 19;
const CLASSES = (0x3f800000 >> CLASS_SHIFT) + 2;

/** Sums up by class and sorts only the tokens of the class at the border, instead of all. */
function findNucleus(probabilities: Float32Array, topP: number): Nucleus {
  const bits = new Int32Array(probabilities.buffer, probabilities.byteOffset, probabilities.length);
  const massOfClass = new Float64Array(CLASSES);
  for (let i = 0; i < bits.length; i++) {
    massOfClass[bits[i] >> CLASS_SHIFT] += probabilities[i];
  }
  let border = CLASSES - 1;
  let mass = 0;
  while (border > 0 && mass + massOfClass[border] < topP) {
    mass += massOfClass[border--];
  }
  const atBorder = probabilities.filter((_, i) => bits[i] >> CLASS_SHIFT === border).sort();
  let least = Infinity;
  let ties = 0;
  for (let i = atBorder.length - 1; i >= 0 && mass < topP; i--) {
    mass += atBorder[i];
    ties = atBorder[i] === least ? ties + 1 : 1;
    least = atBorder[i];
  }
  return { mass, least, ties };
}
