import { setImmediate } from 'node:timers/promises';
import type { Random } from '../util/random.js';
import type { DecodingEngine, Drawn, DrawRequest, Feed } from './decodingEngine.js';
import { commonLength } from './prefixCache.js';
import { checkSampling } from './sampling.js';
import type { Drafter } from './speculation.js';

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
  /** One number for each draw, whether its token is kept or not. */
  random: Random;
  /** Guesses how the answer goes on; null: every token has a pass of its own. */
  drafter: Drafter | null;
  ids: number[];
  logProbs: number[];
  finish: Finish;
}

export interface DecoderOptions extends DecodingHooks {
  topP: number;
  stopIds: ReadonlySet<number>;
}

/** What a caller may say while an answer is made. */
export interface DecodingHooks {
  /**
   * Asked before a token is drawn: the ids to draw from, at least one; null: all. The answer may depend on the
   * arguments only: it is asked about guessed tokens too.
   */
  allowed?: (row: number, ids: readonly number[]) => Int32Array | null;
  /**
   * Asked after a token was drawn, before anything else is: ids that the answer is replaced by, and goes on from; null: it
   * stays. The replaced answer's end is not looked at by stop ids and `stop`. The caller sees to it that the row ends.
   */
  amend?: (row: number, ids: readonly number[]) => readonly number[] | null;
  /** Asked after every token; true ends the row. */
  stop?: (row: number, ids: readonly number[]) => boolean;
}

/** A row that decodes. */
interface Active {
  row: Row;
  sequence: number;
  /** How many places of the prompt and the answer the sequence holds. */
  cached: number;
  /** Numbers drawn from `row.random` that no token was drawn with yet. */
  uniforms: number[];
}

/** Prompt tokens computed at once: bounds the memory, and the time until a cancel is seen. */
const PREFILL_TOKENS = 1024;
/** More rows than this fill a step by themselves: guesses would cost as much as they save. */
const DRAFTING_ROWS = 2;

/**
 * Decodes many rows together. A row's prompt is put into its sequence but for its last token, which is the input of
 * the row's first step; so rows with the same prompt differ in nothing but what they sample.
 */
export class Decoder {
  private active: Active[] = [];

  /** @param waiting in the order of admission; rows with equal prompts next to each other share one computation */
  constructor(
    private readonly engine: DecodingEngine,
    private readonly waiting: Row[],
    private readonly options: DecoderOptions,
  ) {
    for (const { temperature } of waiting) {
      checkSampling({ temperature, topP: options.topP });
    }
  }

  /** Decodes until every row ended or the signal is aborted; the event loop gets a turn after every step. */
  async run(signal?: AbortSignal): Promise<void> {
    try {
      while (!signal?.aborted) {
        const admitted = this.admit();
        for (const chunk of prefillChunks(admitted)) {
          this.engine.step(chunk, this.options.topP);
          await setImmediate();
          if (signal?.aborted) {
            return;
          }
        }
        admitted.forEach((each) => (each.cached = each.row.prompt.length - 1));
        // Rows that share one of these prompts can join now.
        if (admitted.length > 0) {
          continue;
        }
        if (this.active.length === 0) {
          if (this.waiting.length > 0) {
            throw new Error('Another request holds the memory for keys and values: ask again.');
          }
          return;
        }
        this.step(signal);
        await setImmediate();
      }
    } finally {
      this.active.forEach(({ sequence }) => this.engine.close(sequence));
    }
  }

  /**
   * Gives waiting rows a sequence while there is memory.
   * @returns those whose prompts are not wholly cached; others with their prompts still wait
   */
  private admit(): Active[] {
    const incomplete: Active[] = [];
    const keys = new Set<string>();
    for (let next = 0; next < this.waiting.length; ) {
      const row = this.waiting[next];
      if (keys.has(row.key)) {
        next++;
        continue;
      }
      const opened = this.engine.open(row.prompt.slice(0, -1), row.limit);
      if (opened === null) {
        break;
      }
      this.waiting.splice(next, 1);
      const active = { row, sequence: opened.sequence, cached: opened.length, uniforms: [] };
      this.active.push(active);
      if (opened.length < row.prompt.length - 1) {
        incomplete.push(active);
        keys.add(row.key);
      }
    }
    return incomplete;
  }

