import { gather, mul, softmax, tensor2d, tidy, type Tensor2D } from '@tensorflow/tfjs-core';
import { nativeValues } from '../tensor/addon.js';
import { KvCache } from '../tensor/ops/kvCache.js';
import { anyLinear } from '../tensor/ops/quantizedLinear.js';
import type { DecodingEngine, Drawn, DrawRequest, Feed } from './decodingEngine.js';
import { PrefixCache } from './prefixCache.js';
import { draw, likeliest, shareAmong } from './sampling.js';
import type { Qwen2Model } from './transformer.js';

/** Decoding by tensor operations, on any backend: each sequence has a row of a cache of fixed size. */
export class TensorEngine implements DecodingEngine {
  private readonly cache: KvCache;
  private readonly sequences = new PrefixCache();
  private readonly free: number[];

  /**
   * @param longest tokens of a sequence
   * @param rows sequences that may be wanted at a time
   */
  constructor(
    private readonly model: Qwen2Model,
    longest: number,
    rows: number,
    cacheBytes: number,
  ) {
    const { layers, kvHeads, headSize } = model.config;
    const rowBytes = layers * 2 * 4 * kvHeads * longest * headSize;
    const count = Math.min(rows, Math.max(1, Math.floor(cacheBytes / rowBytes)));
    this.cache = new KvCache(layers, count, longest, kvHeads, headSize);
    this.free = Array.from({ length: count }, (_, row) => count - 1 - row);
  }

  open(tokens: readonly number[]): { sequence: number; length: number } | null {
    const best = this.sequences.longest(tokens);
    const length = best?.length ?? 0;
    if (best && !best.sequence.open) {
      const { id } = best.sequence;
      this.sequences.delete(id);
      this.sequences.add(id, tokens.slice(0, length));
      return { sequence: id, length };
    }
    const sequence = this.free.pop() ?? this.sequences.oldest()?.id;
    if (sequence === undefined) {
      return null;
    }
    this.sequences.delete(sequence);
    if (best) {
      this.cache.copyRow(best.sequence.id, [sequence], length);
    }
    this.sequences.add(sequence, tokens.slice(0, length));
    return { sequence, length };
  }

  truncate(sequence: number, length: number): void {
    this.sequences.get(sequence).tokens.length = length;
  }

  close(sequence: number): void {
    this.sequences.rest(sequence);
  }

  step(feeds: readonly Feed[], topP: number): Drawn[][] {
    const held = feeds.map(({ sequence }) => this.sequences.get(sequence).tokens);
    const batch = {
      ids: Int32Array.from(feeds.flatMap(({ tokens }) => tokens)),
      positions: Int32Array.from(
        feeds.flatMap(({ tokens }, i) => tokens.map((_, place) => held[i].length + place)),
      ),
      rows: Int32Array.from(feeds.flatMap(({ sequence, tokens }) => tokens.map(() => sequence))),
    };
    const requests = feeds.flatMap(({ draws }) => draws);
    let end = 0;
    const drawn = feeds.flatMap(({ tokens, draws }) => {
      end += tokens.length;
      return draws.map((_, i) => end - draws.length + i);
    });
    const hidden = this.model.hiddenCached(batch, this.cache); // [M, D]
    feeds.forEach(({ tokens }, i) => held[i].push(...tokens));
    const answers = requests.length === 0 ? [] : this.drawAll(hidden, drawn, requests, topP);
    hidden.dispose();
    let next = 0;
    return feeds.map(({ draws }) => answers.slice(next, (next += draws.length)));
  }

  dispose(): void {
    this.cache.dispose();
  }

  /** @param rows of `hidden`, one for each request */
  private drawAll(
    hidden: Tensor2D,
    rows: number[],
    requests: readonly DrawRequest[],
    topP: number,
  ): Drawn[] {
    const [own, tempered] = tidy(() => {
      const whole = rows.length === hidden.shape[0];
      const logits = anyLinear(
        whole ? hidden : gather(hidden, Int32Array.from(rows)),
        this.model.headWeight(),
      ); // [draws, V]
      const probabilities: Tensor2D = softmax(logits);
      return [probabilities, temperedBy(requests, logits) ?? probabilities];
    });
    const answers = requests.map(({ temperature, uniform, allowed }, i) => {
      const ownRow = rowOf(own, i);
      const all = rowOf(tempered, i);
      if (!Number.isFinite(ownRow[0] + all[0])) {
        return { id: 0, logProb: NaN };
      }
      const some = allowed === null ? all : shareAmong(all, allowed);
      const index = temperature === 0 ? likeliest(some) : draw(some, topP, uniform);
      const id = allowed === null ? index : allowed[index];
      return { id, logProb: Math.log(ownRow[id]) };
    });
    own.dispose();
    tempered.dispose();
    return answers;
  }
}

/** The distributions to draw from, each at its own temperature; null where none needs another than the model's. */
function temperedBy(requests: readonly DrawRequest[], logits: Tensor2D): Tensor2D | null {
  if (requests.every(({ temperature }) => temperature === 0 || temperature === 1)) {
    return null;
  }
  const scale = Float32Array.from(requests, ({ temperature }) => 1 / (temperature || 1));
  return scale.every((each) => each === scale[0])
    ? softmax(mul<Tensor2D>(logits, scale[0]))
    : softmax(mul<Tensor2D>(logits, tensor2d(scale, [requests.length, 1])));
}

function rowOf(values: Tensor2D, row: number): Float32Array {
  const width = values.shape[1];
  return nativeValues(values).subarray(row * width, (row + 1) * width);
}
