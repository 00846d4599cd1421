import type { Tensor } from '@tensorflow/tfjs-core';
import { trainableParameters } from '../../model/loss.js';
import type { Qwen2Model } from '../../model/transformer.js';
import { AdamW } from '../../tensor/adamw.js';
import { Muon } from '../../tensor/muon.js';
import { arraysUnder, prefixed } from '../arrays.js';

const ADAMW = 'adamw/';
const MUON = 'muon/';
const CLIP_NORM = 1;

/** Muon for the matrices between hidden states, AdamW for the embedding table, gains and biases. */
export class PretrainingOptimizer {
  private readonly adamw: AdamW;
  private readonly muon: Muon;

  constructor(model: Qwen2Model, lr: number, weightDecay: number) {
    const parameters = trainableParameters(model);
    const hidden = (name: string): boolean => name.endsWith('_proj.weight');
    this.muon = new Muon(
      parameters.filter(({ name }) => hidden(name)),
      { lr, weightDecay },
    );
    this.adamw = new AdamW(
      parameters.filter(({ name }) => !hidden(name)),
      { lr, weightDecay, beta2: 0.98 },
    );
  }

  /** @returns the norm of AdamW's gradients before clipping; Muon's updates have their size whatever the gradient's */
  step(gradients: ReadonlyMap<string, Tensor>, lr: number): { gradNorm: number } {
    this.muon.step(gradients, lr);
    return this.adamw.step(gradients, { lr, clipNorm: CLIP_NORM });
  }

  state(): Map<string, Float32Array> {
    return new Map([...prefixed(ADAMW, this.adamw.state()), ...prefixed(MUON, this.muon.state())]);
  }

  restore(state: ReadonlyMap<string, Float32Array>): void {
    this.adamw.restore(arraysUnder(ADAMW, state));
    this.muon.restore(arraysUnder(MUON, state));
  }

  dispose(): void {
    this.adamw.dispose();
    this.muon.dispose();
  }
}
