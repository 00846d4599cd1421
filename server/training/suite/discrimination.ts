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

/** The area with its 95 % percentile interval; whole tasks are drawn, since answers to one task are alike. */
export function rocEstimate(answers: readonly ScoredAnswer[], seed: number): Estimate {
  const groups = byTask(answers);
  const random = new Random(seed);
  const interval = percentileInterval(() =>
    rocArea(groups.flatMap(() => groups[random.int(groups.length)])),
  );
  return { mean: rocArea(answers), ...interval, count: answers.length };
}

/** The same within tasks: the chance that of two answers to one task, one passed and one failed, the first scores higher. */
export function withinTasks(answers: readonly ScoredAnswer[]): number {
  let [won, pairs] = [0, 0];
  for (const group of byTask(answers)) {
    const passed = group.filter((answer) => answer.passed).length;
    const here = passed * (group.length - passed);
    if (here > 0) {
      won += rocArea(group) * here;
      pairs += here;
    }
  }
  return won / pairs;
}

function byTask(answers: readonly ScoredAnswer[]): ScoredAnswer[][] {
  const groups = new Map<string, ScoredAnswer[]>();
  for (const answer of answers) {
    groups.set(answer.task, [...(groups.get(answer.task) ?? []), answer]);
  }
  return [...groups.values()];
}
