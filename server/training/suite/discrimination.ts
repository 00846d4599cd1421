import { Random } from '../../util/random.js';
import { percentileInterval, type Estimate } from '../bootstrap.js';

/** How a measure scored an answer to a task, and whether the answer passed the task's tests. */
export interface ScoredAnswer {
  task: string;
  score: number;
  passed: boolean;
}

/**
 * The area under the ROC curve of the score as a predictor of passing: the chance that an answer that passed scores
 * above one that failed, ties counting half (Hanley and McNeil 1982). NaN where either kind is lacking.
 */
export function rocArea(answers: readonly Pick<ScoredAnswer, 'score' | 'passed'>[]): number {
  const sorted = [...answers].sort((a, b) => a.score - b.score);
  let [ranks, passed] = [0, 0];
  for (let from = 0; from < sorted.length; ) {
    let to = from + 1;
    while (to < sorted.length && sorted[to].score === sorted[from].score) {
      to++;
    }
    const right = sorted.slice(from, to).filter((answer) => answer.passed).length;
    ranks += right * ((from + 1 + to) / 2);
    passed += right;
    from = to;
  }
  return (ranks - (passed * (passed + 1)) / 2) / (passed * (sorted.length - passed));
}

/** Answers by task: those to one task are alike, so that samples and intervals are made of whole tasks. */
export type Tasks = readonly (readonly ScoredAnswer[])[];

export function byTask(answers: readonly ScoredAnswer[]): Tasks {
  const groups = new Map<string, ScoredAnswer[]>();
  for (const answer of answers) {
    groups.set(answer.task, [...(groups.get(answer.task) ?? []), answer]);
  }
  return [...groups.values()];
}

/** The area over the answers to all tasks thrown together. */
export function pooledArea(tasks: Tasks): number {
  return rocArea(tasks.flat());
}

/** The same within tasks: the chance that of two answers to one task, one passed and one failed, the first scores higher. */
export function withinArea(tasks: Tasks): number {
  let [won, pairs] = [0, 0];
  for (const group of tasks) {
    const passed = group.filter((answer) => answer.passed).length;
    const here = passed * (group.length - passed);
    if (here > 0) {
      won += rocArea(group) * here;
      pairs += here;
    }
  }
  return won / pairs;
}

/**
 * An area with its 95 % percentile interval.
 * @param less another measure's scores of the same answers: the estimate is of what the first has above it
 */
export function areaEstimate(
  area: (tasks: Tasks) => number,
  tasks: Tasks,
  seed: number,
  less?: Tasks,
): Estimate {
  const random = new Random(seed);
  const of = (drawn: readonly number[]): number => {
    const own = area(drawn.map((i) => tasks[i]));
    return less === undefined ? own : own - area(drawn.map((i) => less[i]));
  };
  const interval = percentileInterval(() => of(tasks.map(() => random.int(tasks.length))));
  return { mean: of([...tasks.keys()]), ...interval, count: tasks.length };
}
