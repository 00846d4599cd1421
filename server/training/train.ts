import { cpus, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { scanCorpus, type Corpus } from '../corpus/scan.js';
import type { CorpusUnit } from '../corpus/unit.js';
import { loadModel, type LoadedModel } from '../inference/loadedModel.js';
import type { LanguageId } from '../languages/types.js';
import { Adapter } from '../model/adapter.js';
import { loadSimilarity, type Similarity } from '../similarity/similarity.js';
import { modelInUse, useModel } from '../store/workspace.js';
import { initBackend } from '../tensor/backend.js';
import { UserError } from '../util/errors.js';
import { learningBudget, warmupBudget } from './budget.js';
import { chooseExamples, evaluate, type Evaluation } from './evaluate.js';
import { exampleOf, makeExamples, type Example, type Examples } from './examples.js';
import { learn, warmUp, type LoopHooks, type PhaseEnd } from './loop.js';
import type { Metrics } from './metrics.js';
import { makeModel } from './newModel.js';
import { Policy } from './policy.js';
import { ProgressReport, type TrainPhase, type TrainProgress } from './progress.js';
import { TrainingRun } from './run.js';
import { makeSettings, tierOf, type Settings } from './settings.js';
import { TrainingState } from './state.js';

export interface TrainOptions {
  workspaceRoot: string;
  /** A model to start from; left out, one is made from the workspace. */
  modelDir?: string;
  /** Where the result is copied to besides the run's own folder. */
  outDir?: string;
  /** Go on with the last run of this workspace that did not end. */
  resume?: boolean;
  settings?: Partial<Settings>;
  signal?: AbortSignal;
  onProgress?(progress: TrainProgress): void;
  /** Awaited between micro-steps, so that an editor's requests go first. */
  yieldToRequests?(): Promise<void>;
}

export interface TrainResult {
  /** `stopped`: go on with `resume`. `cipher`: the docs were becoming a private code, so learning ended early. */
  ended: 'finished' | 'stopped' | 'cipher';
  /** The held-out split before, after the warm-up and at the end; null where the run ended before. */
  before: Evaluation | null;
  afterWarmup: Evaluation | null;
  after: Evaluation | null;
  /** The score of the model that was in use until now, on the same units; null where there was none. */
  inUse: number | null;
  /** Which weights were kept: learning is undone where it lowered the held-out score. */
  kept: 'warm-up' | 'learning';
  /** Whether the result is in use now: it must beat the one before and the one in use. */
  adopted: boolean;
  warmupSteps: number;
  steps: number;
  /** Of warm-up and learning. */
  seconds: number;
  tokensPerSecond: number;
  parameters: number;
  units: { train: number; heldOut: number; left: Record<string, number> };
  model: string | null;
  adapter: string | null;
  runFolder: string;
}

/**
 * Trains on a workspace (method: BatCoder, arXiv 2602.02554): scan -> model -> score -> warm-up -> learning -> score,
 * and adopt what came out where it is better on files that were not trained on. An abort ends it within a micro-step
 * with everything saved.
 * @throws UserError where the workspace holds too little, or there is no run to go on with
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const root = resolve(options.workspaceRoot);
  const report = new ProgressReport(options.onProgress);
  const backend = await initBackend();
  const run = options.resume ? TrainingRun.last(root) : TrainingRun.start(root);
  try {
    const plan = run.plan() ?? (await prepare(run, root, options, backend.name === 'tensorflow', report));
    const similarities = await loadSimilarities(plan.units, plan.settings);
    const loaded = await loadModel(plan.modelDir ?? run.modelFolder, null);
    const trainer = new Trainer(run, plan.settings, loaded, similarities, plan.units, options, report);
    try {
      return await trainer.run(root, plan.modelDir);
    } finally {
      trainer.dispose();
    }
  } finally {
    run.close();
  }
}

/** What a run has settled before its first step; it is saved, so that a resumed run need not ask again. */
export interface RunPlan {
  settings: Settings;
  /** The given model; null where one was made from the workspace. */
  modelDir: string | null;
  units: CorpusUnit[];
}

async function prepare(
  run: TrainingRun,
  root: string,
  options: TrainOptions,
  gpu: boolean,
  report: ProgressReport,
): Promise<RunPlan> {
  const tier = tierOf({ cores: cpus().length, memoryBytes: totalmem(), gpu });
  const settings = makeSettings(options.settings ?? {}, tier, options.modelDir !== undefined);
  const corpus: Corpus = await scanCorpus(root, {
    seed: settings.seed,
    signal: options.signal,
    onProgress: (done, total, file) => report.tell('scanning', done / Math.max(total, 1), file),
  });
  options.signal?.throwIfAborted();
  if (corpus.units.filter((unit) => unit.split === 'train').length < 2) {
    throw new UserError(
      `${root} holds ${corpus.units.length} functions to learn from, which is too few: \`batcoder corpus ${root} --list\` says why others were left out.`,
    );
  }
  if (options.modelDir === undefined) {
    report.tell('making the model', 0, `learning the tokens of ${corpus.units.length} functions`);
    makeModel(run.modelFolder, corpus.units, settings);
  }
  const modelDir = options.modelDir === undefined ? null : resolve(options.modelDir);
  const plan: RunPlan = { settings, modelDir, units: corpus.units };
  run.savePlan(plan);
  return plan;
}

async function loadSimilarities(
  units: readonly CorpusUnit[],
  settings: Settings,
): Promise<Map<LanguageId, Similarity>> {
  const languages = [...new Set(units.map((unit) => unit.language))];
  const loaded = await Promise.all(
    languages.map(async (id) => [id, await loadSimilarity(id, settings.metric)] as const),
  );
  return new Map(loaded);
}

/** One run from its first score to its last. */
class Trainer {
  private readonly state: TrainingState;
  private readonly examples: Examples;
  private readonly heldOut: Example[];

  constructor(
    private readonly trainingRun: TrainingRun,
    private readonly settings: Settings,
    private readonly loaded: LoadedModel,
    private readonly similarities: ReadonlyMap<LanguageId, Similarity>,
    units: readonly CorpusUnit[],
    private readonly options: TrainOptions,
    private readonly report: ProgressReport,
  ) {
    const { tokenizer, prompts, model } = loaded;
    this.examples = makeExamples(units, tokenizer, prompts, similarities, settings);
    if (this.examples.train.length < 2) {
      throw new UserError('Too few functions are short enough to be trained on here: give a folder with more code.');
    }
    this.heldOut = chooseExamples(this.examples.heldOut, settings.evaluationUnits, settings.seed);
    const { loraRank: rank, loraAlpha: alpha, seed } = settings;
    const adapter = settings.lora ? Adapter.init(model.config, { rank, alpha }, seed) : null;
    this.state = new TrainingState(new Policy(model, adapter), settings, this.examples.train.length);
    const saved = trainingRun.load();
    if (saved !== null) {
      this.state.restore(saved);
    }
  }

  async run(root: string, baseDir: string | null): Promise<TrainResult> {
    const { state } = this;
    const { progressed } = state;
    this.trainingRun.openMetrics(progressed.metricsLines);
    try {
      progressed.before ??= await this.score('scoring before');
      const end = await this.phases();
      const after = end === 'stopped' ? null : await this.score('scoring after');
      this.save();
      return this.finish(root, baseDir, end, after);
    } catch (error) {
      if (!this.options.signal?.aborted) {
        throw error;
      }
      this.save();
      return this.finish(root, baseDir, 'stopped', null);
    }
  }

  private async phases(): Promise<PhaseEnd> {
    const { state, settings, examples, loaded } = this;
    const { progressed } = state;
    if (progressed.phase === 'warm-up') {
      const end = await warmUp(state, examples.train, loaded.prompts, settings, this.hooks('warm-up'));
      if (end !== 'done') {
        return end;
      }
      if (progressed.warmupSteps > 0) {
        progressed.afterWarmup ??= await this.score('scoring after the warm-up');
      }
      state.beginLearning();
      this.save();
    }
    const context = {
      model: loaded.model,
      prompts: loaded.prompts,
      similarities: this.similarities,
      settings,
    };
    return learn(state, context, examples.train, this.hooks('learning'));
  }

  private hooks(phase: TrainPhase): LoopHooks {
    const budget = phase === 'warm-up' ? warmupBudget(this.settings) : learningBudget(this.settings);
    const every = phase === 'warm-up' ? this.settings.checkpointEvery * 10 : this.settings.checkpointEvery;
    return {
      signal: this.options.signal,
      yieldToRequests: this.options.yieldToRequests,
      onStep: (metrics) => {
        const { progressed } = this.state;
        this.trainingRun.logMetrics(metrics);
        progressed.metricsLines++;
        this.report.tell(phase, budget.fraction(progressed), stepMessage(metrics), {
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

  /** Of the phases that are left, at the measured pace; the last score takes as long as the first did. */
  private secondsLeft(): number | null {
    const { progressed } = this.state;
    const learning = learningBudget(this.settings).secondsLeft(progressed);
    const warmup = warmupBudget(this.settings).secondsLeft(progressed);
    const scores = (progressed.phase === 'warm-up' ? 2 : 1) * this.scoreSeconds;
    return learning === null || warmup === null ? null : warmup + learning + scores;
  }

  private scoreSeconds = 0;

  private async score(phase: TrainPhase): Promise<Evaluation> {
    const began = performance.now();
    this.report.tell(phase, 0, `${this.heldOut.length} functions of files kept apart`);
    const { evaluation } = await evaluate(
      {
        ...this.loaded,
        similarities: this.similarities,
        seed: this.settings.seed,
        signal: this.options.signal,
        pause: this.options.yieldToRequests,
        onProgress: (share) => this.report.tell(phase, share, ''),
      },
      this.heldOut,
    );
    this.scoreSeconds = (performance.now() - began) / 1000;
    return evaluation;
  }

  private save(): void {
    this.trainingRun.save(this.state.snapshot());
  }
}
