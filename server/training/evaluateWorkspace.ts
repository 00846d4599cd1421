import { resolve } from 'node:path';
import { availableParallelism, totalmem } from 'node:os';
import { scanCorpus } from '../corpus/scan.js';
import { modelFor } from '../inference/builtInModel.js';
import { loadModel } from '../inference/loadedModel.js';
import type { LanguageId } from '../languages/types.js';
import { loadSimilarity } from '../similarity/similarity.js';
import { initBackend } from '../tensor/backend.js';
import { UserError } from '../util/errors.js';
import { chooseExamples, evaluate, type EvaluatedUnit, type Evaluation } from './evaluate.js';
import { makeExamples } from './examples.js';
import { makeSettings, tierOf } from './settings.js';

export interface EvaluateOptions {
  workspaceRoot: string;
  /** Left out: the model in use. */
  modelDir?: string;
  adapterDir?: string;
  seed?: number;
  /** Held-out units to score at most. */
  units?: number;
  signal?: AbortSignal;
  onProgress?(share: number): void;
}

/**
 * Scores a model on the held-out split of a workspace, with masked names too.
 * @throws UserError where nothing is held out
 */
export async function evaluateWorkspace(
  options: EvaluateOptions,
): Promise<{ evaluation: Evaluation; units: EvaluatedUnit[]; model: string }> {
  const root = resolve(options.workspaceRoot);
  const inUse =
    options.modelDir === undefined
      ? modelFor(root)
      : { model: resolve(options.modelDir), adapter: options.adapterDir ?? null };
  const backend = await initBackend();
  const gpu = backend.gpu;
  const tier = tierOf({ cores: availableParallelism(), memoryBytes: totalmem(), gpu });
  const { seed, units: evaluationUnits } = options;
  const settings = makeSettings({ seed, evaluationUnits }, tier, 'built-in');
  const corpus = await scanCorpus(root, { seed: settings.seed, signal: options.signal });
  const similarities = await loadSimilarities(
    corpus.units.map((unit) => unit.language),
    settings.metric,
  );
  const loaded = await loadModel(inUse.model, inUse.adapter);
  try {
    const { tokenizer, prompts, model } = loaded;
    const examples = makeExamples(corpus.units, tokenizer, prompts, similarities, settings);
    if (examples.heldOut.length === 0) {
      throw new UserError(`${root} holds too little code to keep any of it apart for scoring.`);
    }
    const chosen = chooseExamples(examples.heldOut, settings.evaluationUnits, settings.seed);
    const context = { model, prompts, similarities, seed: settings.seed, masked: true };
    const { signal } = options;
    const onProgress = (share: number): void => options.onProgress?.(share);
    return { ...(await evaluate({ ...context, signal, onProgress }, chosen)), model: inUse.model };
  } finally {
    loaded.dispose();
  }
}

/** The similarity of each language, by the same metric. */
export async function loadSimilarities(
  languages: readonly LanguageId[],
  metric: Parameters<typeof loadSimilarity>[1],
): Promise<Map<LanguageId, Awaited<ReturnType<typeof loadSimilarity>>>> {
  const loaded = await Promise.all(
    [...new Set(languages)].map(async (id) => [id, await loadSimilarity(id, metric)] as const),
  );
  return new Map(loaded);
}
