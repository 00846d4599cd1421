import { expect, test } from 'vitest';
import { draw, likeliest, shareAmong } from '../../../server/model/sampling.js';
import { nativeAddon } from '../../../server/tensor/addon.js';
import { Random } from '../../../server/util/random.js';
import { onNative } from './backends.js';

/** How near a boundary, as a probability, rounding may decide: two floats of 24 bits, summed up. */
const NEAR = 1e-6;
const ROWS = 16;
const DRAWS = 480;

/** Logits with exact ties and tokens that are next to impossible, more or less peaked by the row. */
function someLogits(vocab: number, seed: number): Float32Array[] {
  const random = new Random(seed);
  return Array.from({ length: ROWS }, (_, row) => {
    const spread = [0.3, 1, 3, 6][row % 4];
    return Float32Array.from({ length: vocab }, () => {
      const kind = random.next();
      const value = kind < 0.1 ? spread : kind < 0.15 ? -1e4 : random.normal() * spread;
      return row % 3 === 0 ? value + 50 : value;
    });
  });
}

/**
 * A decoder whose logits after token t are `rows[t]` exactly: its one layer adds nothing, the embedding of t is the
 * unit vector t, and the head's column t is the row.
 */
function decoderOf(rows: Float32Array[]) {
  const addon = nativeAddon();
  const vocab = rows[0].length;
  const identity = new Float32Array(vocab * ROWS);
  for (let id = 0; id < Math.min(vocab, ROWS); id++) {
    identity[id * ROWS + id] = 1;
  }
  const head = new Float32Array(vocab * ROWS);
  rows.forEach((row, t) => row.forEach((logit, id) => (head[id * ROWS + t] = logit)));
  const zeros = (size: number) => new Float32Array(size);
  const linear = (out: number, input: number) => [zeros(out * input), null, null, null, null, null];
  const [headSize, inner] = [2, 1];
  const attention = [
    ...linear(headSize, ROWS),
    ...linear(headSize, ROWS),
    ...linear(headSize, ROWS),
    ...linear(ROWS, headSize),
  ];
  const network = [...linear(inner, ROWS), ...linear(inner, ROWS), ...linear(ROWS, inner)];
  // The root of the mean square of a unit vector of 16 is 1/4.
  const finalNorm = zeros(ROWS).fill(1 / 4);
  return addon.decoderModel(Int32Array.of(1, ROWS, inner, 1, 1, headSize, vocab), 0, 10000, 1, [
    ...[identity, null],
    ...[zeros(ROWS), ...attention, zeros(ROWS), ...network],
    ...[finalNorm, head, null, null],
  ]);
}

interface Request {
  row: number;
  temperature: number;
  uniform: number;
  allowed: Int32Array | null;
}

function drawInCpp(rows: Float32Array[], requests: Request[], topP: number) {
  const addon = nativeAddon();
  const pages = addon.kvPages(1, 1, 2);
  addon.kvLimit(pages, 100);
  const sequence = addon.kvOpen(pages, -1, 0, requests.length);
  const ids = new Int32Array(requests.length);
  const logProbs = new Float32Array(requests.length);
  let end = 0;
  addon.decodeStep(
    decoderOf(rows),
    pages,
    Int32Array.of(sequence, requests.length, requests.length),
    Int32Array.from(requests, ({ row }) => row),
    Float32Array.from(requests, ({ temperature }) => temperature),
    topP,
    Float64Array.from(requests, ({ uniform }) => uniform),
    Int32Array.from(requests.flatMap(({ allowed }) => [...(allowed ?? [])])),
    Int32Array.from(requests, ({ allowed }) => (end += allowed?.length ?? 0)),
    ids,
    logProbs,
  );
  return { ids, logProbs };
}

function softmax64(logits: ArrayLike<number>, slope: number): Float64Array {
  const top = Math.max(...Array.from(logits));
  const powers = Float64Array.from(logits, (x) => Math.exp((x - top) * slope));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

/** Whether rounding may decide what is in the nucleus, or which of its tokens the uniform number picks. */
function isNear(probabilities: Float64Array, topP: number, uniform: number): boolean {
  const order = [...probabilities.keys()].sort(
    (a, b) => probabilities[b] - probabilities[a] || a - b,
  );
  const nucleus: number[] = [];
  let mass = 0;
  for (const id of order) {
    if (topP < 1 && Math.abs(mass - topP) < NEAR) {
      return true;
    }
    if (topP < 1 && mass >= topP) {
      break;
    }
    nucleus.push(id);
    mass += probabilities[id];
  }
  let below = 0;
  return nucleus
    .sort((a, b) => a - b)
    .some((id) => Math.abs((below += probabilities[id]) / mass - uniform) < NEAR);
}

onNative('draws', () => {
  test.each([
    { vocab: 1, topP: 0.9 },
    { vocab: 7, topP: 0.5 },
    { vocab: 17, topP: 0.9 },
    { vocab: 256, topP: 0.8 },
    { vocab: 300, topP: 1 },
    { vocab: 1031, topP: 0.25 },
    { vocab: 3001, topP: 0.95 },
    { vocab: 3001, topP: 1 },
  ])('C++ draws what the plain reference draws: $vocab tokens, topP $topP', ({ vocab, topP }) => {
    const random = new Random(vocab);
    const rows = someLogits(vocab, vocab + 1);
    const requests = Array.from({ length: DRAWS }, (_, i): Request => {
      const some = Int32Array.from({ length: vocab }, (_, id) => id).filter(
        () => random.next() < 0.3,
      );
      return {
        row: random.int(Math.min(vocab, ROWS)),
        temperature: Math.fround([1, 0.7, 0.3, 1.5, 0][i % 5]),
        uniform: random.next(),
        allowed: i % 3 === 0 && some.length > 0 ? some : null,
      };
    });
    const found = drawInCpp(rows, requests, topP);
    let near = 0;
    requests.forEach(({ row, temperature, uniform, allowed }, i) => {
      const logits = rows[row];
      const own = softmax64(logits, 1);
      const all = temperature === 0 ? own : softmax64(logits, 1 / temperature);
      const mass = allowed?.reduce((sum, id) => sum + all[id], 0) ?? 1;
      const some = allowed === null ? all : Float64Array.from(allowed, (id) => all[id] / mass);
      const rounded = Float32Array.from(all);
      const share = allowed === null ? rounded : shareAmong(rounded, allowed);
      if (temperature !== 0 && isNear(some, topP, uniform)) {
        near++;
      } else {
        const index =
          temperature === 0 ? likeliest(share) : draw(share, Math.fround(topP), uniform);
        expect(found.ids[i], `draw ${i}`).toBe(allowed === null ? index : allowed[index]);
      }
      const top = logits.reduce((a, b) => Math.max(a, b));
      const total = logits.reduce((sum, x) => sum + Math.exp(x - top), 0);
      const logProb = logits[found.ids[i]] - top - Math.log(total);
      expect(Math.abs(found.logProbs[i] - logProb)).toBeLessThan(1e-5 + 1e-6 * Math.abs(logProb));
    });
    expect(near).toBeLessThan(DRAWS / 20);
  });
});
