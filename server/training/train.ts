import { availableParallelism, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { scanCorpus } from '../corpus/scan.js';
import { builtInModel, modelFor } from '../inference/builtInModel.js';
import { loadModel } from '../inference/loadedModel.js';
import { type ModelInUse, useModel } from '../store/workspace.js';
import { initBackend } from '../tensor/backend.js';
import { UserError } from '../util/errors.js';
import { beatsWhatWas } from './adoption.js';
import { loadSimilarities } from './evaluateWorkspace.js';
import { memoryBudget } from './memoryBudget.js';
import { makeModel } from './newModel.js';
import { ProgressReport, type TrainProgress } from './progress.js';
import { TrainingRun, type RunPlan } from './run.js';
import { makeSettings, tierOf, type Settings } from './settings.js';
import { Trainer, type TrainFigures, type TrainOutcome } from './trainer.js';

export interface TrainOptions {
  workspaceRoot: string;
  /** A model to start from; left out, the built-in one, or one made from the workspace where the settings say its size. */
  modelDir?: string;
  /** The model that answers until now, and is to be beaten; left out, the workspace's. */
  inUse?: ModelInUse;
  /** Where the result is copied to besides the run's own folder. */
  outDir?: string;
  /** Patterns of files to leave out, as in the editor's `files.exclude`. */
  exclude?: string[];
  /** Go on with the last run of this workspace that did not end. */
  resume?: boolean;
  settings?: Partial<Settings>;
  signal?: AbortSignal;
  /** What the run will work on and with; called once, before the first score. */
  onStart?(figures: TrainFigures): void;
  onProgress?(progress: TrainProgress): void;
  /** Awaited between micro-steps, so that an editor's requests go first. */
  yieldToRequests?(): Promise<void>;
}

export interface TrainResult extends TrainOutcome, TrainFigures {
  /** The score of the model that was in use until now, on the same units; null where it is the one before. */
  inUse: number | null;
  /** Whether the result is in use now: it must beat the one before and the one in use. */
  adopted: boolean;
  /** Folders of the result; null where the run was stopped. */
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
  const report = new ProgressReport((progress) => options.onProgress?.(progress));
  const backend = await initBackend();
  const run = options.resume ? TrainingRun.last(root) : TrainingRun.start(root);
  try {
    const gpu = backend.gpu;
    const plan = options.resume ? run.plan() : await prepare(run, root, options, gpu, report);
    const similarities = await loadSimilarities(
      plan.units.map((unit) => unit.language),
      plan.settings.metric,
    );
    const base = plan.modelDir ?? run.modelFolder;
    const trainer = new Trainer(
      run,
      plan,
      await loadModel(base, null),
      similarities,
      options,
      report,
    );
    try {
      options.onStart?.(trainer.figures());
      const outcome = await trainer.run();
      return await conclude(root, run, base, trainer, outcome, options);
    } finally {
      trainer.dispose();
    }
  } finally {
    run.close();
  }
}

async function prepare(
  run: TrainingRun,
  root: string,
  options: TrainOptions,
  gpu: boolean,
  report: ProgressReport,
): Promise<RunPlan> {
  const tier = tierOf({ cores: availableParallelism(), memoryBytes: totalmem(), gpu });
  const start =
    options.modelDir !== undefined
      ? 'given'
      : (options.settings?.modelSize ?? null) === null
        ? 'built-in'
        : 'nothing';
  const memoryBytes = memoryBudget(totalmem());
  const settings = makeSettings({ memoryBytes, ...options.settings }, tier, start);
  const corpus = await scanCorpus(root, {
    seed: settings.seed,
    exclude: options.exclude,
    signal: options.signal,
    onProgress: (done, total, file) => report.tell('scanning', done / Math.max(total, 1), file),
  });
  options.signal?.throwIfAborted();
  if (corpus.units.filter((unit) => unit.split === 'train').length < 2) {
    throw new UserError(
      `${root} holds ${corpus.units.length} functions to learn from, which is too few: \`batcoder corpus ${root} --list\` says why others were left out.`,
    );
  }
  let modelDir: string | null = resolve(options.modelDir ?? builtInModel());
  if (start === 'nothing') {
    report.tell('making the model', 0, `learning the tokens of ${corpus.units.length} functions`);
    makeModel(run.modelFolder, corpus.units, settings.modelSize!, settings.seed);
    modelDir = null;
  }
  const plan: RunPlan = { settings, modelDir, units: corpus.units };
  run.savePlan(plan);
  return plan;
}

/** Writes the result down, and puts it in use where it is better than what there was. */
async function conclude(
  root: string,
  run: TrainingRun,
  base: string,
  trainer: Trainer,
  outcome: TrainOutcome,
  options: TrainOptions,
): Promise<TrainResult> {
  const { before, after } = outcome;
  const figures = { ...outcome, ...trainer.figures(), runFolder: run.folder };
  if (before === null || after === null) {
    run.end('stopped', figures);
    return { ...figures, inUse: null, adopted: false, model: null, adapter: null };
  }
  const made = trainer.saveResult();
  if (options.outDir !== undefined) {
    trainer.saveInto(options.outDir);
  }
  const current = options.inUse ?? modelFor(root);
  const isBase = current.model === base && current.adapter === null;
  const inUse = isBase ? null : await trainer.scoreOther(current);
  const adopted = beatsWhatWas(after.score, before.score, inUse);
  if (adopted) {
    useModel(root, { ...made, base });
  }
  const result = { ...figures, inUse, adopted, ...made };
  run.end('finished', result);
  return result;
}
