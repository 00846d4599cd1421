import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CorpusUnit } from '../corpus/unit.js';
import { readJson, writeJson } from '../store/json.js';
import { JsonlLog } from '../store/jsonl.js';
import type { Lock } from '../store/lock.js';
import {
  checkpointsFolder,
  createRun,
  lockWorkspace,
  resumableRun,
  setRunState,
  type Run,
  type RunState,
} from '../store/runs.js';
import { UserError } from '../util/errors.js';
import { loadArrays, saveArrays } from './arrays.js';
import type { Metrics } from './metrics.js';
import type { Settings } from './settings.js';
import type { Progressed, Snapshot } from './state.js';

/** What a run has settled before its first step. A resumed run reads it back, so that it goes on with the same. */
export interface RunPlan {
  settings: Settings;
  /** The given model; null where one was made from the workspace, which then lies in the run's folder. */
  modelDir: string | null;
  units: CorpusUnit[];
}

const CHECKPOINTS_KEPT = 2;
const PLAN = 'plan.json';
const DOCS = 'docs.json';
const METRICS = 'metrics.jsonl';

/** A run's files: its plan, its checkpoints, its metrics and its result. The workspace is locked while it is open. */
export class TrainingRun {
  private log: JsonlLog | null = null;

  private constructor(
    private readonly run: Run,
    private readonly lock: Lock,
  ) {}

  /** @throws UserError where another process trains this workspace */
  static start(root: string): TrainingRun {
    const lock = lockWorkspace(root);
    return new TrainingRun(createRun(root), lock);
  }

  /** Opens the last run that did not end. @throws UserError where there is none */
  static last(root: string): TrainingRun {
    const lock = lockWorkspace(root);
    const run = resumableRun(root);
    if (run === null) {
      lock.release();
      throw new UserError(`${root} has no run to go on with: leave out --resume to start one.`);
    }
    setRunState(run, 'running');
    return new TrainingRun(run, lock);
  }

  get folder(): string {
    return this.run.folder;
  }

  /** Where the model lies that was made for this run, and the trained one at the end. */
  get modelFolder(): string {
    return join(this.run.folder, 'model');
  }

  get adapterFolder(): string {
    return join(this.run.folder, 'adapter');
  }

  savePlan(plan: RunPlan): void {
    writeJson(join(this.run.folder, PLAN), plan);
  }

  /** @throws Error where the run has no plan: it never came to its first step */
  plan(): RunPlan {
    return readJson(join(this.run.folder, PLAN)) as RunPlan;
  }

  saveDocs(docs: readonly string[]): void {
    writeJson(join(this.run.folder, DOCS), docs);
  }

  /** The docs that the warm-up learns from, or null where they are not made yet. */
  docs(): string[] | null {
    const file = join(this.run.folder, DOCS);
    return existsSync(file) ? (readJson(file) as string[]) : null;
  }

  save({ progressed, arrays }: Snapshot): void {
    saveArrays(checkpointsFolder(this.run), progressed, arrays, CHECKPOINTS_KEPT);
  }

  /** The newest sound checkpoint, or null. */
  load(): Snapshot | null {
    const found = loadArrays(checkpointsFolder(this.run));
    return found && { progressed: found.state as Progressed, arrays: found.arrays };
  }

  /** @param lines of the metrics that belong to the state the run goes on from; later ones are cut off */
  openMetrics(lines: number): void {
    this.log = new JsonlLog(join(this.run.folder, METRICS), lines);
  }

  logMetrics(metrics: Metrics): void {
    this.log?.append(metrics);
  }

  /** Writes the result's figures beside the metrics, and notes how the run ended. */
  end(state: Exclude<RunState, 'running'>, result: unknown): void {
    writeJson(join(this.run.folder, 'result.json'), result);
    setRunState(this.run, state);
  }

  close(): void {
    this.log?.close();
    this.lock.release();
  }
}
