import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../util/errors.js';
import { sha256File } from '../util/hash.js';
import { renameReplacing, syncFile, syncFolder, TEMPORARY_MARK, temporaryPath } from './atomic.js';
import { readJson, writeJson } from './json.js';

const MANIFEST_FILE = 'manifest.json';
const STATE_FILE = 'state.json';
const NAME = /^checkpoint-(\d{6,})$/;

interface Manifest {
  files: Record<string, { bytes: number; sha256: string }>;
}

/** A checkpoint that could not be used, and why. */
export interface SkippedCheckpoint {
  name: string;
  reason: string;
}

export interface FoundCheckpoint {
  name: string;
  /** Holds the files that were written with the checkpoint, all with their right content. */
  folder: string;
  state: unknown;
}

/**
 * Saves a checkpoint: some files and a state that survives JSON. It is made in a temporary folder and gets
 * its name last, so that a kill at any moment leaves the checkpoints before it as they were. One process at
 * a time may save into a folder.
 * @param folder holds the checkpoints of one run
 * @param keep how many to keep, this one included
 * @param write puts the files into an empty folder
 * @returns the checkpoint's folder
 */
export function saveCheckpoint(
  folder: string,
  state: unknown,
  keep: number,
  write: (into: string) => void,
): string {
  mkdirSync(folder, { recursive: true });
  const names = checkpointNames(folder);
  // Numbers only rise: a name is never written twice.
  const last = Number(NAME.exec(names[0] ?? '')?.[1] ?? 0);
  const target = join(folder, `checkpoint-${String(last + 1).padStart(6, '0')}`);
  const temporary = temporaryPath(target);
  mkdirSync(temporary);
  try {
    write(temporary);
    writeJson(join(temporary, STATE_FILE), state);
    writeJson(join(temporary, MANIFEST_FILE), makeManifest(temporary));
    syncFolder(temporary);
    renameReplacing(temporary, target);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  syncFolder(folder);
  for (const name of names.slice(Math.max(0, keep - 1))) {
    remove(folder, name);
  }
  removeUnfinished(folder);
  return target;
}

/**
 * The newest checkpoint whose files all have the content they were written with, or null where there is
 * none. Damaged newer ones are told with the reason.
 */
export function latestCheckpoint(folder: string): {
  checkpoint: FoundCheckpoint | null;
  skipped: SkippedCheckpoint[];
} {
  const skipped: SkippedCheckpoint[] = [];
  for (const name of checkpointNames(folder)) {
    const path = join(folder, name);
    try {
      verify(path);
      const state = readJson(join(path, STATE_FILE));
      return { checkpoint: { name, folder: path, state }, skipped };
    } catch (error) {
      skipped.push({ name, reason: errorMessage(error) });
    }
  }
  return { checkpoint: null, skipped };
}

/** Names of the checkpoints in a folder, the newest first; nothing of them has been checked. */
export function checkpointNames(folder: string): string[] {
  if (!existsSync(folder)) {
    return [];
  }
  const number = (name: string) => Number(NAME.exec(name)?.[1]);
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort((a, b) => number(b) - number(a));
}

function makeManifest(folder: string): Manifest {
  const names = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    if (!entry.isFile()) {
      throw new Error(`A checkpoint holds plain files only; ${entry.name} is none.`);
    }
    return entry.name;
  });
  return {
    files: Object.fromEntries(
      names.sort().map((name) => {
        const file = join(folder, name);
        syncFile(file);
        return [name, { bytes: statSync(file).size, sha256: sha256File(file) }];
      }),
    ),
  };
}

/** @throws Error that says which file is missing or changed */
function verify(folder: string): void {
  const { files } = (readJson(join(folder, MANIFEST_FILE)) ?? {}) as Partial<Manifest>;
  if (typeof files !== 'object' || !Object.hasOwn(files ?? {}, STATE_FILE)) {
    throw new Error(`${MANIFEST_FILE} does not list ${STATE_FILE}`);
  }
  for (const [name, expected] of Object.entries(files)) {
    const file = join(folder, name);
    const bytes = existsSync(file) ? statSync(file).size : null;
    if (bytes === null) {
      throw new Error(`${name} is missing`);
    }
    if (bytes !== expected?.bytes) {
      throw new Error(`${name} is ${bytes} bytes long instead of ${expected?.bytes}`);
    }
    if (sha256File(file) !== expected.sha256) {
      throw new Error(`${name} is not what was written`);
    }
  }
}

/** The name goes first, so that a half-removed checkpoint is none. */
function remove(folder: string, name: string): void {
  const temporary = temporaryPath(join(folder, name));
  renameReplacing(join(folder, name), temporary);
  rmSync(temporary, { recursive: true, force: true });
}

/** What killed processes left behind. */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.includes(TEMPORARY_MARK)) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}
