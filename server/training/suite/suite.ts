import { availableParallelism } from 'node:os';
import type { LoadedModel } from '../../inference/loadedModel.js';
import { attemptCodes } from '../../inference/writeCodes.js';
import { bootstrap, type Estimate } from '../bootstrap.js';
import { passAtK } from './passAtK.js';
import type { RunResult, Sandbox } from './sandbox.js';
import type { SuiteTask } from './tasks.js';

/** Whole programs to try for each task; null where there was none to run. */
export type Answers = readonly (readonly (string | null)[])[];

export interface TaskResult {
  id: string;
  answers: number;
  passed: number;
  outcomes: (RunResult | null)[];
}

export interface SuiteResult {
  tasks: number;
  answersPerTask: number;
  /** Tasks with an answer that passed. */
  solved: number;
  /** Answers that were no whole function without a syntax error, so that nothing was run. */
  withheld: number;
  /** By k: 1, and 10 and 100 where there are as many answers. */
  passAt: Record<number, Estimate>;
  results: TaskResult[];
}

const KS = [1, 10, 100];
const MAX_TOKENS = 320;
/** Rows decoded at once. */
const ROWS = 64;
const TEMPERATURE = 0.8;

/** The suite's own solutions, one for each task. */
export function canonicalAnswers(tasks: readonly SuiteTask[]): Answers {
  return tasks.map(({ canonical }) => [canonical]);
}

/**
 * Has a model write the functions from their docs and signatures, each answer ended where its function ends.
 * @param count answers for each task: one is greedy, several are sampled at temperature 0.8
 */
export async function modelAnswers(
  loaded: LoadedModel,
  tasks: readonly SuiteTask[],
  count: number,
  options: { seed: number; signal?: AbortSignal; onProgress?: (share: number) => void },
): Promise<Answers> {
  const temperature = count === 1 ? 0 : TEMPERATURE;
  const rows = tasks.flatMap((task) =>
    Array.from({ length: count }, () => ({ ...task, language: 'python' as const, temperature })),
  );
  const programs: (string | null)[] = [];
  for (let from = 0; from < rows.length; from += ROWS) {
    const part = rows.slice(from, from + ROWS);
    const { signal, seed } = options;
    const attempts = await attemptCodes(loaded, part, {
      maxTokens: MAX_TOKENS,
      seed: seed + from,
      signal,
    });
    attempts.forEach(({ rest }, i) => {
      const { before, signature } = part[i];
      programs.push(rest === null ? null : `${before}${signature}${rest}\n`);
    });
    options.onProgress?.(programs.length / rows.length);
  }
  return tasks.map((_, i) => programs.slice(i * count, (i + 1) * count));
}

/** Runs every answer with its task's tests, as many at once as there are cores. */
export async function runSuite(
  sandbox: Sandbox,
  tasks: readonly SuiteTask[],
  answers: Answers,
  options: { seed: number; signal?: AbortSignal; onProgress?: (share: number) => void },
): Promise<SuiteResult> {
  const outcomes = answers.map((each) => each.map((): RunResult | null => null));
  const jobs = answers.flatMap((each, task) =>
    each.flatMap((answer, at) => (answer === null ? [] : [{ task, at, answer }])),
  );
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < jobs.length) {
      const { task, at, answer } = jobs[next++];
      options.signal?.throwIfAborted();
      const program = `${answer}\n${tasks[task].tests}`;
      outcomes[task][at] = await sandbox.run(program, options.signal);
      options.onProgress?.(next / jobs.length);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  options.signal?.throwIfAborted();
  return summarize(tasks, outcomes, options.seed);
}

function summarize(
  tasks: readonly SuiteTask[],
  outcomes: readonly (RunResult | null)[][],
  seed: number,
): SuiteResult {
  const results = tasks.map(({ id }, i): TaskResult => {
    const own = outcomes[i];
    const passed = own.filter((run) => run?.outcome === 'passed').length;
    return { id, answers: own.length, passed, outcomes: own };
  });
  const answersPerTask = Math.min(...results.map(({ answers }) => answers));
  const passAt = KS.filter((k) => k <= answersPerTask).map((k) => {
    const chances = results.map(({ answers, passed }) => passAtK(answers, passed, k));
    return [k, bootstrap(chances, seed)] as const;
  });
  return {
    tasks: tasks.length,
    answersPerTask,
    solved: results.filter(({ passed }) => passed > 0).length,
    withheld: outcomes.flat().filter((run) => run === null).length,
    passAt: Object.fromEntries(passAt),
    results,
  };
}
