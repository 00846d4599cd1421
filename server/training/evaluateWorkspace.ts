import { resolve } from 'node:path';
import { availableParallelism, totalmem } from 'node:os';
import { scanCorpus } from '../corpus/scan.js';
import { loadModel } from '../inference/loadedModel.js';
import type { LanguageId } from '../languages/types.js';
import { loadSimilarity, METRICS } from '../similarity/similarity.js';
import type { ModelInUse } from '../store/workspace.js';
import { initBackend } from '../tensor/backend.js';
import { UserError } from '../util/errors.js';
import { chooseExamples, evaluate, type EvaluatedUnit, type Evaluation } from './evaluate.js';
import { exampleOf, makeExamples, type Example } from './examples.js';
import { maskUnit } from './maskedName.js';
import { makeSettings, tierOf } from './settings.js';
import { TestCommand } from './suite/testCommand.js';
import { testUnits, type UnitTests } from './suite/unitTests.js';

export interface EvaluateOptions {
  workspaceRoot: string;
  model: ModelInUse;
  seed?: number;
  /** Held-out units to score at most. */
  units?: number;
  signal?: AbortSignal;
  onProgress?(share: number): void;
  /** Told the share of the functions that the tests were run for. */
  onTests?: (share: number) => void;
  /** The workspace's own tests: runs the code that the model writes. */
  testCommand?: string;
}

export interface WorkspaceEvaluation {
  evaluation: Evaluation;
  /** The same functions under a neutral name. */
  masked: Evaluation;
  units: EvaluatedUnit[];
  /** With a command for the tests only. */
  tests?: UnitTests;
}

/**
 * Scores a model on the held-out split of a workspace, with masked names too.
 * @throws UserError where nothing is held out, the model or its adapter is missing or does not fit, or the tests cannot
 * be run or do not pass as it is
 */
export async function evaluateWorkspace(options: EvaluateOptions): Promise<WorkspaceEvaluation> {
  const { testCommand, workspaceRoot, signal } = options;
  if (testCommand === undefined) {
    return scoreWorkspace(options);
  }
  const tests = await TestCommand.open(workspaceRoot, testCommand, signal);
  try {
    return await scoreWorkspace(options, tests);
  } finally {
    tests.close();
  }
}

async function scoreWorkspace(
  options: EvaluateOptions,
  tests?: TestCommand,
): Promise<WorkspaceEvaluation> {
  const root = resolve(options.workspaceRoot);
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
  const languages = [...similarities.keys()];
  const neighbours = new Map(
    await Promise.all(
      METRICS.filter((metric) => metric !== settings.metric).map(
        async (metric) => [metric, await loadSimilarities(languages, metric)] as const,
      ),
    ),
  );
  const loaded = await loadModel(options.model.model, options.model.adapter);
  try {
    const { tokenizer, prompts, model } = loaded;
    const examples = makeExamples(corpus.units, tokenizer, prompts, similarities, settings);
    if (examples.heldOut.length === 0) {
      throw new UserError(`${root} holds too little code to keep any of it apart for scoring.`);
    }
    const chosen = chooseExamples(examples.heldOut, settings.evaluationUnits, settings.seed);
    const nameless = chosen.map(({ unit }) =>
      exampleOf(maskUnit(unit, similarities.get(unit.language)!), tokenizer, prompts, settings),
    );
    const { signal } = options;
    const score = (list: readonly Example[], half: number): ReturnType<typeof evaluate> => {
      const onProgress = (share: number): void => options.onProgress?.((half + share) / 2);
      const { seed } = settings;
      const context = { model, prompts, similarities, neighbours, seed, signal, onProgress };
      return evaluate(context, list);
    };
    const { evaluation, units } = await score(chosen, 0);
    const { evaluation: masked } = await score(nameless, 1);
    if (tests === undefined) {
      return { evaluation, masked, units };
    }
    const rewritten = units.map(({ parses, code }, i) => ({
      example: chosen[i],
      code: parses ? code : null,
    }));
    const context = { similarities, seed: settings.seed, signal, onProgress: options.onTests };
    return { evaluation, masked, units, tests: await testUnits(tests, rewritten, context) };
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
