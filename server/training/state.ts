import { AdamW } from '../tensor/adamw.js';
import { Random, type RandomState } from '../util/random.js';
import { arraysUnder, prefixed } from './arrays.js';
import type { Evaluation } from './evaluate.js';
import type { Reread } from './frozenReader.js';
import { Reference, type Policy } from './policy.js';
import { UnitSampler } from './sampler.js';
import type { Settings } from './settings.js';
import type { WarmupPosition } from './warmup.js';

type Phase = 'warm-up' | 'learning' | 'done';

/** All of a run that changes and is no array; with the arrays it is a checkpoint. It survives JSON. */
export interface Progressed {
  phase: Phase;
  warmupSteps: number;
  steps: number;
  /** Wall-clock seconds spent in each phase so far, evaluations left out. */
  warmupSeconds: number;
  learningSeconds: number;
  /** Tokens that went through a forward or backward pass or were sampled. */
  tokens: number;
  random: RandomState;
  position: WarmupPosition;
  /** Times that the warm-up has been through its data. */
  epochs: number;
  samplerWeights: number[];
  /** Tokens of a forward and backward pass: fewer than the settings' where the memory was too small. */
  microBatchTokens: number;
  rereads: Reread[];
  /** Lines of the metrics file that belong to this state. */
  metricsLines: number;
  before: Evaluation | null;
  afterWarmup: Evaluation | null;
  cipher: boolean;
}

/** What a checkpoint holds. */
export interface Snapshot {
  progressed: Progressed;
  arrays: Map<string, Float32Array>;
}

const POLICY = 'policy/';
const REFERENCE = 'reference/';
const OPTIMIZER = 'optimizer/';

/** The moving parts of a run: what a step changes, and what a checkpoint must bring back. */
export class TrainingState {
  optimizer: AdamW;
  reference: Reference | null = null;
  /** The weights when learning began. */
  private referenceWeights: Map<string, Float32Array> | null = null;
  random: Random;
  sampler: UnitSampler;
  progressed: Progressed;

  constructor(
    readonly policy: Policy,
    private readonly settings: Settings,
    private readonly units: number,
  ) {
    this.random = new Random(settings.seed);
    this.sampler = new UnitSampler(units);
    this.optimizer = this.newOptimizer();
    this.progressed = {
      phase: 'warm-up',
      warmupSteps: 0,
      steps: 0,
      warmupSeconds: 0,
      learningSeconds: 0,
      tokens: 0,
      random: this.random.state,
      position: { epoch: 0, index: 0 },
      epochs: 0,
      samplerWeights: this.sampler.state(),
      microBatchTokens: settings.microBatchTokens,
      rereads: [],
      metricsLines: 0,
      before: null,
      afterWarmup: null,
      cipher: false,
    };
  }

  /** Ends the warm-up: the policy as it is becomes the reference, and the optimizer starts afresh. */
  beginLearning(): void {
    this.progressed.phase = 'learning';
    this.setReference(this.policy.weights());
    this.optimizer.dispose();
    this.optimizer = this.newOptimizer();
  }

  /** Puts the policy back to where learning began. */
  undoLearning(): void {
    if (this.referenceWeights !== null) {
      this.policy.restore(this.referenceWeights);
    }
  }

  /** Everything that the next step depends on; copies. */
  snapshot(): Snapshot {
    const arrays = new Map([
      ...prefixed(POLICY, this.policy.weights()),
      ...prefixed(OPTIMIZER, this.optimizer.state()),
      ...prefixed(REFERENCE, this.referenceWeights ?? new Map()),
    ]);
    this.progressed.random = this.random.state;
    this.progressed.samplerWeights = this.sampler.state();
    return { progressed: structuredClone(this.progressed), arrays };
  }

  /** @throws Error where the snapshot is of another model */
  restore({ progressed, arrays }: Snapshot): void {
    this.policy.restore(arraysUnder(POLICY, arrays));
    this.optimizer.restore(arraysUnder(OPTIMIZER, arrays));
    const reference = arraysUnder(REFERENCE, arrays);
    if (reference.size > 0) {
      this.setReference(reference);
    }
    this.progressed = structuredClone(progressed);
    this.random = new Random(progressed.random);
    this.sampler = new UnitSampler(this.units, progressed.samplerWeights);
  }

  dispose(): void {
    this.optimizer.dispose();
    this.reference?.dispose();
    this.policy.dispose();
  }

  private setReference(weights: Map<string, Float32Array>): void {
    this.reference?.dispose();
    this.referenceWeights = weights;
    this.reference = Reference.of(this.policy, weights);
  }

  private newOptimizer(): AdamW {
    const { learningRate, weightDecay } = this.settings;
    return new AdamW(this.policy.trainable, { lr: learningRate, beta2: 0.99, weightDecay });
  }
}
