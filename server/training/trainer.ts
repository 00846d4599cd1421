import { copyFileSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadModel, type LoadedModel } from '../inference/loadedModel.js';
import type { LanguageId } from '../languages/types.js';
import { Adapter } from '../model/adapter.js';
import type { Similarity } from '../similarity/similarity.js';
import type { ModelInUse } from '../store/workspace.js';
import { limitMemory } from '../tensor/backend.js';
import { UserError } from '../util/errors.js';
import { learningFraction, secondsLeft, warmupFraction } from './budget.js';
import type { Estimate } from './bootstrap.js';
import { chooseExamples, evaluate, gainOf, type Evaluation } from './evaluate.js';
import { exampleOf, makeExamples, type Example, type Examples } from './examples.js';
import { planMemory, type MemoryPlan } from './memoryBudget.js';
import { learn, warmUp, type LoopHooks, type PhaseEnd } from './loop.js';
import type { Metrics } from './metrics.js';
import { Policy } from './policy.js';
import type { ProgressReport, TrainPhase } from './progress.js';
import type { RunPlan, TrainingRun } from './run.js';
import type { Settings } from './settings.js';
import { TrainingState } from './state.js';
import { warmupDocs } from './warmupDoc.js';

/** What a run found out. */
export interface TrainOutcome {
  /** `stopped`: go on with `resume`. `cipher`: the docs were becoming a private code, so learning ended early. */
  ended: 'finished' | 'stopped' | 'cipher';
  /** The held-out split before, after the warm-up and after the learning; null where the run did not come so far. */
  before: Evaluation | null;
  afterWarmup: Evaluation | null;
  afterLearning: Evaluation | null;
  /** Of the weights that were kept. */
  after: Evaluation | null;
  /** What the warm-up and the learning each added to the score, on the same units; null where one did not run. */
  gains: { 'warm-up': Estimate | null; learning: Estimate | null };
  /** Which weights were kept: learning is undone where it lowered the held-out score or made a private code. */
  kept: 'warm-up' | 'learning';
}

/** How much a run did. */
export interface TrainFigures {
  warmupSteps: number;
  steps: number;
  /** Of warm-up and learning. */
  seconds: number;
  tokensPerSecond: number;
  parameters: number;
  /** An adapter is trained on a frozen base, in floats or in 8 bits; null: all weights are. */
  base: 'f32' | 'int8' | null;
  units: { train: number; heldOut: number; left: Record<string, number> };
  /** Bytes: what tensors may take, and what training is expected to, at so many tokens a pass. */
  memory: MemoryPlan & {
    /** Whether the backend refuses to take more than the budget. */
    bounded: boolean;
  };
}

/** What a run listens to. */
export interface TrainerHooks {
  signal?: AbortSignal;
  yieldToRequests?(): Promise<void>;
}

/** What a model folder holds besides the weights and their shape. */
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json'];

/** Warm-up checkpoints are this much farther apart than those of learning: its steps are that much shorter. */
const WARMUP_CHECKPOINT_FACTOR = 10;

/** One run from its first score to its last. */
export class Trainer {
  private readonly settings: Settings;
  private readonly state: TrainingState;
  private readonly examples: Examples;
  private readonly heldOut: Example[];
  private readonly memory: TrainFigures['memory'];
  private scoreSeconds = 0;

  /** @throws UserError where too few units are short enough */
  constructor(
    private readonly files: TrainingRun,
    plan: RunPlan,
    private readonly loaded: LoadedModel,
    private readonly similarities: ReadonlyMap<LanguageId, Similarity>,
    private readonly hooks: TrainerHooks,
    private readonly report: ProgressReport,
  ) {
    const { tokenizer, prompts, model } = loaded;
    const { settings, units } = plan;
    this.settings = settings;
    this.examples = makeExamples(units, tokenizer, prompts, similarities, settings);
    const { train } = this.examples;
    this.examples.train = chooseExamples(
      train,
      Math.round(settings.corpusShare * train.length),
      settings.seed,
    );
    if (this.examples.train.length < 2 || this.examples.heldOut.length === 0) {
      throw new UserError(
        'Too few functions are short enough to be trained on: give a folder with more code.',
      );
    }
    this.heldOut = chooseExamples(this.examples.heldOut, settings.evaluationUnits, settings.seed);
    if (!settings.lora) {
      model.dequantize();
    }
    const { loraRank: rank, loraAlpha: alpha, seed } = settings;
    const adapter = settings.lora ? Adapter.init(model.config, { rank, alpha }, seed) : null;
    const memory = planMemory(settings.memoryBytes, model.config, settings);
    const { microBatchTokens, recompute } = memory;
    model.recompute = recompute;
    this.memory = { ...memory, bounded: limitMemory(settings.memoryBytes) };
    this.state = new TrainingState(
      new Policy(model, adapter),
      { ...settings, microBatchTokens },
      this.examples.train.length,
    );
    const saved = files.load();
    if (saved !== null) {
      this.state.restore(saved);
    }
  }

