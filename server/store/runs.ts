import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointNames } from './checkpoint.js';
import { workspaceFolder } from './home.js';
import { readJson, writeJson } from './json.js';
import { acquireLock, type Lock } from './lock.js';

/** `running` may also be a run whose process died. */
export type RunState = 'running' | 'stopped' | 'finished';

/** A training run of a workspace. */
export interface Run {
  id: string;
  folder: string;
  state: RunState;
  /** ISO 8601. */
  startedAt: string;
  endedAt: string | null;
}

const RUN_FILE = 'run.json';

function runsFolder(root: string): string {
  return join(workspaceFolder(root), 'runs');
}

/** Where a run keeps its checkpoints. */
export function checkpointsFolder(run: Pick<Run, 'folder'>): string {
  return join(run.folder, 'checkpoints');
}

/**
 * Takes the right to train a workspace.
 * @throws UserError where another process trains it
 */
export function lockWorkspace(root: string): Lock {
  return acquireLock(join(workspaceFolder(root), 'training.lock'), `The training of ${root}`);
}

/** Makes the folder of a new run; ids sort by time. */
export function createRun(root: string): Run {
  const startedAt = new Date().toISOString();
  const id = `${startedAt.replace(/\D/g, '')}-${randomBytes(2).toString('hex')}`;
  const run: Run = {
    id,
    folder: join(runsFolder(root), id),
    state: 'running',
    startedAt,
    endedAt: null,
  };
  writeRun(run);
  return run;
}

/** Notes that a run goes on, was stopped, or ended. */
export function setRunState(run: Run, state: RunState): void {
  run.state = state;
  run.endedAt = state === 'running' ? null : new Date().toISOString();
  writeRun(run);
}

/** The runs of a workspace, the newest first; folders without a sound run.json are none. */
export function listRuns(root: string): Run[] {
  const folder = runsFolder(root);
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder)
    .sort()
    .reverse()
    .flatMap((id) => readRun(join(folder, id), id) ?? []);
}

/** The newest run that came so far as to have a checkpoint, unless it finished: to go on with; or null. */
export function resumableRun(root: string): Run | null {
  const hasBegun = (run: Run) =>
    run.state === 'finished' || checkpointNames(checkpointsFolder(run)).length > 0;
  const run = listRuns(root).find(hasBegun);
  return run === undefined || run.state === 'finished' ? null : run;
}

function writeRun({ folder, id, state, startedAt, endedAt }: Run): void {
  writeJson(join(folder, RUN_FILE), { id, state, startedAt, endedAt });
}

function readRun(folder: string, id: string): Run | null {
  try {
    const run = readJson(join(folder, RUN_FILE)) as Partial<Run> | null;
    const isRun =
      run?.id === id &&
      ['running', 'stopped', 'finished'].includes(run.state ?? '') &&
      typeof run.startedAt === 'string';
    return isRun ? { ...(run as Run), folder } : null;
  } catch {
    return null;
  }
}
