import { basename, join } from 'node:path';
import { Shards } from '../../../corpus/pretraining/shards.js';
import type { Objective } from '../../../corpus/pretraining/tokenFile.js';
import { type LoadedModel, loadModel } from '../../../inference/loadedModel.js';
import type { Doc, LanguageId } from '../../../languages/types.js';
import type { Similarity } from '../../../similarity/similarity.js';
import { initBackend } from '../../../tensor/backend.js';
import { UserError } from '../../../util/errors.js';
import { Random } from '../../../util/random.js';
import type { Estimate } from '../../bootstrap.js';
import { loadSimilarities } from '../../evaluateWorkspace.js';
import { Sandbox } from '../../suite/sandbox.js';
import { modelAnswers, runSuite, type SuiteResult } from '../../suite/suite.js';
import { readSuite } from '../../suite/tasks.js';
import { answer, fitsModel, type ModelAnswers } from './answers.js';
import { evaluationLosses } from './losses.js';
import { Neighbours } from './neighbours.js';
import { type CodeScore, scoreCode, scoreDoc, scoreEmptyBody } from './scores.js';
import { tabulate, type Table } from './tables.js';
import { rulesTemplate, wordsTemplate } from './template.js';
import { drawUnits, type EvaluationUnit, shareOut } from './units.js';

/** Sampled answers to each task of a suite. */
const SUITE_ANSWERS = 10;

export type DocSystem = 'model' | 'raw' | 'words' | 'rules' | 'neighbour';
export type CodeSystem = 'model' | 'shown' | 'raw' | 'empty' | 'neighbour';
export const DOC_MEASURES = ['chrf', 'rougeL', 'bleu4'] as const;
export const CODE_MEASURES = ['parses', 'exact', 'cssg', 'chrf'] as const;
export type DocMeasure = (typeof DOC_MEASURES)[number];
export type CodeMeasure = (typeof CODE_MEASURES)[number];

/** Sums over the docs that a system gave. */
export interface ParameterCounts {
  docs: number;
  /** Parameters named exactly once, parameters there are, and parameters named that there are not. */
  named: number;
  parameters: number;
  invented: number;
}

/** One unit with what each system says of it. */
export interface Sample extends Record<Exclude<DocSystem, 'words'>, string> {
  language: LanguageId;
  name: string;
  file: string;
  reference: string;
}

export interface Quality {
  model: string;
  parameters: number;
  seed: number;
  units: number;
  population: Partial<Record<LanguageId, { documented: number; tooLong: number }>>;
  /** Nats per token of the answers; null where there is no token file for this model. */
  losses: Record<Objective, number | null> | null;
  docs: Table<DocSystem, DocMeasure>;
  parameterCounts: Record<DocSystem, Partial<Record<LanguageId | 'all', ParameterCounts>>>;
  codes: Table<CodeSystem, CodeMeasure>;
  /** Null where no suite was given. */
  suite: SuiteQuality | null;
  samples: Sample[];
}

/** A model on a suite of tasks with tests. */
export interface SuiteQuality {
  name: string;
  tasks: number;
  /** One greedy answer to each task. */
  greedy: Estimate;
  /** Ten sampled answers to each. */
  sampled: { passAt1: Estimate; passAt10: Estimate; answers: number; withheld: number };
  python: string;
  network: string;
}

export interface QualityOptions {
  /** A folder that `batcoder pretrain-data` made. */
  prepared: string;
  modelDir: string;
  units: number;
  /** Of these, how many to write code for. */
  codes: number;
  seed: number;
  samples: number;
  /** A HumanEval or MBPP file: the code that the model writes for it is run. */
  suite?: string;
  signal?: AbortSignal;
  /** Told what is done now and the share of it that is behind. */
  onProgress?(phase: string, share: number): void;
}

/**
 * Measures a model on documented units of the sources that were set aside, beside baselines: templates from the names,
 * the nearest unit of the training data, an empty body. Decoding is greedy but for what came to nothing so, which is
 * sampled by the seed: the same model and seed give the same figures.
 * @throws UserError where the folder has no documented units for evaluation
 */
export async function measureQuality(options: QualityOptions): Promise<Quality> {
  const { prepared, seed, signal } = options;
  await initBackend();
  const shards = new Shards(join(prepared, 'shards'));
  const loaded = await loadModel(options.modelDir, null);
  try {
    const { units, population } = await drawUnits(
      shards.read('evaluation'),
      options.units,
      seed,
      (record) => fitsModel(loaded, record),
    );
    if (units.length === 0) {
      throw new UserError(`${prepared} holds no documented units of the evaluation split.`);
    }
    const languages = units.map(({ language }) => language);
    const similarities = await loadSimilarities(languages, 'cssg');
    options.onProgress?.('reading the training data', 0);
    const neighbours = await Neighbours.read(shards.read('train'), new Set(languages), signal);
    const forCode = comparableUnits(units, similarities, options.codes);
    const onProgress = (share: number): void => options.onProgress?.('asking the model', share);
    const answers = await answer({ loaded, seed, signal, onProgress }, units, forCode);
    const suite =
      options.suite === undefined ? null : await trySuite(loaded, options.suite, options);
    options.onProgress?.('scoring', 0);
    const docs = docsOf(units, answers, neighbours);
    const docScores = mapValues(docs, (own) => own.map((doc, i) => scoreDoc(doc, units[i])));
    const codeScores = codeScoresOf(forCode, answers, neighbours, similarities);
    return {
      model: loaded.name,
      parameters: loaded.parameters,
      seed,
      units: units.length,
      population: Object.fromEntries(population),
      losses: evaluationLosses(prepared, loaded),
      docs: tabulate(languages, docScores, DOC_MEASURES, ['words', 'rules', 'neighbour'], seed),
      parameterCounts: Object.fromEntries(
        mapValues(docs, (own) => countParameters(own, units)),
      ) as Quality['parameterCounts'],
      codes: tabulate(
        forCode.map(({ language }) => language),
        codeScores,
        CODE_MEASURES,
        ['empty', 'neighbour'],
        seed,
      ),
      suite,
      samples: drawSamples(units, docs, options.samples, seed),
    };
  } finally {
    loaded.dispose();
  }
}