  /** Scores, warms up, learns and scores again, from wherever the state stands; an abort leaves it saved. */
  async run(): Promise<TrainOutcome> {
    const { state } = this;
    this.files.openMetrics(state.progressed.metricsLines);
    this.save();
    let end: PhaseEnd = 'stopped';
    let after: Evaluation | null = null;
    let afterLearning: Evaluation | null = null;
    let kept: TrainOutcome['kept'] = 'learning';
    try {
      state.progressed.before ??= await this.score('scoring before');
      end = await this.phases();
      this.save();
      if (end !== 'stopped') {
        afterLearning = await this.score('scoring after');
        after = afterLearning;
        const learntFrom = state.progressed.afterWarmup ?? state.progressed.before;
        if (end === 'cipher' || learntFrom.score > after.score) {
          state.undoLearning();
          kept = 'warm-up';
          after = learntFrom;
        }
      }
    } catch (error) {
      if (!this.hooks.signal?.aborted) {
        throw error;
      }
      end = 'stopped';
      this.save();
    }
    const { before, afterWarmup } = state.progressed;
    const gain = (from: Evaluation | null, to: Evaluation | null): Estimate | null =>
      from === null || to === null ? null : gainOf(from, to, this.settings.seed);
    return {
      ended: end === 'done' ? 'finished' : end,
      before,
      afterWarmup,
      afterLearning,
      after,
      gains: {
        'warm-up': gain(before, afterWarmup),
        learning: gain(afterWarmup ?? before, afterLearning),
      },
      kept,
    };
  }

  figures(): TrainFigures {
    const { progressed } = this.state;
    const seconds = progressed.warmupSeconds + progressed.learningSeconds;
    return {
      warmupSteps: progressed.warmupSteps,
      steps: progressed.steps,
      seconds,
      tokensPerSecond: progressed.tokens / Math.max(seconds, 1e-9),
      parameters: this.loaded.parameters,
      base: !this.settings.lora ? null : this.loaded.model.matrices().size > 0 ? 'int8' : 'f32',
      units: {
        train: this.examples.train.length,
        heldOut: this.heldOut.length,
        left: this.examples.left,
      },
      memory: {
        ...this.memory,
        microBatchTokens: progressed.microBatchTokens,
        recompute: this.state.policy.model.recompute,
      },
    };
  }

  /** Writes the trained model, or the adapter on a given one, into the run's folder. */
  saveResult(): ModelInUse {
    const { adapter } = this.state.policy;
    if (adapter !== null) {
      adapter.save(this.files.adapterFolder, this.loaded.dir);
      return { model: this.loaded.dir, adapter: this.files.adapterFolder };
    }
    this.saveInto(this.files.modelFolder);
    return { model: this.files.modelFolder, adapter: null };
  }

  /** Writes the trained model, or the adapter, into a folder. */
  saveInto(folder: string): void {
    const { model, adapter } = this.state.policy;
    if (adapter !== null) {
      adapter.save(folder, this.loaded.dir);
      return;
    }
    model.save(folder);
    for (const name of TOKENIZER_FILES) {
      const [from, to] = [join(this.loaded.dir, name), join(folder, name)];
      if (existsSync(from) && resolve(from) !== resolve(to)) {
        copyFileSync(from, to);
      }
    }
  }

  /** The score of another model on the same held-out units. */
  async scoreOther(other: ModelInUse): Promise<number> {
    const loaded = await loadModel(other.model, other.adapter);
    try {
      const { tokenizer, prompts } = loaded;
      const examples = this.heldOut.map(({ unit }) =>
        exampleOf(unit, tokenizer, prompts, this.settings),
      );
      return (await this.evaluateWith(loaded, examples, () => undefined)).score;
    } finally {
      loaded.dispose();
    }
  }

