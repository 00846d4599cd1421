import type { ModelSize } from '../model/presets.js';
import type { Metric } from '../similarity/similarity.js';
import type { AdvantageKind } from './advantage.js';
import type { Aggregation } from './aggregation.js';

/** Every number of a run. What the papers leave open is decided here, each with its reason. */
export interface Settings {
  seed: number;
  /** Wall-clock budget of warm-up and learning together; null where steps count instead. */
  minutes: number | null;
  /** Steps of reinforcement learning; null: as many as the minutes allow. */
  steps: number | null;
  /** Steps of warm-up; null: as many as its epochs take, or its share of the minutes. 0 switches it off, as in the paper. */
  warmupSteps: number | null;
  /** Share of the minutes that warm-up gets: a model from nothing must first speak the language at all. */
  warmupShare: number;
  /** How often the warm-up goes through its data, where the minutes allow it. */
  warmupEpochs: number;
  checkpointEvery: number;

  /** B: units drawn for a step. */
  unitsPerStep: number;
  /** G: docs sampled for a unit. 4 is the least that gives a usable baseline on two cores. */
  docsPerUnit: number;
  /** K: codes sampled from a doc. */
  codesPerDoc: number;
  /** A doc may have max(docCapMin, docCapShare x tokens of the code) tokens: it must compress. */
  docCapMin: number;
  docCapShare: number;
  /** A reconstruction may have codeCapFactor x tokens of the original + codeCapExtra tokens. */
  codeCapFactor: number;
  codeCapExtra: number;
  /** Longer units are left to bigger machines: they are counted, not trained on. */
  maxCodeTokens: number;

  metric: Metric;
  /** Count similarity from that of an empty body up; false rewards it as it is, and with it writing nothing. */
  aboveTrivial: boolean;
  /** Ablations: the reward without R_doc, or with R_doc but without its leak rule. */
  validity: boolean;
  leakRule: boolean;

  advantage: AdvantageKind;
  aggregation: Aggregation;
  /** Epsilon of the clipped ratio (PPO, Schulman et al. 2017, section 3). */
  clip: number;
  /** Weight of the KL to the reference: it keeps the doc a text that the reference would also write. */
  beta: number;
  /** Passes over one rollout; with 1 the ratio is 1 and nothing is clipped. */
  epochs: number;
  learningRate: number;
  weightDecay: number;
  clipNorm: number;
  /** Tokens of one forward and backward pass, where the memory has room for them. */
  microBatchTokens: number;
  /** Bytes that tensors may take. */
  memoryBytes: number;
  /** Share of the docs that the reference re-reads, to tell a doc from a private code. */
  frozenShare: number;

  warmupLearningRate: number;
  warmupBatchTokens: number;
  /** Rows of the vocabulary that the warm-up loss draws besides its targets: {@link sampleVocabulary}. */
  vocabularySample: number;
  /** Weight of a prompt's tokens in the warm-up loss; the completion's weigh 1. */
  promptWeight: number;
  /** Share of warm-up sequences whose doc is left empty, so that the empty doc of forward lift is nothing new. */
  emptyDocShare: number;
  /** Share of warm-up sequences without a signature, whose answer is the whole code. */
  bareShare: number;
  /** Weight of a doc made for a unit that has none ({@link warmupDocs}) as an answer; 0 leaves them out. */
  madeDocWeight: number;

  /** Share of the functions to learn from that are used: less than 1 for experiments. */
  corpusShare: number;
  /** The size of a model that is made from the workspace alone; null: a trained one is the start. */
  modelSize: ModelSize | null;
  /** LoRA, by default on a given model, or full training, by default of a small one. */
  lora: boolean;
  loraRank: number;
  loraAlpha: number;
  /** Held-out units scored before and after. */
  evaluationUnits: number;
}

/** What decides on the tier. */
export interface Machine {
  cores: number;
  memoryBytes: number;
  gpu: boolean;
}

export type Tier = 'small' | 'medium' | 'large';

const GIB = 1024 ** 3;

