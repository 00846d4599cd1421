import { initBackend } from '../../tensor/backend.js';
import { resetJsKernelCounts } from '../../tensor/counters.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import { benchDecoding } from './decode.js';
import { benchHover } from './hover.js';
import { benchLoading } from './load.js';
import { WEIGHT_KINDS } from './quantize.js';
import { benchRounding } from './rounding.js';
import { ROUND_OPTIONS } from './rounds.js';
import { benchSimilarity } from './similarity.js';
import { SHAPE_OPTIONS } from './sizes.js';
import { benchStep } from './step.js';
import { benchTraining } from './train.js';

const BENCHES = {
  train: benchTraining,
  step: benchStep,
  decode: benchDecoding,
  load: benchLoading,
  rounding: benchRounding,
  hover: benchHover,
};

export const bench: Command = {
  name: 'bench',
  summary:
    'measure how fast this machine trains, learns, decodes, loads, hovers or compares code, and what rounding costs a model',
  usage:
    'train|step|decode|load [--layers N] [--width N] [sizes] [--json]  |  bench similarity (--from DIR | --suite FILE [--answers FILE]) [--json]  |  bench hover --from DIR [--model DIR]  |  bench rounding --model DIR --from DIR',
  example: 'batcoder bench train --layers 8 --width 384 --json',
  options: [
    ...SHAPE_OPTIONS,
    {
      name: 'batch',
      value: 'integer',
      placeholder: 'N',
      min: 1,
      summary: 'sequences at a time (default 8; decode: 1; step: prompts, with 4 samples each)',
    },
    {
      name: 'length',
      value: 'integer',
      placeholder: 'N',
      min: 1,
      summary: 'tokens of a sequence (default 256), or of an answer (decode: 128; step: 64)',
    },
    {
      name: 'prompt',
      value: 'integer',
      placeholder: 'N',
      min: 1,
      summary: 'tokens of a prompt (decode: default 32; step: 160)',
    },
    {
      name: 'lora',
      value: 'integer',
      placeholder: 'RANK',
      min: 1,
      summary: 'train an adapter of this rank on frozen weights (step: default 16)',
    },
    {
      name: 'base',
      value: 'string',
      choices: WEIGHT_KINDS,
      summary: 'train and step with --lora: the form of the frozen weights (default f32)',
    },
    {
      name: 'weights',
      value: 'string',
      choices: WEIGHT_KINDS,
      summary: 'decode: the form of the weights (default f32)',
    },
    { name: 'speculate', summary: 'decode: guess tokens from what stands before' },
    {
      name: 'save',
      value: 'string',
      placeholder: 'DIR',
      summary: 'decode: write the random model there first, for another program to measure',
    },
    {
      name: 'model',
      value: 'string',
      placeholder: 'DIR',
      summary:
        'decode: a trained model, which answers requests for docs and code; load: open this model, draw a token and end; hover: the model to ask (default: the built-in one); rounding: a model in floats',
    },
    {
      name: 'dtype',
      value: 'string',
      choices: ['f32', 'bf16'],
      summary: 'load: the type of the weights in the file (default f32)',
    },
    {
      name: 'recompute',
      summary: 'train: compute the activations of each block again, rather than keep them',
    },
    { name: 'profile', summary: 'train: tell also where the time of a step goes' },
    {
      name: 'from',
      value: 'string',
      placeholder: 'DIR',
      summary:
        'similarity: the code to compare functions of; hover: the code to document; rounding: the code to predict',
    },
    {
      name: 'suite',
      value: 'string',
      placeholder: 'FILE',
      summary: 'similarity: a HumanEval or MBPP file, whose solutions are compared',
    },
    {
      name: 'answers',
      value: 'string',
      placeholder: 'FILE',
      summary:
        'similarity: programs for the tasks of the suite, lines {"task_id", "solution"}; tells how well similarity predicts passing. RUNS them, with limits',
    },
    {
      name: 'seed',
      value: 'integer',
      placeholder: 'S',
      min: 0,
      summary:
        'similarity: of the resampling for the intervals; hover, rounding: of the choice of functions (default 1)',
    },
    ...ROUND_OPTIONS,
    {
      name: 'threads',
      value: 'integer',
      placeholder: 'N',
      summary: 'threads of the native kernels: at most all cores (default 0: all; -1: all but one)',
    },
  ],
  positionals: { min: 1, max: 1 },
  async run(args, io) {
    const what = args.positionals[0];
    if (what === 'similarity') {
      return benchSimilarity(args, io);
    }
    if (!isBench(what)) {
      throw new UsageError(
        `bench measures ${Object.keys(BENCHES).join(', ')}, similarity; it does not know '${what}'.`,
      );
    }
    const backend = await initBackend(undefined, { threads: args.number('threads') });
    io.note(`${what} on ${backend.name} (${backend.reason})`);
    resetJsKernelCounts();
    return BENCHES[what](args, io, backend);
  },
};

function isBench(what: string): what is keyof typeof BENCHES {
  return Object.hasOwn(BENCHES, what);
}