  dispose(): void {
    limitMemory(Infinity);
    this.state.dispose();
  }

  private async phases(): Promise<PhaseEnd> {
    const { state, settings, examples, loaded } = this;
    const { progressed } = state;
    if (progressed.phase === 'warm-up') {
      const corpus = {
        examples: examples.train,
        docs: await this.warmupDocs(),
        prompts: loaded.prompts,
      };
      const end = await warmUp(state, corpus, settings, this.loopHooks('warm-up'));
      if (end !== 'done') {
        return end;
      }
      if (progressed.warmupSteps > 0) {
        progressed.afterWarmup = await this.score('scoring after the warm-up');
      }
      state.beginLearning();
      this.save();
    }
    const { model, prompts } = loaded;
    const context = { model, prompts, similarities: this.similarities, settings };
    return learn(state, context, examples.train, this.loopHooks('learning'));
  }

  /** Made once a run, before the first step. */
  private async warmupDocs(): Promise<string[]> {
    const { settings, files } = this;
    const views = this.examples.train.map(({ view }) => view);
    if (settings.warmupSteps === 0) {
      return views.map(() => '');
    }
    let docs = files.docs();
    if (docs === null) {
      const message = `for ${views.length} functions, to learn from`;
      this.report.tell('writing docs', 0, message);
      docs = await warmupDocs(views, settings.modelSize === null ? this.loaded : null, {
        seed: settings.seed,
        signal: this.hooks.signal,
        onProgress: (share) => this.report.tell('writing docs', share, message),
      });
      files.saveDocs(docs);
    }
    return docs;
  }

  private loopHooks(phase: 'warm-up' | 'learning'): LoopHooks {
    const { settings, state } = this;
    const warming = phase === 'warm-up';
    const fraction = warming ? warmupFraction : learningFraction;
    const every = settings.checkpointEvery * (warming ? WARMUP_CHECKPOINT_FACTOR : 1);
    return {
      ...this.hooks,
      onStep: (metrics) => {
        this.files.logMetrics(metrics);
        state.progressed.metricsLines++;
        this.report.tell(phase, fraction(settings, state.progressed), stepMessage(metrics), {
          etaSeconds: this.secondsLeft(),
          step: metrics.step,
          metrics,
        });
        if (metrics.step % every === 0) {
          this.save();
        }
      },
    };
  }

  /** Of the phases that are left, at the measured pace; a score takes as long as the last one did. */
  private secondsLeft(): number | null {
    const { progressed } = this.state;
    const left = secondsLeft(this.settings, progressed);
    const scores = (progressed.phase === 'warm-up' ? 2 : 1) * this.scoreSeconds;
    return left === null ? null : left + scores;
  }

  private async score(phase: TrainPhase): Promise<Evaluation> {
    const began = performance.now();
    const message = `${this.heldOut.length} functions of files kept apart`;
    this.report.tell(phase, 0, message);
    const evaluation = await this.evaluateWith(this.loaded, this.heldOut, (share) =>
      this.report.tell(phase, share, message),
    );
    this.scoreSeconds = (performance.now() - began) / 1000;
    return evaluation;
  }

  private async evaluateWith(
    { model, prompts }: LoadedModel,
    examples: readonly Example[],
    onProgress: (share: number) => void,
  ): Promise<Evaluation> {
    const context = {
      model,
      prompts,
      similarities: this.similarities,
      seed: this.settings.seed,
      signal: this.hooks.signal,
      pause: async () => this.hooks.yieldToRequests?.(),
      onProgress,
    };
    return (await evaluate(context, examples)).evaluation;
  }

  private save(): void {
    this.files.save(this.state.snapshot());
  }
}

function stepMessage(metrics: Metrics): string {
  return metrics.phase === 'warm-up'
    ? `step ${metrics.step}, loss ${metrics.loss.toFixed(2)}, ${Math.round(metrics.tokensPerSecond)} tokens a second`
    : `step ${metrics.step}, reward of docs ${metrics.docReward.toFixed(2)}, of code ${metrics.codeReward.toFixed(2)}`;
}
