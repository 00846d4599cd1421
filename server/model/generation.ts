import { getBackend } from '@tensorflow/tfjs-core';
import { Random } from '../util/random.js';
import { Decoder, type DecodingHooks, type Finish, type Row } from './decoder.js';
import type { DecodingEngine } from './decodingEngine.js';
import { NativeEngine } from './nativeEngine.js';
import { Drafter } from './speculation.js';
import { TensorEngine } from './tensorEngine.js';
import type { Qwen2Model } from './transformer.js';

export interface GenerateOptions extends DecodingHooks {
  /** The longest answer, for all rows or each. The model's context length bounds it too. */
  maxNewTokens: number | readonly number[];
  /** For all rows or each. 0: greedy. Default 1. */
  temperature?: number | readonly number[];
  /** Default 1: all tokens. */
  topP?: number;
  /** The same seed gives a row the same answer, whatever other rows there are. Default 0. */
  seed?: number;
  /** Each of these ids ends an answer and is its last id. */
  stopIds?: readonly number[];
  /** Ends all rows before the next step. */
  signal?: AbortSignal;
  /** False: no token is guessed, each has a pass of its own. The answers are the same. Default true. */
  speculate?: boolean;
  /** Memory for keys and values; rows that do not fit wait until others end. Default 512 MiB. */
  cacheBytes?: number;
}

export interface Generation {
  /** What was generated, the stop id included. */
  ids: number[];
  /** The log-probability of each id under the model at temperature 1, whatever it was drawn with; NaN: not drawn. */
  logProbs: Float32Array;
  finish: Finish;
}

const DEFAULT_CACHE_BYTES = 512 * 2 ** 20;

/**
 * Answers of a model to prompts, all rows together: a prompt that several rows share is computed once, a row that
 * ends makes room for one that waits, and the event loop gets a turn after every step. The model and its adapter
 * must stay as they are until the promise settles.
 * @param prompts token ids, at least one each
 * @returns in the order of the prompts
 * @throws Error where a prompt is empty or leaves no room in the model's context
 */
export async function generate(
  model: Qwen2Model,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions,
): Promise<Generation[]> {
  const rows = prompts.map((prompt, index) => makeRow(model, prompt, index, options));
  const waiting = sortedByPrompt(rows.filter((row) => row.limit > 0));
  if (waiting.length > 0) {
    const engine = openEngine(model, waiting, options.cacheBytes ?? DEFAULT_CACHE_BYTES);
    try {
      const decoder = new Decoder(engine, waiting, {
        topP: options.topP ?? 1,
        stopIds: new Set(options.stopIds),
        allowed: options.allowed,
        amend: options.amend,
        stop: options.stop,
      });
      await decoder.run(options.signal);
    } finally {
      engine.dispose();
    }
  }
  return rows.map(({ ids, logProbs, finish }) => ({
    ids,
    logProbs: Float32Array.from(logProbs),
    finish,
  }));
}

function openEngine(model: Qwen2Model, rows: readonly Row[], cacheBytes: number): DecodingEngine {
  // The last token of an answer is never read, so it needs no place.
  const longest = rows.reduce((most, row) => Math.max(most, row.prompt.length + row.limit - 1), 1);
  const Engine = getBackend() === 'native' ? NativeEngine : TensorEngine;
  return new Engine(model, longest, rows.length, cacheBytes);
}

function makeRow(
  model: Qwen2Model,
  prompt: readonly number[],
  index: number,
  options: GenerateOptions,
): Row {
  const { maxNewTokens, temperature = 1, seed = 0 } = options;
  const room = model.config.contextLength - prompt.length;
  if (prompt.length === 0 || room < 1) {
    throw new Error(
      `Prompt ${index} has ${prompt.length} tokens; the model takes 1 to ${model.config.contextLength - 1} and needs room to answer.`,
    );
  }
  const wanted = typeof maxNewTokens === 'number' ? maxNewTokens : maxNewTokens[index];
  return {
    index,
    prompt,
    key: prompt.join(),
    limit: Math.min(wanted, room),
    temperature: typeof temperature === 'number' ? temperature : temperature[index],
    // A row's own stream, from the seed and its index alone.
    random: new Random(new Random(seed).uint32() + index * 2 ** 32),
    drafter: options.speculate === false ? null : new Drafter(prompt),
    ids: [],
    logProbs: [],
    finish: wanted > 0 ? 'cancelled' : 'length',
  };
}

/** Rows of equal prompts next to each other, the first of each in the given order. */
function sortedByPrompt(rows: readonly Row[]): Row[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.key);
    if (group) {
      group.push(row);
    } else {
      groups.set(row.key, [row]);
    }
  }
  return [...groups.values()].flat();
}
