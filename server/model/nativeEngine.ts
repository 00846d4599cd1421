import type { Tensor } from '@tensorflow/tfjs-core';
import {
  type Addon,
  type DecoderHandle,
  nativeAddon,
  nativeValues,
  type PagesHandle,
  type WeightArgs,
} from '../tensor/addon.js';
import { MOST_PACKED_BYTES, packedBytes, packedWeight } from '../tensor/packedWeights.js';
import { revisionOf } from '../tensor/revisions.js';
import { WEIGHT_KINDS } from '../tensor/weights.js';
import type { DecodingEngine, Drawn, Feed } from './decodingEngine.js';
import { PROJECTIONS, type Projection, projectionName } from './parameters.js';
import { PrefixCache } from './prefixCache.js';
import type { Qwen2Model } from './transformer.js';

type Values = Float32Array | Int8Array | Uint8Array;

/** Tokens of a page: kPage of native/paged.h. */
const PAGE_TOKENS = 32;
/** What sequences that nobody uses may hold, for later requests that begin alike. */
const RESTING_BYTES = 64 * 2 ** 20;

const stores = new WeakMap<Qwen2Model, PageStore>();

/** Decoding in C++: a step is one native call, sequences share the pages of what they have in common. */
export class NativeEngine implements DecodingEngine {
  private readonly store: PageStore;
  private readonly weights: DecoderHandle;
  private readonly pages: number;

  /**
   * @param longest tokens of a sequence
   * @param rows sequences that may be wanted at a time
   */
  constructor(model: Qwen2Model, longest: number, rows: number, cacheBytes: number) {
    this.store = stores.get(model) ?? new PageStore(model);
    stores.set(model, this.store);
    this.weights = this.store.use();
    const each = Math.ceil(longest / PAGE_TOKENS) + 1;
    const affordable = Math.floor(cacheBytes / this.store.pageBytes);
    this.pages = Math.max(each, Math.min(affordable, rows * each));
    this.store.lend(this.pages);
  }

  open(tokens: readonly number[], room: number): { sequence: number; length: number } | null {
    return this.store.open(tokens, room);
  }

  truncate(sequence: number, length: number): void {
    this.store.truncate(sequence, length);
  }

  close(sequence: number): void {
    this.store.close(sequence);
  }

  step(feeds: readonly Feed[], topP: number): Drawn[][] {
    return this.store.step(this.weights, feeds, topP);
  }

  dispose(): void {
    this.store.lend(-this.pages);
  }
}

/** The pages of a model and the sequences in them; it outlives requests. */
class PageStore {
  readonly pageBytes: number;
  private readonly addon = nativeAddon();
  private readonly pages: PagesHandle;
  private readonly restingPages: number;
  private readonly sequences = new PrefixCache();
  private weights: { handle: DecoderHandle; arrays: (Values | null)[]; revision: number } | null =
    null;
  private lent = 0;

  constructor(private readonly model: Qwen2Model) {
    const { layers, kvHeads, headSize } = model.config;
    this.pages = this.addon.kvPages(layers, kvHeads, headSize);
    this.pageBytes = this.addon.kvPageBytes(this.pages);
    this.restingPages = Math.floor(RESTING_BYTES / this.pageBytes);
  }

  /** The weights as they are now. Where they are not those of before, what was computed with them is dropped. */
  use(): DecoderHandle {
    const arrays = arraysOf(this.model, this.addon);
    const revision = arrays.reduce((sum, each) => sum + (each ? revisionOf(each) : 0), 0);
    const { weights } = this;
    if (
      weights?.revision === revision &&
      weights.arrays.length === arrays.length &&
      // The arrays themselves: another tensor's array may come to lie in the same memory.
      weights.arrays.every((each, i) => each === arrays[i])
    ) {
      return weights.handle;
    }
    this.dropResting(0);
    const { config, adapter } = this.model;
    const sizes = Int32Array.of(
      config.layers,
      config.hiddenSize,
      config.innerSize,
      config.heads,
      config.kvHeads,
      config.headSize,
      config.vocabSize,
    );
    const scale = adapter ? adapter.config.alpha / adapter.config.rank : 1;
    const handle = this.addon.decoderModel(
      sizes,
      config.rmsNormEps,
      config.ropeTheta,
      scale,
      arrays,
    );
    this.weights = { handle, arrays, revision };
    return handle;
  }

  /** Lets so many more pages be used, or fewer. */
  lend(pages: number): void {
    this.lent += pages;
    this.dropResting(this.restingPages * PAGE_TOKENS);
    this.addon.kvLimit(this.pages, this.lent + this.restingPages);
  }

  open(tokens: readonly number[], room: number): { sequence: number; length: number } | null {
    let best = this.sequences.longest(tokens);
    for (;;) {
      const length = best?.length ?? 0;
      const wanted = tokens.length - length + room;
      const sequence = this.addon.kvOpen(this.pages, best?.sequence.id ?? -1, length, wanted);
      if (sequence >= 0) {
        this.sequences.add(sequence, tokens.slice(0, length));
        // What is wholly contained in the new one need not be held twice.
        if (best && !best.sequence.open && best.sequence.tokens.length === length) {
          this.drop(best.sequence.id);
        }
        return { sequence, length };
      }
      const oldest = this.sequences.oldest(best?.sequence);
      if (oldest) {
        this.drop(oldest.id);
      } else if (best === null || best.sequence.open) {
        return null;
      } else if (best.sequence.tokens.length > length) {
        this.truncate(best.sequence.id, length);
      } else {
        this.drop(best.sequence.id);
        best = null;
      }
    }
  }

