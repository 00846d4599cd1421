import { mul, softmax, tensor2d, tidy, type Tensor2D } from '@tensorflow/tfjs-core';
import { setImmediate } from 'node:timers/promises';
import { nativeValues } from '../tensor/addon.js';
import { KvCache } from '../tensor/ops/kvCache.js';
import { linear } from '../tensor/ops/linear.js';
import type { Random } from '../util/random.js';
import { checkSampling, draw, likeliest, shareAmong } from './sampling.js';
import type { CachedBatch, Qwen2Model } from './transformer.js';

/** Why an answer ended: a stop id or the callback; its length; the signal. */
export type Finish = 'stop' | 'length' | 'cancelled';

/** A prompt and its answer so far. */
export interface Row {
  index: number;
  prompt: readonly number[];
  /** Equal for equal prompts. */
  key: string;
  /** At least 1. */
  limit: number;
  temperature: number;
  random: Random;
  /** How many places of the prompt and the answer its cache holds, from when it was admitted. */
  cached: number;
  ids: number[];
  logProbs: number[];
  finish: Finish;
}

export interface DecoderOptions extends DecodingHooks {
  topP: number;
  stopIds: ReadonlySet<number>;
  cacheBytes: number;
}

/** What a caller may say while an answer is made. */
export interface DecodingHooks {
  /** Asked before a token is drawn: the ids to draw from, at least one; null: all. */
  allowed?: (row: number, ids: readonly number[]) => Int32Array | null;
  /**
   * Asked after a token was drawn, before anything else is: ids that the answer is replaced by, and goes on from; null: it
   * stays. The replaced answer's end is not looked at by stop ids and `stop`. The caller sees to it that the row ends.
   */
  amend?: (row: number, ids: readonly number[]) => readonly number[] | null;
  /** Asked after every token; true ends the row. */
  stop?: (row: number, ids: readonly number[]) => boolean;
}

/** A row of the cache: whose prompt (but its last token) its first places hold, and who decodes in it. */
interface Slot {
  key: string | null;
  row: Row | null;
}

/** What must be in the cache before the next step. */
interface Admission {
  /** Prompts that no slot holds yet. */
  prefill: { slot: number; prompt: readonly number[] }[];
  copies: { from: number; to: number; length: number }[];
}

/** Prompt tokens computed at once: bounds the memory, and the time until a cancel is seen. */
const PREFILL_TOKENS = 1024;

/**
 * Decodes many rows together. A row's prompt is put into the cache but for its last token, which is the input of the
 * row's first step; so rows with the same prompt differ in nothing but what they sample.
 */
export class Decoder {
  private readonly cache: KvCache;
  private readonly slots: Slot[];

  /** @param waiting in the order of admission; rows with equal prompts next to each other share one computation */
  constructor(
    private readonly model: Qwen2Model,
    private readonly waiting: Row[],
    private readonly options: DecoderOptions,
  ) {
    for (const { temperature } of waiting) {
      checkSampling({ temperature, topP: options.topP });
    }
    const { layers, kvHeads, headSize } = model.config;
    // The last token of an answer is never read, so it needs no place.
    const capacity = waiting.reduce(
      (most, row) => Math.max(most, row.prompt.length + row.limit - 1),
      1,
    );
    const rowBytes = layers * 2 * 4 * kvHeads * capacity * headSize;
    const count = Math.min(waiting.length, Math.max(1, Math.floor(options.cacheBytes / rowBytes)));
    this.cache = new KvCache(layers, count, capacity, kvHeads, headSize);
    this.slots = Array.from({ length: count }, () => ({ key: null, row: null }));
  }