/** The tier of a machine: a GPU or 16 cores and 32 GiB are large, 8 cores and 16 GiB medium. */
export function tierOf(machine: Machine): Tier {
  if (machine.gpu || (machine.cores >= 16 && machine.memoryBytes >= 30 * GIB)) {
    return 'large';
  }
  return machine.cores >= 8 && machine.memoryBytes >= 15 * GIB ? 'medium' : 'small';
}

const BASE: Settings = {
  seed: 1,
  minutes: 10,
  steps: null,
  warmupSteps: null,
  warmupShare: 0.5,
  warmupEpochs: 4,
  checkpointEvery: 10,
  unitsPerStep: 8,
  docsPerUnit: 4,
  codesPerDoc: 2,
  docCapMin: 48,
  docCapShare: 0.6,
  codeCapFactor: 1.3,
  codeCapExtra: 16,
  maxCodeTokens: 160,
  metric: 'cssg',
  aboveTrivial: true,
  validity: true,
  leakRule: true,
  advantage: 'reinforce++_baseline',
  aggregation: 'dapo',
  clip: 0.2,
  beta: 0.02,
  epochs: 1,
  learningRate: 3e-4,
  weightDecay: 0.1,
  clipNorm: 1,
  microBatchTokens: 2048,
  memoryBytes: 4 * GIB,
  frozenShare: 0.05,
  warmupLearningRate: 2e-3,
  warmupBatchTokens: 512,
  vocabularySample: 2048,
  promptWeight: 0.5,
  emptyDocShare: 0.15,
  bareShare: 0.1,
  madeDocWeight: 0.5,
  corpusShare: 1,
  modelSize: null,
  lora: false,
  loraRank: 16,
  loraAlpha: 32,
  evaluationUnits: 128,
};

const TIERS: Record<Tier, Partial<Settings>> = {
  small: {},
  medium: { docsPerUnit: 6, maxCodeTokens: 384, microBatchTokens: 4096 },
  large: {
    unitsPerStep: 16,
    docsPerUnit: 8,
    codesPerDoc: 4,
    maxCodeTokens: 512,
    microBatchTokens: 8192,
  },
};

/** What a run starts from: the model that ships with BatCoder, another trained one, or nothing. */
export type Start = 'built-in' | 'given' | 'nothing';

/** Rates for a large model, whose weights already know much: small steps, or they forget it. */
const GIVEN: Partial<Settings> = {
  learningRate: 5e-5,
  warmupLearningRate: 2e-4,
  warmupShare: 0.4,
  lora: true,
};

/**
 * A model made from the workspace has only just learnt to write: at a beta of 0.02 its docs collapse into one sentence
 * within 50 steps, since rewards that hardly differ are scaled to advantages as large as any.
 */
const FROM_NOTHING: Partial<Settings> = { beta: 0.15, modelSize: 'small' };

/**
 * The built-in model is small enough that all of its weights can learn. Four epochs of warm-up score no more than two
 * on held-out functions (boltons, gin, konva: 0.142 and 0.141), but the model knows its functions by heart then and
 * reads docs less: lift -0.055 against -0.016. The rate of learning: docs/results-tried.md.
 */
const BUILT_IN: Partial<Settings> = {
  beta: 0.15,
  learningRate: 8e-4,
  warmupLearningRate: 1e-3,
  warmupShare: 0.4,
  warmupEpochs: 2,
};

const STARTS: Record<Start, Partial<Settings>> = {
  'built-in': BUILT_IN,
  given: GIVEN,
  nothing: FROM_NOTHING,
};

/**
 * The settings of a run.
 * @param own what the person asked for; it wins over every default
 * @param start what the weights are before the run
 */
export function makeSettings(own: Partial<Settings>, tier: Tier, start: Start): Settings {
  const chosen = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  const settings: Settings = {
    ...BASE,
    ...TIERS[tier],
    ...STARTS[start],
    ...chosen,
  };
  if (own.minutes === undefined && (own.steps ?? null) !== null) {
    settings.minutes = null;
  }
  return settings;
}
