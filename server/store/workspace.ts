import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../util/errors.js';
import { workspaceFolder } from './home.js';
import { readJson, writeJson } from './json.js';

/** The model that answers for a workspace. */
export interface ModelInUse {
  /** Folder of the model. */
  model: string;
  /** Folder of the adapter on it, or null. */
  adapter: string | null;
}

function pointerFile(root: string): string {
  return join(workspaceFolder(root), 'current.json');
}

/**
 * The model in use for a workspace, or null where none was adopted or its folders are gone.
 * @throws UserError where the pointer file is damaged
 */
export function modelInUse(root: string): ModelInUse | null {
  const file = pointerFile(root);
  if (!existsSync(file)) {
    return null;
  }
  const { model, adapter } = (readJson(file) ?? {}) as Record<string, unknown>;
  if (typeof model !== 'string' || (typeof adapter !== 'string' && adapter !== null)) {
    throw new UserError(`${file} names no model. Delete it, then train again.`);
  }
  const isThere = existsSync(model) && (adapter === null || existsSync(adapter));
  return isThere ? { model, adapter } : null;
}

/** Makes a model the one in use for a workspace, at once and wholly. */
export function useModel(root: string, { model, adapter }: ModelInUse): void {
  writeJson(pointerFile(root), { model, adapter, since: new Date().toISOString() });
}
