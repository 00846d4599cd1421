import type { Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { join } from 'node:path';
import { readJson, writeJson } from '../store/json.js';
import { UserError, errorMessage } from '../util/errors.js';
import { Random } from '../util/random.js';
import { adapterJson, parseAdapterJson, type AdapterConfig } from './adapterConfig.js';
import type { Qwen2Config } from './config.js';
import { projectionName, projectionShape, PROJECTIONS, type Projection } from './parameters.js';
import { makeVariable, tensorsOf } from './variables.js';
import { readSafetensors, writeSafetensors } from './weights/safetensors.js';

/** A low-rank update of one linear layer: scale * b a is added to its weight. */
export interface LoraPair {
  /** [rank, in] */
  a: Tensor2D;
  /** [out, rank] */
  b: Tensor2D;
  scale: number;
}

const CONFIG_FILE = 'adapter_config.json';
const WEIGHTS_FILE = 'adapter_model.safetensors';

/** A LoRA adapter (arXiv 2106.09685) in the names and files of PEFT. */
export class Adapter {
  private readonly pairs: Partial<Record<Projection, LoraPair>>[] = [];

  private constructor(
    readonly config: AdapterConfig,
    private readonly weights: Map<string, Variable>,
    layers: number,
  ) {
    const scale = config.alpha / config.rank;
    for (let layer = 0; layer < layers; layer++) {
      const pairs = config.targets.map((projection) => {
        const a = weights.get(pairName(layer, projection, 'A'));
        const b = weights.get(pairName(layer, projection, 'B'));
        return [projection, { a, b, scale }];
      });
      this.pairs.push(Object.fromEntries(pairs) as Record<Projection, LoraPair>);
    }
  }

  /** A new adapter: A uniform in +-1/sqrt(in) as PEFT makes it, B zero, so that it changes nothing yet. */
  static init(model: Qwen2Config, options: Partial<AdapterConfig>, seed: number): Adapter {
    const config = { rank: 16, alpha: 32, targets: [...PROJECTIONS], ...options };
    const random = new Random(seed);
    return Adapter.build(model, config, (name, shape) => {
      const values = new Float32Array(shape[0] * shape[1]);
      const bound = 1 / Math.sqrt(shape[1]);
      return name.endsWith('lora_B.weight')
        ? values
        : values.map(() => bound * (2 * random.next() - 1));
    });
  }

  /**
   * Reads the file pair that PEFT's save_pretrained writes.
   * @throws UserError where it is missing, is no plain LoRA adapter, or does not fit the model
   */
  static load(dir: string, model: Qwen2Config): Adapter {
    const file = join(dir, CONFIG_FILE);
    let json: unknown;
    try {
      json = readJson(file);
    } catch (error) {
      throw new UserError(errorMessage(error));
    }
    const config = parseAdapterJson(json, file);
    const weights = readSafetensors(join(dir, WEIGHTS_FILE));
    try {
      const wanted = new Set(pairNames(model, config).flatMap(({ a, b }) => [a, b]));
      const extra = [...weights.tensors.keys()].find((name) => !wanted.has(name));
      if (extra !== undefined) {
        throw new UserError(
          `${dir} holds '${extra}', which is no part of a LoRA adapter for this model.`,
        );
      }
      return Adapter.build(model, config, (name, shape) => {
        const found = weights.tensors.get(name);
        if (found?.shape.join() !== shape.join()) {
          throw new UserError(
            `The adapter in ${dir} does not fit this model: ${name} should be [${shape.join(', ')}], but is ${found ? `[${found.shape.join(', ')}]` : 'missing'}.`,
          );
        }
        return found.read();
      });
    } finally {
      weights.close();
    }
  }

  /**
   * The model that the adapter in a folder was made on, as it records it; null where it names none.
   * @throws UserError where there is no adapter
   */
  static baseOf(dir: string): string | null {
    const json = readJson(join(dir, CONFIG_FILE)) as Record<string, unknown> | null;
    const base = json?.['base_model_name_or_path'];
    return typeof base === 'string' && base !== '' ? base : null;
  }

  private static build(
    model: Qwen2Config,
    config: AdapterConfig,
    values: (name: string, shape: number[]) => Float32Array,
  ): Adapter {
    const weights = new Map<string, Variable>();
    for (const { projection, a, b } of pairNames(model, config)) {
      const [out, input] = projectionShape(model, projection);
      for (const { name, shape } of [
        { name: a, shape: [config.rank, input] },
        { name: b, shape: [out, config.rank] },
      ]) {
        weights.set(name, makeVariable(values(name, shape), shape));
      }
    }
    return new Adapter(config, weights, model.layers);
  }

  /** Writes the file pair, so that PEFT opens it. */
  save(dir: string, baseModel: string | null = null): void {
    writeSafetensors(join(dir, WEIGHTS_FILE), tensorsOf(this.weights));
    writeJson(join(dir, CONFIG_FILE), adapterJson(this.config, baseModel));
  }

  /** Every A and B by its PEFT name. */
  variables(): ReadonlyMap<string, Variable> {
    return this.weights;
  }

  /** The update of a layer, or null where the adapter leaves it alone. */
  pair(layer: number, projection: Projection): LoraPair | null {
    return this.pairs[layer]?.[projection] ?? null;
  }

  dispose(): void {
    for (const parameter of this.weights.values()) {
      parameter.dispose();
    }
    this.weights.clear();
    this.pairs.length = 0;
  }
}

function pairName(layer: number, projection: Projection, side: 'A' | 'B'): string {
  return `base_model.model.${projectionName(layer, projection)}.lora_${side}.weight`;
}

function pairNames(
  model: Qwen2Config,
  config: AdapterConfig,
): { projection: Projection; a: string; b: string }[] {
  return Array.from({ length: model.layers }, (_, layer) =>
    config.targets.map((projection) => ({
      projection,
      a: pairName(layer, projection, 'A'),
      b: pairName(layer, projection, 'B'),
    })),
  ).flat();
}