async function trySuite(
  loaded: LoadedModel,
  file: string,
  { seed, signal, onProgress }: Pick<QualityOptions, 'seed' | 'signal' | 'onProgress'>,
): Promise<SuiteQuality> {
  const tasks = await readSuite(file);
  const sandbox = Sandbox.open();
  const phase = (
    name: string,
  ): { seed: number; signal?: AbortSignal; onProgress(n: number): void } => ({
    seed,
    signal,
    onProgress: (share) => onProgress?.(name, share),
  });
  const ask = async (count: number): Promise<SuiteResult> => {
    const answers = await modelAnswers(loaded, tasks, count, phase('writing for the suite'));
    return runSuite(sandbox, tasks, answers, phase('running the suite'));
  };
  const greedy = await ask(1);
  const sampled = await ask(SUITE_ANSWERS);
  return {
    name: basename(file).replace(/\.jsonl(?:\.gz)?$/, ''),
    tasks: tasks.length,
    greedy: greedy.passAt[1],
    sampled: {
      passAt1: sampled.passAt[1],
      passAt10: sampled.passAt[10],
      answers: SUITE_ANSWERS * tasks.length,
      withheld: sampled.withheld,
    },
    python: sandbox.python,
    network: sandbox.network,
  };
}

type Docs = ReadonlyMap<DocSystem, readonly (Doc | null)[]>;

function docsOf(
  units: readonly EvaluationUnit[],
  answers: ModelAnswers,
  neighbours: Neighbours,
): Docs {
  return new Map<DocSystem, (Doc | null)[]>([
    ['model', answers.docs],
    ['raw', answers.rawDocs],
    ['words', units.map(wordsTemplate)],
    ['rules', units.map(rulesTemplate)],
    ['neighbour', units.map((unit) => neighbours.doc(unit.language, unit))],
  ]);
}

function codeScoresOf(
  units: readonly EvaluationUnit[],
  answers: ModelAnswers,
  neighbours: Neighbours,
  similarities: ReadonlyMap<LanguageId, Similarity>,
): Map<CodeSystem, CodeScore[]> {
  const score = (rests: readonly (string | null)[]): CodeScore[] =>
    units.map((unit, i) => scoreCode(rests[i], unit, similarities.get(unit.language)!));
  return new Map<CodeSystem, CodeScore[]>([
    ['model', score(answers.rests)],
    ['shown', score(answers.shownRests)],
    ['raw', score(answers.rawRests)],
    ['empty', units.map((unit) => scoreEmptyBody(unit, similarities.get(unit.language)!))],
    ['neighbour', score(units.map((unit) => neighbours.rest(unit.language, unit)))],
  ]);
}

/** Units whose code the similarity finds equal to itself, as many of each language as far as there are enough. */
function comparableUnits(
  units: readonly EvaluationUnit[],
  similarities: ReadonlyMap<LanguageId, Similarity>,
  count: number,
): EvaluationUnit[] {
  const pools = new Map<LanguageId, EvaluationUnit[]>();
  for (const unit of units) {
    const similarity = similarities.get(unit.language)!;
    if (similarity.score(unit.code, unit.code) > 0.999) {
      pools.set(unit.language, [...(pools.get(unit.language) ?? []), unit]);
    }
  }
  const lists = [...pools.values()];
  const quotas = shareOut(
    count,
    lists.map(({ length }) => length),
  );
  return lists.flatMap((list, i) => list.slice(0, quotas[i]));
}

function countParameters(
  docs: readonly (Doc | null)[],
  units: readonly EvaluationUnit[],
): Partial<Record<LanguageId | 'all', ParameterCounts>> {
  const counts: Partial<Record<LanguageId | 'all', ParameterCounts>> = {};
  docs.forEach((doc, i) => {
    for (const key of [units[i].language, 'all'] as const) {
      const sum = (counts[key] ??= { docs: 0, named: 0, parameters: 0, invented: 0 });
      const { named, parameters, invented } = scoreDoc(doc, units[i]);
      sum.docs += doc === null ? 0 : 1;
      sum.named += named;
      sum.parameters += parameters;
      sum.invented += invented;
    }
  });
  return counts;
}

function drawSamples(
  units: readonly EvaluationUnit[],
  docs: Docs,
  count: number,
  seed: number,
): Sample[] {
  const chosen = new Random(seed).shuffle([...units.keys()]).slice(0, count);
  return chosen.map((i) => {
    const said = (system: DocSystem): string => docs.get(system)![i]?.summary ?? '';
    const { language, name, file, summary: reference } = units[i];
    const own = { language, name, file, reference };
    const [model, raw, rules] = [said('model'), said('raw'), said('rules')];
    return { ...own, model, raw, rules, neighbour: said('neighbour') };
  });
}

function mapValues<K, V, W>(map: ReadonlyMap<K, V>, change: (value: V) => W): Map<K, W> {
  return new Map([...map].map(([key, value]) => [key, change(value)]));
}
