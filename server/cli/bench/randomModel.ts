import type { Qwen2Config } from '../../model/config.js';
import { saveTokenizer } from '../../model/tokenizer/load.js';
import { trainTokenizer } from '../../model/tokenizer/train.js';
import { Qwen2Model } from '../../model/transformer.js';
import { UsageError } from '../../util/errors.js';
import { Random } from '../../util/random.js';

const DEVIATION = 0.02;
const TABLE = 2 ** 20;

/**
 * Random weights made quickly: pieces of one table of normal numbers, since drawing each of half a billion takes
 * longer than what is measured.
 */
export function quickWeights(): (name: string, shape: readonly number[]) => Float32Array {
  const random = new Random(1);
  const table = Float32Array.from({ length: TABLE }, () => DEVIATION * random.normal());
  return (name, shape) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (name.endsWith('norm.weight')) {
      return values.fill(1);
    }
    for (let at = 0; at < values.length; ) {
      const from = random.int(TABLE);
      const piece = table.subarray(from, Math.min(TABLE, from + values.length - at));
      values.set(piece, at);
      at += piece.length;
    }
    return values;
  };
}

/** The same weights for the same shape. */
export function randomModel(config: Qwen2Config): Qwen2Model {
  return Qwen2Model.fromWeights(config, quickWeights());
}

/**
 * Writes a model with a tokenizer that knows the 256 bytes and nothing else, so that it can be exported.
 * @throws UsageError where the vocabulary has no room for them
 */
export function saveRandomModel(model: Qwen2Model, dir: string): void {
  if (model.config.vocabSize < 256) {
    throw new UsageError('--save needs a vocabulary of at least 256.');
  }
  model.save(dir);
  saveTokenizer(dir, trainTokenizer([], { vocabSize: 256, specials: [] }));
}

/** Token ids without a pattern that a model could learn at once. */
export function someIds(count: number, vocab: number, first = 0): Int32Array {
  return Int32Array.from(
    { length: count },
    (_, i) => (Math.imul(first + i + 1, 2654435761) >>> 8) % vocab,
  );
}
