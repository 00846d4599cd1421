import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TokenFile } from '../corpus/pretraining/tokenFile.js';
import { readConfig, type Qwen2Config } from '../model/config.js';
import { parameterCount } from '../model/parameters.js';
import { configForSize, MODEL_SIZES, type ModelSize } from '../model/presets.js';
import { loadTokenizer } from '../model/tokenizer/load.js';
import { Qwen2Model } from '../model/transformer.js';
import { initBackend } from '../tensor/backend.js';
import { pretrain as run, PRETRAIN_DEFAULTS } from '../training/pretraining/run.js';
import { UsageError } from '../util/errors.js';
import type { Command, ParsedArgs } from './command.js';
import { folder } from './train.js';

const MEGA = 1e6;
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json'];

export const pretrain: Command = {
  name: 'pretrain',
  summary: 'train the built-in model on prepared token files, or go on from its last checkpoint',
  usage: 'PREPARED --out DIR [--tokens M] [--fall M] [--size S] [--rate R] [--seed N] [--json]',
  example: 'batcoder pretrain prepared --out model --tokens 128',
  options: [
    {
      name: 'out',
      value: 'string',
      placeholder: 'DIR',
      summary: 'the model, its log and checkpoints',
    },
    {
      name: 'tokens',
      value: 'number',
      placeholder: 'M',
      min: 0.001,
      summary: 'million tokens to see in all; may change between two runs (default 128)',
    },
    {
      name: 'fall',
      value: 'number',
      placeholder: 'M',
      min: 0,
      summary: 'million tokens at the end over which the rate falls to nothing (a fifth of all)',
    },
    {
      name: 'size',
      value: 'string',
      choices: MODEL_SIZES,
      summary: 'shape of a new model (default builtin)',
    },
    { name: 'rate', value: 'number', min: 0, summary: 'highest learning rate (default 0.003)' },
    { name: 'seed', value: 'integer', min: 0, summary: 'seed of a new model (default 1)' },
  ],
  positionals: { min: 1, max: 1 },
  async run(args, io) {
    const prepared = folder(io, args.positionals[0]);
    const named = args.string('out');
    if (named === undefined) {
      throw new UsageError('--out DIR says where the model lies or shall lie.');
    }
    const out = resolve(io.cwd, named);
    const backend = await initBackend();
    const train = new TokenFile(join(prepared, 'train.tokens'));
    const evaluation = new TokenFile(join(prepared, 'evaluation.tokens'));
    const config = await prepareFolder(out, join(prepared, 'tokenizer'), train, args);
    const total = (args.number('tokens') ?? 128) * MEGA;
    const seed = args.number('seed') ?? 1;
    io.note(
      `${(parameterCount(config) / MEGA).toFixed(1)} million parameters on ${backend.name}, ` +
        `${(total / MEGA).toFixed(1)} of ${(train.header.tokens / MEGA).toFixed(1)} million tokens`,
    );
    const progress = io.progress('training');
    const result = await run({
      folder: out,
      makeModel: () => Qwen2Model.init(config, seed),
      train,
      evaluation,
      schedule: {
        peak: args.number('rate') ?? 0.003,
        climb: Math.min(MEGA, total / 20),
        fall: args.number('fall') === undefined ? total / 5 : args.number('fall')! * MEGA,
        total,
      },
      settings: PRETRAIN_DEFAULTS,
      signal: io.signal,
      onStep: ({ tokens, answerLoss, tokensPerSecond, evaluation: losses }) => {
        progress.update(
          tokens,
          total,
          `loss ${answerLoss.toFixed(3)}, ${Math.round(tokensPerSecond)} tokens/s`,
        );
        if (losses) {
          io.note(`${(tokens / MEGA).toFixed(2)} million tokens: ${describeLosses(losses)}`);
        }
      },
    });
    progress.end();
    train.close();
    evaluation.close();
    io.print(
      result.ended === 'done'
        ? `Saw ${(result.tokens / MEGA).toFixed(2)} million tokens; the model is in ${out}.`
        : `Stopped and saved at ${(result.tokens / MEGA).toFixed(2)} million tokens; the same command goes on from there.`,
    );
    return result;
  },
};

/** Makes the folder of a new model, or reads the shape of the one that is there. */
async function prepareFolder(
  out: string,
  tokenizerFolder: string,
  train: TokenFile,
  args: ParsedArgs,
): Promise<Qwen2Config> {
  if (existsSync(join(out, 'config.json'))) {
    if (args.string('size') !== undefined) {
      throw new UsageError(`${out} already holds a model; leave --size out to go on with it.`);
    }
    return readConfig(out);
  }
  mkdirSync(out, { recursive: true });
  for (const name of TOKENIZER_FILES) {
    copyFileSync(join(tokenizerFolder, name), join(out, name));
  }
  const { eosId } = await loadTokenizer(out);
  const size = (args.string('size') ?? 'builtin') as ModelSize;
  return configForSize(size, train.header.vocabSize, eosId);
}

function describeLosses(losses: Readonly<Record<string, number | null>>): string {
  return Object.entries(losses)
    .map(([name, loss]) => `${name} ${loss === null ? '-' : loss.toFixed(3)}`)
    .join(', ');
}
