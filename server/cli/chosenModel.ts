import { resolve } from 'node:path';
import { modelFor } from '../inference/builtInModel.js';
import type { ModelInUse } from '../store/workspace.js';
import type { ParsedArgs } from './command.js';

/** The model that `--model` names, else the one in use for a workspace. */
export function chosenModel(args: ParsedArgs, workspaceRoot: string, cwd: string): ModelInUse {
  const model = args.string('model');
  return model === undefined
    ? modelFor(workspaceRoot)
    : { model: resolve(cwd, model), adapter: null };
}
