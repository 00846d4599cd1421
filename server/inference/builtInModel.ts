import { type ModelInUse, modelInUse } from '../store/workspace.js';
import { assetPath } from '../util/assets.js';

/** The folder of the model that ships with BatCoder. */
export function builtInModel(): string {
  return assetPath('model');
}

/** The model that answers for a workspace: what was learnt from it, else the built-in one. */
export function modelFor(root: string | null): ModelInUse {
  const learnt = root === null ? null : modelInUse(root);
  return learnt ?? { model: builtInModel(), adapter: null };
}