  truncate(sequence: number, length: number): void {
    this.addon.kvTruncate(this.pages, sequence, length);
    this.sequences.get(sequence).tokens.length = length;
  }

  close(sequence: number): void {
    this.addon.kvSeal(this.pages, sequence);
    this.sequences.rest(sequence);
    this.dropResting(this.restingPages * PAGE_TOKENS);
  }

  step(weights: DecoderHandle, feeds: readonly Feed[], topP: number): Drawn[][] {
    const requests = feeds.flatMap(({ draws }) => draws);
    const ids = new Int32Array(requests.length);
    const logProbs = new Float32Array(requests.length);
    const masks = masksOf(requests.map(({ allowed }) => allowed));
    const enough = this.addon.decodeStep(
      weights,
      this.pages,
      Int32Array.from(
        feeds.flatMap(({ sequence, tokens, draws }) => [sequence, tokens.length, draws.length]),
      ),
      Int32Array.from(feeds.flatMap(({ tokens }) => tokens)),
      Float32Array.from(requests, ({ temperature }) => temperature),
      topP,
      Float64Array.from(requests, ({ uniform }) => uniform),
      masks?.ids ?? null,
      masks?.ends ?? null,
      ids,
      logProbs,
    );
    if (!enough) {
      throw new Error('There is no memory left for the keys and values of an answer.');
    }
    for (const { sequence, tokens } of feeds) {
      this.sequences.get(sequence).tokens.push(...tokens);
    }
    let next = 0;
    return feeds.map(({ draws }) =>
      draws.map(() => ({ id: ids[next], logProb: logProbs[next++] })),
    );
  }

  private drop(sequence: number): void {
    this.addon.kvClose(this.pages, sequence);
    this.sequences.delete(sequence);
  }

  private dropResting(tokens: number): void {
    let oldest = this.sequences.oldest();
    while (oldest && this.sequences.restingTokens > tokens) {
      this.drop(oldest.id);
      oldest = this.sequences.oldest();
    }
  }
}

/** The allowed ids of all draws one after another, and where those of each end; null where all are free. */
function masksOf(
  allowed: readonly (Int32Array | null)[],
): { ids: Int32Array; ends: Int32Array } | null {
  if (allowed.every((each) => each === null)) {
    return null;
  }
  let total = 0;
  const ends = Int32Array.from(allowed, (each) => (total += each?.length ?? 0));
  const ids = new Int32Array(total);
  allowed.forEach((each, i) => {
    if (each) {
      ids.set(each, ends[i] - each.length);
    }
  });
  return { ids, ends };
}

/**
 * Every array of a model and its adapter, in the order that native/decoder/bind.cc reads them. Models with large
 * weights have no packed ones: they are read as they lie, which is slower, but takes no second copy.
 */
function arraysOf(model: Qwen2Model, addon: Addon): (Values | null)[] {
  const variables = model.variables();
  const values = (name: string): Values | null => {
    const variable: Tensor | undefined = variables.get(name);
    return variable ? nativeValues(variable) : null;
  };
  const head = model.config.tiedEmbeddings ? 'model.embed_tokens' : 'lm_head';
  const products = Array.from({ length: model.config.layers }, (_, layer) =>
    PROJECTIONS.map((projection) => projectionName(layer, projection)),
  );
  const bytes = [head, ...products.flat()].map((name) => packedBytes(addon, weightOf(model, name)));
  const packs = bytes.reduce((a, b) => a + b) <= MOST_PACKED_BYTES;
  const product = (name: string): (Values | null)[] => {
    const weight = weightOf(model, name);
    const [, array, scales] = weight;
    return [array, scales, packs ? packedWeight(addon, weight) : null];
  };
  const linear = (layer: number, projection: Projection): (Values | null)[] => {
    const name = projectionName(layer, projection);
    const pair = model.adapter?.pair(layer, projection);
    return [
      ...product(name),
      values(`${name}.bias`),
      pair ? nativeValues(pair.a) : null,
      pair ? nativeValues(pair.b) : null,
    ];
  };
  const layers = Array.from({ length: model.config.layers }, (_, layer) => {
    const prefix = `model.layers.${layer}`;
    const of = (projections: readonly Projection[]): (Values | null)[] =>
      projections.flatMap((projection) => linear(layer, projection));
    return [
      values(`${prefix}.input_layernorm.weight`),
      ...of(PROJECTIONS.slice(0, 4)),
      values(`${prefix}.post_attention_layernorm.weight`),
      ...of(PROJECTIONS.slice(4)),
    ];
  });
  const [, table, scales] = weightOf(model, 'model.embed_tokens');
  return [table, scales, ...layers.flat(), values('model.norm.weight'), ...product(head)];
}

function weightOf(model: Qwen2Model, name: string): WeightArgs {
  const matrix = model.matrices().get(`${name}.weight`);
  if (matrix) {
    const [out, input] = matrix.shape;
    return [WEIGHT_KINDS[matrix.kind], matrix.values, matrix.scales, out, input];
  }
  const variable = model.variables().get(`${name}.weight`)!;
  const [out, input] = variable.shape;
  return [WEIGHT_KINDS.f32, nativeValues(variable), null, out, input];
}