  /** At least one token for every row that decodes. */
  private step(signal?: AbortSignal): void {
    const drafting = this.active.length <= DRAFTING_ROWS;
    const drafts = this.active.map(({ row }) => (drafting ? this.draft(row) : []));
    const feeds = this.active.map((each, i) => this.feed(each, drafts[i]));
    const drawn = this.engine.step(
      feeds.map(({ feed }) => feed),
      this.options.topP,
    );
    this.active.forEach((each, i) =>
      this.take(
        each,
        feeds[i].drafted,
        drawn[i],
        each.cached + feeds[i].feed.tokens.length,
        signal,
      ),
    );
    this.active = this.active.filter(({ row, sequence }) => {
      const goesOn = row.finish === 'cancelled';
      if (!goesOn) {
        this.engine.close(sequence);
      }
      return goesOn;
    });
  }

  private draft({ drafter, prompt, ids, limit }: Row): number[] {
    return drafter?.draft(prompt.length, ids, limit - ids.length - 1) ?? [];
  }

  /** What the sequence lacks of the row, and the part of the draft that is allowed. */
  private feed(each: Active, draft: number[]): { feed: Feed; drafted: number[] } {
    const { row, sequence, cached, uniforms } = each;
    const { prompt, ids, index, temperature, random } = row;
    const { allowed } = this.options;
    const drafted: number[] = [];
    const draws: DrawRequest[] = [];
    for (;;) {
      const place = draws.length;
      uniforms[place] ??= random.next();
      const among = allowed?.(index, place === 0 ? ids : [...ids, ...drafted]) ?? null;
      draws.push({ temperature, uniform: uniforms[place], allowed: among });
      if (place === draft.length || (among !== null && !among.includes(draft[place]))) {
        break;
      }
      drafted.push(draft[place]);
    }
    const known =
      cached < prompt.length
        ? [...prompt.slice(cached), ...ids]
        : ids.slice(cached - prompt.length);
    return { feed: { sequence, tokens: [...known, ...drafted], draws }, drafted };
  }

  /**
   * Appends to the row what was drawn, up to the first token that the draft had not guessed.
   * @param length of the sequence now
   */
  private take(
    each: Active,
    drafted: readonly number[],
    drawn: readonly Drawn[],
    length: number,
    signal?: AbortSignal,
  ): void {
    const { row } = each;
    let accepted = 0;
    each.cached = row.prompt.length + row.ids.length;
    for (const { id, logProb } of drawn) {
      each.uniforms.shift();
      const amended = this.extend(each, id, logProb);
      if (amended || row.finish !== 'cancelled' || id !== drafted[accepted] || signal?.aborted) {
        break;
      }
      accepted++;
      each.cached++;
    }
    row.drafter?.note(drafted.length, accepted);
    if (each.cached < length) {
      this.engine.truncate(each.sequence, each.cached);
    }
  }

  /** @returns whether the answer was amended */
  private extend(each: Active, id: number, logProb: number): boolean {
    if (Number.isNaN(logProb)) {
      throw new Error(
        'The model computes no finite logits: its weights are damaged. Go back to an earlier checkpoint.',
      );
    }
    const { row } = each;
    const { stopIds, amend, stop } = this.options;
    row.ids.push(id);
    row.logProbs.push(logProb);
    const amended = amend?.(row.index, row.ids) ?? null;
    if (amended !== null) {
      const same = commonLength(amended, row.ids);
      row.ids = [...amended];
      row.logProbs = amended.map((_, i) => (i < same ? row.logProbs[i] : NaN));
      // The last token is fed again: the next draw follows it.
      each.cached = Math.min(each.cached, row.prompt.length + Math.min(same, row.ids.length - 1));
    } else if (stopIds.has(id) || stop?.(row.index, row.ids)) {
      row.finish = 'stop';
    }
    if (row.finish === 'cancelled' && row.ids.length >= row.limit) {
      row.finish = 'length';
    }
    return amended !== null;
  }
}

/** The prompts but for their last tokens, cut into batches. */
function* prefillChunks(rows: readonly Active[]): Generator<Feed[]> {
  let chunk: Feed[] = [];
  let size = 0;
  for (const { row, sequence, cached } of rows) {
    for (let start = cached; start < row.prompt.length - 1; ) {
      const end = Math.min(row.prompt.length - 1, start + PREFILL_TOKENS - size);
      chunk.push({ sequence, tokens: row.prompt.slice(start, end), draws: [] });
      size += end - start;
      start = end;
      if (size === PREFILL_TOKENS) {
        yield chunk;
        chunk = [];
        size = 0;
      }
    }
  }
  if (size > 0) {
    yield chunk;
  }
}
