import { tensor, type Variable } from '@tensorflow/tfjs-core';
import { Adapter } from '../model/adapter.js';
import { trainableParameters } from '../model/loss.js';
import { Qwen2Model } from '../model/transformer.js';
import type { AdamWParameter } from '../tensor/adamw.js';

/** The model that learns: all of its weights, or an adapter on it. */
export class Policy {
  readonly trainable: readonly AdamWParameter[];

  constructor(
    readonly model: Qwen2Model,
    readonly adapter: Adapter | null,
  ) {
    model.adapter = adapter;
    this.trainable = trainableParameters(model);
  }

  /** The values of all that is trained, by name; copies. */
  weights(): Map<string, Float32Array> {
    return new Map(this.trainable.map(({ name, variable }) => [name, values(variable)]));
  }

  /** @throws Error where a weight is missing or has another size */
  restore(weights: ReadonlyMap<string, Float32Array>): void {
    for (const { name, variable } of this.trainable) {
      assign(variable, name, weights);
    }
  }

  dispose(): void {
    this.adapter?.dispose();
    this.model.dispose();
  }
}

/**
 * The reference: the policy as it was when reinforcement began, never changed after. After a warm-up that is not the
 * base model but what the warm-up made of it: the KL term should hold on to that, not undo it.
 */
export class Reference {
  private constructor(
    private readonly model: Qwen2Model,
    private readonly adapter: Adapter | null,
    private readonly shared: boolean,
  ) {}

  /** @param weights from `Policy.weights` */
  static of(policy: Policy, weights: ReadonlyMap<string, Float32Array>): Reference {
    if (policy.adapter === null) {
      const copy = Qwen2Model.fromWeights(policy.model.config, (name) =>
        weights.get(name)!.slice(),
      );
      return new Reference(copy, null, false);
    }
    const adapter = Adapter.init(policy.model.config, policy.adapter.config, 0);
    for (const [name, variable] of adapter.variables()) {
      assign(variable, name, weights);
    }
    return new Reference(policy.model, adapter, true);
  }

  /** Runs something with the reference in place of the policy. */
  async use<T>(work: (model: Qwen2Model) => T | Promise<T>): Promise<T> {
    if (!this.shared) {
      return work(this.model);
    }
    const own = this.model.adapter;
    this.model.adapter = this.adapter;
    try {
      return await work(this.model);
    } finally {
      this.model.adapter = own;
    }
  }

  dispose(): void {
    this.adapter?.dispose();
    if (!this.shared) {
      this.model.dispose();
    }
  }
}

function values(variable: Variable): Float32Array {
  return Float32Array.from(variable.dataSync<'float32'>());
}

function assign(
  variable: Variable,
  name: string,
  weights: ReadonlyMap<string, Float32Array>,
): void {
  const own = weights.get(name);
  if (own?.length !== variable.size) {
    throw new Error(
      `The weights do not fit this model: '${name}' has ${own?.length ?? 0} values, expected ${variable.size}.`,
    );
  }
  const copy = tensor(own.slice(), variable.shape);
  variable.assign(copy);
  copy.dispose();
}
