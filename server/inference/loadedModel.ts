import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Adapter } from '../model/adapter.js';
import { parameterCount } from '../model/parameters.js';
import { loadTokenizer } from '../model/tokenizer/load.js';
import type { Tokenizer } from '../model/tokenizer/tokenizer.js';
import { Qwen2Model } from '../model/transformer.js';
import { UserError } from '../util/errors.js';
import { promptsFor, type Prompts } from './prompts.js';

/** A model in memory with all that asking it needs. */
export interface LoadedModel {
  /** The folder's name, for people. */
  name: string;
  dir: string;
  adapterDir: string | null;
  model: Qwen2Model;
  tokenizer: Tokenizer;
  prompts: Prompts;
  parameters: number;
  dispose(): void;
}

/**
 * Loads a model folder of Hugging Face's format, and an adapter of PEFT's on it.
 * @throws UserError where a file is missing or does not fit
 */
export async function loadModel(dir: string, adapterDir: string | null): Promise<LoadedModel> {
  if (!existsSync(join(dir, 'config.json'))) {
    throw new UserError(
      `${dir} holds no model (config.json is missing): give a folder in Hugging Face's format, or run batcoder train DIR.`,
    );
  }
  const tokenizer = await loadTokenizer(dir);
  const model = Qwen2Model.load(dir);
  const adapter = adapterDir === null ? null : Adapter.load(adapterDir, model.config);
  model.adapter = adapter;
  return {
    name: basename(dir),
    dir,
    adapterDir,
    model,
    tokenizer,
    prompts: promptsFor(tokenizer),
    parameters: parameterCount(model.config),
    dispose() {
      adapter?.dispose();
      model.dispose();
    },
  };
}
