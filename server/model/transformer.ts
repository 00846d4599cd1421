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
import { lean, recomputed } from '../tensor/autodiff.js';
import { attention } from '../tensor/ops/attention.js';
import type { KvCache } from '../tensor/ops/kvCache.js';
import { loraLinear } from '../tensor/ops/lora.js';
import {
  anyEmbedding,
  anyLinear,
  canQuantize,
  type LinearWeight,
} from '../tensor/ops/quantizedLinear.js';
import { rmsNorm } from '../tensor/ops/rmsNorm.js';
import { rotary } from '../tensor/ops/rotary.js';
import { swiglu } from '../tensor/ops/swiglu.js';
import type { Segment } from '../tensor/segments.js';
import { QuantizedMatrix, type QuantizedKind } from '../tensor/weights.js';
import type { Adapter } from './adapter.js';
import { configJson, readConfig, type Qwen2Config } from './config.js';
import { initialWeights } from './init.js';
import { parameterShapes, PROJECTIONS, projectionName, type Projection } from './parameters.js';
import { quantizeMatrix, storedWeight, tensorsOfMatrices } from './quantization.js';
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
  /** Whether a backward pass computes the activations of each block again, rather than to keep them all. */
  recompute = false;

  private blocks: Block[] = [];

  private constructor(
    readonly config: Qwen2Config,
    private readonly weights: Map<string, Variable>,
    private readonly quantized: Map<string, QuantizedMatrix>,
  ) {
    this.makeBlocks();
  }

  /**
   * Reads config.json and the safetensors files of a folder. Matrices that are stored in 8 bits stay so where the
   * backend computes with them: `matrices`.
   * @throws UserError where they are missing or do not fit
   */
  static load(dir: string): Qwen2Model {
    const config = readConfig(dir);
    const stored = openWeights(dir);
    try {
      return Qwen2Model.fromWeights(config, (name, shape) => {
        const weight = storedWeight(stored, dir, name, shape);
        return weight instanceof QuantizedMatrix && !canQuantize() ? weight.dequantize() : weight;
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
    values: (name: string, shape: number[]) => Float32Array | QuantizedMatrix,
  ): Qwen2Model {
    const weights = new Map<string, Variable>();
    const quantized = new Map<string, QuantizedMatrix>();
    for (const { name, shape } of parameterShapes(config)) {
      const value = values(name, shape);
      if (value instanceof QuantizedMatrix) {
        quantized.set(name, value);
      } else {
        weights.set(name, makeVariable(value, shape));
      }
    }
    return new Qwen2Model(config, weights, quantized);
  }

  /**
   * Writes config.json and model.safetensors; the adapter is not in it. transformers opens the folder, unless matrices
   * are in 8 bits: those become an I8 tensor under their name and the scales of its rows under that name and `.scale`.
   * @throws Error where there are 4-bit matrices
   */
  save(dir: string): void {
    const tensors = new Map([...tensorsOf(this.weights), ...tensorsOfMatrices(this.quantized)]);
    writeSafetensors(join(dir, 'model.safetensors'), tensors);
    writeJson(join(dir, 'config.json'), configJson(this.config));
  }

  /**
   * Turns every matrix into 8 or 4 bits, for good: what rounding takes is lost, and the base is frozen. With int4 the
   * embedding and the output layer, which suffer most, and matrices whose rows do not divide into groups get 8 bits.
   * @throws Error where the backend computes with floats only
   */
  quantize(kind: QuantizedKind): void {
    if (!canQuantize()) {
      throw new Error('This backend computes with weights in floats only; use the native one.');
    }
    for (const [name, variable] of this.weights) {
      if (variable.rank === 2) {
        this.quantized.set(name, quantizeMatrix(name, variable as Tensor as Tensor2D, kind));
        variable.dispose();
        this.weights.delete(name);
      }
    }
    this.makeBlocks();
  }

  /** Turns quantised matrices into the floats that they stand for, so that the base can be trained. */
  dequantize(): void {
    for (const [name, matrix] of this.quantized) {
      this.weights.set(name, makeVariable(matrix.dequantize(), [...matrix.shape]));
    }
    this.quantized.clear();
    this.makeBlocks();
  }

  /**
   * Adds the adapter's update to the base weights, for export, and lets go of the adapter, which stays as it is. A
   * quantised base becomes floats.
   */
  mergeAdapter(): void {
    this.dequantize();
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

  /**
   * The base parameters in floats by Hugging Face name; an output layer tied to the embedding is not listed, nor are
   * `matrices`.
   */
  variables(): ReadonlyMap<string, Variable> {
    return this.weights;
  }

  /** The quantised matrices by Hugging Face name; none in a model of floats. */
  matrices(): ReadonlyMap<string, QuantizedMatrix> {
    return this.quantized;
  }

  /** [V, D] what turns hidden states into logits: the embedding table where they are tied. */
  headWeight(): LinearWeight {
    return this.matrix(this.config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
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
    this.quantized.clear();
    this.blocks.length = 0;
  }

  private forward(ids: Int32Array, positions: Int32Array, attend: Attend): Tensor2D {
    return tidy(() => {
      let x = anyEmbedding(ids, this.matrix('model.embed_tokens.weight')); // [N, D]
      for (let layer = 0; layer < this.config.layers; layer++) {
        const before = x;
        const block = (input: Tensor2D): Tensor2D =>
          lean(() => this.block(layer, input, positions, attend));
        x = tidy(() => (this.recompute ? recomputed(block, before) : block(before)));
        before.dispose();
      }
      return rmsNorm(
        x,
        this.weights.get('model.norm.weight') as Tensor as Tensor1D,
        this.config.rmsNormEps,
      );
    });
  }

  private block(layer: number, x: Tensor2D, positions: Int32Array, attend: Attend): Tensor2D {
    const { headSize, ropeTheta, rmsNormEps } = this.config;
    const { inputNorm, innerNorm } = this.blocks[layer];
    const normed = rmsNorm(x, inputNorm, rmsNormEps);
    const q = rotary(this.project(normed, layer, 'q_proj'), positions, headSize, ropeTheta); // [N, H * Dh]
    const k = rotary(this.project(normed, layer, 'k_proj'), positions, headSize, ropeTheta); // [N, KV * Dh]
    const v = this.project(normed, layer, 'v_proj'); // [N, KV * Dh]
    const mixed = this.project(attend(layer, q, k, v), layer, 'o_proj', x); // [N, D]
    const inner = rmsNorm(mixed, innerNorm, rmsNormEps);
    const gate = this.project(inner, layer, 'gate_proj'); // [N, F]
    const up = this.project(inner, layer, 'up_proj'); // [N, F]
    return this.project(swiglu(gate, up), layer, 'down_proj', mixed);
  }

  /** @param addend added to the result */
  private project(
    x: Tensor2D,
    layer: number,
    projection: Projection,
    addend: Tensor2D | null = null,
  ): Tensor2D {
    const { weight, bias } = this.blocks[layer].linear[projection];
    const pair = this.adapter?.pair(layer, projection);
    return pair
      ? loraLinear(x, weight, bias, pair.a, pair.b, pair.scale, addend)
      : anyLinear(x, weight, bias, addend);
  }

  private matrix(name: string): LinearWeight {
    return this.quantized.get(name) ?? (this.weights.get(name) as Tensor as Tensor2D);
  }

  private makeBlocks(): void {
    this.blocks = Array.from({ length: this.config.layers }, (_, layer) => ({
      inputNorm: this.weights.get(
        `model.layers.${layer}.input_layernorm.weight`,
      ) as Tensor as Tensor1D,
      innerNorm: this.weights.get(
        `model.layers.${layer}.post_attention_layernorm.weight`,
      ) as Tensor as Tensor1D,
      linear: Object.fromEntries(
        PROJECTIONS.map((projection) => {
          const name = projectionName(layer, projection);
          const bias: Tensor | undefined = this.weights.get(`${name}.bias`);
          return [projection, { weight: this.matrix(`${name}.weight`), bias: bias ?? null }];
        }),
      ) as Block['linear'],
    }));
  }
}

/** The parameters of a block, at hand without their names. */
interface Block {
  inputNorm: Tensor1D;
  innerNorm: Tensor1D;
  linear: Record<Projection, { weight: LinearWeight; bias: Tensor1D | null }>;
}
