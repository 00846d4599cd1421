import type { Qwen2Config } from '../../model/config.js';
import { UsageError } from '../../util/errors.js';
import type { OptionSpec, ParsedArgs } from '../command.js';

const integer = (name: string, summary: string) =>
  ({ name, value: 'integer', placeholder: 'N', min: 1, summary }) as const;

/** The options that give a model's shape. */
export const SHAPE_OPTIONS: readonly OptionSpec[] = [
  integer('layers', 'blocks of the model (default 8)'),
  integer('width', 'width of the model (default 384)'),
  integer('inner', 'width inside the feed-forward block (default 8/3 of the width)'),
  integer('heads', 'attention heads (default: one for 64 of the width)'),
  integer('kv-heads', 'key-value heads (default 2, or 1)'),
  integer('vocab', 'size of the vocabulary (default 16384)'),
];

/** The shape that was asked for, with room for sequences of `length` tokens. */
export function shapeOf(args: ParsedArgs, length: number): Qwen2Config {
  const width = args.number('width') ?? 384;
  const heads = args.number('heads') ?? Math.max(1, Math.round(width / 64));
  const kvHeads = args.number('kv-heads') ?? (heads % 2 === 0 ? 2 : 1);
  if (width % heads !== 0 || heads % kvHeads !== 0 || (width / heads) % 2 !== 0) {
    throw new UsageError(
      `A width of ${width} does not divide into ${heads} heads of even size, ${kvHeads} of them key-value heads.`,
    );
  }
  return {
    vocabSize: args.number('vocab') ?? 16384,
    hiddenSize: width,
    innerSize: args.number('inner') ?? Math.round((width * 8) / 3),
    layers: args.number('layers') ?? 8,
    heads,
    kvHeads,
    headSize: width / heads,
    contextLength: Math.max(1024, length),
    ropeTheta: 10000,
    rmsNormEps: 1e-6,
    tiedEmbeddings: true,
    bosId: null,
    eosIds: [],
    padId: null,
  };
}

/** The shape under the names of the options. */
export function shapeReported(config: Qwen2Config) {
  const { layers, hiddenSize: width, innerSize: inner, heads, kvHeads, vocabSize: vocab } = config;
  return { layers, width, inner, heads, kvHeads, vocab };
}
