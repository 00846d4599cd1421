import { resolve } from 'node:path';
import { learntModel, type ModelInUse } from '../store/workspace.js';
import { assetPath } from '../util/assets.js';

/** The folder of the model that ships with BatCoder. */
export function builtInModel(): string {
  return assetPath('model');
}

/**
 * The model that answers for a workspace: what was learnt from it, else its base.
 * @param base the model to build on, where it is not the built-in one: what was learnt on another does not count then
 */
export function modelFor(root: string | null, base?: string): ModelInUse {
  const learnt = root === null ? null : learntModel(root);
  if (learnt !== null && (base === undefined || learnt.base === resolve(base))) {
    return { model: learnt.model, adapter: learnt.adapter };
  }
  return { model: base ?? builtInModel(), adapter: null };
}
