import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { builtInModel, modelFor } from '../inference/builtInModel.js';
import { Adapter } from '../model/adapter.js';
import type { ModelInUse } from '../store/workspace.js';
import { UserError } from '../util/errors.js';
import type { Io, ParsedArgs } from './command.js';
import { folder } from './train.js';

/** The model that `--model` names, else the one in use for a workspace. */
export function chosenModel(args: ParsedArgs, workspaceRoot: string, cwd: string): ModelInUse {
  const model = args.string('model');
  return model === undefined
    ? modelFor(workspaceRoot)
    : { model: resolve(cwd, model), adapter: null };
}

/**
 * What `--model` and `--adapter` name, else the model in use for a workspace. An adapter alone is put on the model that
 * it records, or on the built-in one where it records none.
 * @throws UserError where a folder is missing, or an adapter's model is not here
 */
export function chosenAdapter(args: ParsedArgs, workspaceRoot: string, io: Io): ModelInUse {
  const [model, adapter] = ['model', 'adapter'].map((name) => {
    const dir = args.string(name);
    return dir === undefined ? null : folder(io, dir);
  });
  if (adapter !== null) {
    return { model: model ?? modelUnder(adapter), adapter };
  }
  return model === null ? modelFor(workspaceRoot) : { model, adapter };
}

/** A line that says which model a figure is of. */
export function describeModel({ model, adapter }: ModelInUse): string {
  return `Model ${model}${adapter === null ? '' : `, adapter ${adapter}`}`;
}

function modelUnder(adapter: string): string {
  const base = Adapter.baseOf(adapter);
  if (base !== null && !existsSync(join(base, 'config.json'))) {
    throw new UserError(
      `The adapter in ${adapter} was made on ${base}, which is no model folder here: name its model with --model DIR.`,
    );
  }
  return base === null ? builtInModel() : resolve(base);
}
