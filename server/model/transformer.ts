import {
  add,
  matMul,
  mul,
  tidy,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Variable,
} from '@tensorflow/tfjs-core';
import { join } from 'node:path';
import { writeJson } from '../store/json.js';
import { attention } from '../tensor/ops/attention.js';
import { embedding } from '../tensor/ops/embedding.js';
import type { KvCache } from '../tensor/ops/kvCache.js';
import { linear, loraLinear } from '../tensor/ops/linear.js';
import { rmsNorm } from '../tensor/ops/rmsNorm.js';
import { rotary } from '../tensor/ops/rotary.js';
import { swiglu } from '../tensor/ops/swiglu.js';
import type { Segment } from '../tensor/segments.js';
import { UserError } from '../util/errors.js';
import type { Adapter } from './adapter.js';
import { configJson, readConfig, type Qwen2Config } from './config.js';
import { initialWeights } from './init.js';
import { parameterShapes, PROJECTIONS, projectionName, type Projection } from './parameters.js';
import { makeVariable, tensorsOf } from './variables.js';
import { openWeights } from './weights/folder.js';
import { writeSafetensors } from './weights/safetensors.js';

/** Sequences one after another without padding. N is the number of their tokens. */
export interface PackedBatch {
  /** [N] token ids. */
  ids: Int32Array;
  /** [N] the place of each token in its sequence, a shared prefix counted. */
  positions: Int32Array;
  /** Cover [0, N) in order. */
  segments: Segment[];
}

/** One token each of some rows of a key-value cache, or several tokens of a row in order. */
export interface CachedBatch {
  /** [M] token ids. */
  ids: Int32Array;
  /** [M] the place of each token in its row; all earlier places are cached or in this batch. */
  positions: Int32Array;
  /** [M] the cache row of each token. */
  rows: Int32Array;
}

/** Attention of one block: rotated queries and keys, and values, to the mixed values. */
type Attend = (layer: number, q: Tensor2D, k: Tensor2D, v: Tensor2D) => Tensor2D;

/**
 * A Qwen2 transformer (arXiv 2407.10671): RMSNorm before each half of a block, rotary positions, grouped-query
 * attention, SwiGLU. Parameters carry their Hugging Face names.
 */
export class Qwen2Model {
  /** What is added to the base weights; null computes the reference exactly. */
  adapter: Adapter | null = null;

  private readonly blocks: Block[];

  private constructor(
    readonly config: Qwen2Config,
    private readonly weights: Map<string, Variable>,
  ) {
    this.blocks = Array.from({ length: config.layers }, (_, layer) => makeBlock(weights, layer));
  }

  /**
   * Reads config.json and the safetensors files of a folder.
   * @throws UserError where they are missing or do not fit
   */
  static load(dir: string): Qwen2Model {
    const config = readConfig(dir);
    const stored = openWeights(dir);
    try {
      return Qwen2Model.fromWeights(config, (name, shape) => {
        const found = stored.tensors.get(name);
        if (found?.shape.join() !== shape.join()) {
          const is = found ? `[${found.shape.join(', ')}]` : 'missing';
          throw new UserError(
            `The weights in ${dir} do not fit its config.json: ${name} should be [${shape.join(', ')}], but is ${is}.`,
          );
        }
        return found.read();
      });
    } finally {
      stored.close();
    }
  }

  /** A model with random weights, the same for the same seed. */
  static init(config: Qwen2Config, seed: number): Qwen2Model {
    return Qwen2Model.fromWeights(config, initialWeights(config, seed));
  }

  /**
   * @param values by Hugging Face name, row-major; the model takes the arrays as its memory
   * @throws Error where one is missing or has another size
   */
  static fromWeights(
    config: Qwen2Config,
    values: (name: string, shape: number[]) => Float32Array,
  ): Qwen2Model {
    const weights = new Map<string, Variable>();
    for (const { name, shape } of parameterShapes(config)) {
      weights.set(name, makeVariable(values(name, shape), shape));
    }
    return new Qwen2Model(config, weights);
  }

  /** Writes config.json and model.safetensors, so that transformers opens the folder; the adapter is not in it. */
  save(dir: string): void {
    writeSafetensors(join(dir, 'model.safetensors'), tensorsOf(this.weights));
    writeJson(join(dir, 'config.json'), configJson(this.config));
  }

  /** Adds the adapter's update to the base weights, for export, and lets go of the adapter, which stays as it is. */
  mergeAdapter(): void {
    const { adapter } = this;
    this.adapter = null;
    for (let layer = 0; layer < this.config.layers; layer++) {
      for (const projection of PROJECTIONS) {
        const pair = adapter?.pair(layer, projection);
        if (pair) {
          const weight = this.weights.get(`${projectionName(layer, projection)}.weight`)!;
          const merged = tidy(() => add(weight, mul(matMul(pair.b, pair.a), pair.scale)));
          weight.assign(merged);
          merged.dispose();
        }
      }
    }
  }