  /** Decodes until every row ended or the signal is aborted; the event loop gets a turn after every step. */
  async run(signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted) {
      const { prefill, copies } = this.admit();
      for (const chunk of prefillChunks(prefill)) {
        this.model.hiddenCached(chunk, this.cache).dispose();
        await setImmediate();
        if (signal?.aborted) {
          return;
        }
      }
      for (const { from, to, length } of copies) {
        this.cache.copyRow(from, [to], length);
      }
      const busy = this.slots.filter((slot) => slot.row !== null);
      if (busy.length === 0) {
        return;
      }
      this.catchUp(busy);
      this.step(busy);
      await setImmediate();
    }
  }

  dispose(): void {
    this.cache.dispose();
  }

  /** Gives free slots to waiting rows. */
  private admit(): Admission {
    const admission: Admission = { prefill: [], copies: [] };
    for (let row = this.waiting[0]; row; row = this.waiting[0]) {
      const { key, prompt } = row;
      // A slot that this prompt was decoded in before needs nothing more.
      let to = this.slots.findIndex((slot) => slot.row === null && slot.key === key);
      if (to < 0) {
        to = this.slots.findIndex((slot) => slot.row === null);
        if (to < 0) {
          break;
        }
        const from = this.slots.findIndex((slot) => slot.key === key);
        if (from >= 0) {
          admission.copies.push({ from, to, length: prompt.length - 1 });
        } else {
          admission.prefill.push({ slot: to, prompt });
        }
      }
      this.slots[to] = { key, row };
      row.cached = prompt.length - 1;
      this.waiting.shift();
    }
    return admission;
  }

  /** Computes what rows were given without drawing it, but for the last token. */
  private catchUp(busy: readonly Slot[]): void {
    const behind = busy.filter(({ row }) => row!.cached < row!.prompt.length + row!.ids.length - 1);
    if (behind.length === 0) {
      return;
    }
    const given = behind.map((slot) => {
      const { prompt, ids, cached } = slot.row!;
      return {
        slot: this.slots.indexOf(slot),
        from: cached,
        ids: ids.slice(cached - prompt.length, -1),
      };
    });
    const batch: CachedBatch = {
      ids: Int32Array.from(given.flatMap(({ ids }) => ids)),
      positions: Int32Array.from(given.flatMap(({ from, ids }) => ids.map((_, i) => from + i))),
      rows: Int32Array.from(given.flatMap(({ slot, ids }) => ids.map(() => slot))),
    };
    this.model.hiddenCached(batch, this.cache).dispose();
  }

  /** One token for every row that decodes. */
  private step(busy: readonly Slot[]): void {
    const rows = busy.map((slot) => slot.row!);
    const batch: CachedBatch = {
      ids: Int32Array.from(rows, ({ ids, prompt }) => ids.at(-1) ?? prompt[prompt.length - 1]),
      positions: Int32Array.from(rows, ({ ids, prompt }) => prompt.length - 1 + ids.length),
      rows: Int32Array.from(busy, (slot) => this.slots.indexOf(slot)),
    };
    const logits = tidy(() =>
      linear(this.model.hiddenCached(batch, this.cache), this.model.headWeight()),
    ); // [M, V]
    const own = softmax(logits);
    const tempered = temperedBy(rows, logits, own);
    logits.dispose();
    try {
      busy.forEach((slot, i) => {
        rows[i].cached = rows[i].prompt.length + rows[i].ids.length;
        this.extend(rows[i], rowOf(own, i), rowOf(tempered, i));
        if (rows[i].finish !== 'cancelled') {
          slot.row = null;
        }
      });
    } finally {
      own.dispose();
      tempered.dispose();
    }
  }

  /**
   * @param own the model's distribution
   * @param tempered the one to draw from
   */
  private extend(row: Row, own: Float32Array, tempered: Float32Array): void {
    if (!Number.isFinite(own[0] + tempered[0])) {
      throw new Error(
        'The model computes no finite logits: its weights are damaged. Go back to an earlier checkpoint.',
      );
    }
    const { topP, stopIds, allowed, amend, stop } = this.options;
    const uniform = row.random.next();
    const among = allowed?.(row.index, row.ids) ?? null;
    const all = row.temperature === 0 ? own : tempered;
    const some = among === null ? all : shareAmong(all, among);
    const drawn = row.temperature === 0 ? likeliest(some) : draw(some, topP, uniform);
    const id = among === null ? drawn : among[drawn];
    row.ids.push(id);
    row.logProbs.push(Math.log(own[id]));
    const amended = amend?.(row.index, row.ids) ?? null;
    if (amended !== null) {
      replaceAnswer(row, amended);
    } else if (stopIds.has(id) || stop?.(row.index, row.ids)) {
      row.finish = 'stop';
    }
    if (row.finish === 'cancelled' && row.ids.length >= row.limit) {
      row.finish = 'length';
    }
  }
}

/** Takes back what differs, in the cache too, and puts the new ids in its place. */
function replaceAnswer(row: Row, ids: readonly number[]): void {
  let same = 0;
  while (same < ids.length && ids[same] === row.ids[same]) {
    same++;
  }
  row.ids = [...ids];
  row.logProbs = ids.map((_, i) => (i < same ? row.logProbs[i] : NaN));
  row.cached = Math.min(row.cached, row.prompt.length + same);
}

/** The distributions to draw from, each at its row's temperature; `own` where none needs another. */
function temperedBy(rows: readonly Row[], logits: Tensor2D, own: Tensor2D): Tensor2D {
  if (rows.every(({ temperature }) => temperature === 0 || temperature === 1)) {
    return own;
  }
  const scale = Float32Array.from(rows, ({ temperature }) => 1 / (temperature || 1));
  return scale.every((each) => each === scale[0])
    ? tidy(() => softmax(mul<Tensor2D>(logits, scale[0])))
    : tidy(() => softmax(mul<Tensor2D>(logits, tensor2d(scale, [rows.length, 1]))));
}

function rowOf(values: Tensor2D, row: number): Float32Array {
  const width = values.shape[1];
  return nativeValues(values).subarray(row * width, (row + 1) * width);
}

/** The prompts but for their last tokens, cut into batches. */
function* prefillChunks(prompts: Admission['prefill']): Generator<CachedBatch> {
  const ids = Int32Array.from(prompts.flatMap(({ prompt }) => prompt.slice(0, -1)));
  const positions = Int32Array.from(
    prompts.flatMap(({ prompt }) => prompt.slice(1).map((_, place) => place)),
  );
  const rows = Int32Array.from(
    prompts.flatMap(({ slot, prompt }) => prompt.slice(1).map(() => slot)),
  );
  for (let start = 0; start < ids.length; start += PREFILL_TOKENS) {
    const end = start + PREFILL_TOKENS;
    yield {
      ids: ids.slice(start, end),
      positions: positions.slice(start, end),
      rows: rows.slice(start, end),
    };
  }
}
