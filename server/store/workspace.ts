import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../util/errors.js';
import { workspaceFolder } from './home.js';
import { readJson, writeJson } from './json.js';

/** A model with what belongs to it. */
export interface ModelInUse {
  /** Folder of the model. */
  model: string;
  /** Folder of the adapter on it, or null. */
  adapter: string | null;
}

/** What was learnt from a workspace. */
export interface LearntModel extends ModelInUse {
  /** Folder of the model that the training started from. */
  base: string;
}

function pointerFile(root: string): string {
  return join(workspaceFolder(root), 'current.json');
}

/**
 * What was learnt from a workspace, or null where nothing was adopted or its folders are gone.
 * @throws UserError where the pointer file is damaged
 */
export function learntModel(root: string): LearntModel | null {
  const file = pointerFile(root);
  if (!existsSync(file)) {
    return null;
  }
  const { model, adapter, base } = (readJson(file) ?? {}) as Record<string, unknown>;
  if (
    typeof model !== 'string' ||
    typeof base !== 'string' ||
    (typeof adapter !== 'string' && adapter !== null)
  ) {
    throw new UserError(`${file} names no model. Delete it, then train again.`);
  }
  const isThere = existsSync(model) && (adapter === null || existsSync(adapter));
  return isThere ? { model, adapter, base } : null;
}

/** Makes a learnt model the one in use for its workspace, at once and wholly. */
export function useModel(root: string, { model, adapter, base }: LearntModel): void {
  writeJson(pointerFile(root), { model, adapter, base, since: new Date().toISOString() });
}