  /** The base parameters by Hugging Face name; an output layer tied to the embedding is not listed. */
  variables(): ReadonlyMap<string, Variable> {
    return this.weights;
  }

  /** [V, D] what turns hidden states into logits: the embedding table where they are tied. */
  headWeight(): Tensor2D {
    return this.weight(this.config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
  }

  /**
   * The final hidden state of every token, after the last norm.
   * @returns [N, D]
   */
  hidden(batch: PackedBatch): Tensor2D {
    const { heads, kvHeads } = this.config;
    return this.forward(batch.ids, batch.positions, (_layer, q, k, v) =>
      attention(q, k, v, batch.segments, heads, kvHeads),
    );
  }

  /**
   * The same with the keys and values of earlier tokens read from a cache, and those of these tokens added to it.
   * No gradients.
   * @returns [M, D]
   */
  hiddenCached(batch: CachedBatch, cache: KvCache): Tensor2D {
    return this.forward(batch.ids, batch.positions, (layer, q, k, v) => {
      cache.append(layer, k, v, batch.rows, batch.positions);
      return cache.attend(layer, q, batch.rows, batch.positions);
    });
  }

  /** Frees the weights, not the adapter's. */
  dispose(): void {
    for (const parameter of this.weights.values()) {
      parameter.dispose();
    }
    this.weights.clear();
    this.blocks.length = 0;
  }

  private forward(ids: Int32Array, positions: Int32Array, attend: Attend): Tensor2D {
    return tidy(() => {
      let x = embedding(ids, this.weight('model.embed_tokens.weight')); // [N, D]
      for (let layer = 0; layer < this.config.layers; layer++) {
        const before = x;
        x = tidy(() => this.block(layer, before, positions, attend));
        before.dispose();
      }
      return rmsNorm(x, this.weight<Tensor1D>('model.norm.weight'), this.config.rmsNormEps);
    });
  }

  private block(layer: number, x: Tensor2D, positions: Int32Array, attend: Attend): Tensor2D {
    const { headSize, ropeTheta, rmsNormEps } = this.config;
    const { inputNorm, innerNorm } = this.blocks[layer];
    const normed = rmsNorm(x, inputNorm, rmsNormEps);
    const q = rotary(this.project(normed, layer, 'q_proj'), positions, headSize, ropeTheta); // [N, H * Dh]
    const k = rotary(this.project(normed, layer, 'k_proj'), positions, headSize, ropeTheta); // [N, KV * Dh]
    const v = this.project(normed, layer, 'v_proj'); // [N, KV * Dh]
    const mixed = add<Tensor2D>(x, this.project(attend(layer, q, k, v), layer, 'o_proj')); // [N, D]
    const inner = rmsNorm(mixed, innerNorm, rmsNormEps);
    const gate = this.project(inner, layer, 'gate_proj'); // [N, F]
    const up = this.project(inner, layer, 'up_proj'); // [N, F]
    return add(mixed, this.project(swiglu(gate, up), layer, 'down_proj'));
  }

  private project(x: Tensor2D, layer: number, projection: Projection): Tensor2D {
    const { weight, bias } = this.blocks[layer].linear[projection];
    const pair = this.adapter?.pair(layer, projection);
    return pair ? loraLinear(x, weight, bias, pair.a, pair.b, pair.scale) : linear(x, weight, bias);
  }

  private weight<T extends Tensor = Tensor2D>(name: string): T {
    return this.weights.get(name) as Tensor as T;
  }
}

/** The parameters of a block, at hand without their names. */
interface Block {
  inputNorm: Tensor1D;
  innerNorm: Tensor1D;
  linear: Record<Projection, { weight: Tensor2D; bias: Tensor1D | null }>;
}

function makeBlock(weights: ReadonlyMap<string, Variable>, layer: number): Block {
  const get = (name: string): Tensor | null => weights.get(name) ?? null;
  const linear = PROJECTIONS.map((projection) => {
    const name = projectionName(layer, projection);
    return [projection, { weight: get(`${name}.weight`), bias: get(`${name}.bias`) }];
  });
  return {
    inputNorm: get(`model.layers.${layer}.input_layernorm.weight`) as Tensor1D,
    innerNorm: get(`model.layers.${layer}.post_attention_layernorm.weight`) as Tensor1D,
    linear: Object.fromEntries(linear) as Block['linear'],
  };
}
