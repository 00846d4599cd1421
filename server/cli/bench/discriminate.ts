import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { extractUnits } from '../../corpus/extract.js';
import { loadParser } from '../../languages/parser.js';
import { loadSimilarity, type Metric, METRICS } from '../../similarity/similarity.js';
import type { Estimate } from '../../training/bootstrap.js';
import {
  areaEstimate,
  byTask,
  pooledArea,
  type Tasks,
  withinArea,
} from '../../training/suite/discrimination.js';
import { Sandbox } from '../../training/suite/sandbox.js';
import { runSuite } from '../../training/suite/suite.js';
import { readSuite, type SuiteTask } from '../../training/suite/tasks.js';
import { UserError } from '../../util/errors.js';
import type { Io, ParsedArgs } from '../command.js';

/** An answer to a task, a whole program. */
interface Answer {
  task: string;
  program: string;
}

/**
 * Do the measures know right from wrong? Runs answers with the tests of their tasks, and tells for each measure how well
 * its similarity to the task's own solution predicts passing.
 */
export async function benchDiscrimination(file: string, args: ParsedArgs, io: Io) {
  const suite = args.string('suite');
  if (suite === undefined) {
    throw new UserError(
      '--answers needs --suite FILE, whose tests and solutions they are held to.',
    );
  }
  const tasks = (await readSuite(resolve(io.cwd, suite))).filter(({ canonical }) => canonical);
  const seed = args.number('seed') ?? 1;
  const answers = readAnswers(resolve(io.cwd, file), tasks);
  const programs = tasks.map(({ id }) =>
    answers.filter(({ task }) => task === id).map(({ program }) => program),
  );
  const sandbox = Sandbox.open();
  const bar = io.progress('Running');
  const { results } = await runSuite(sandbox, tasks, programs, {
    seed,
    signal: io.signal,
    onProgress: (share) => bar.update(Math.round(100 * share), 100),
  });
  bar.end();
  const pairs: { task: string; a: string; b: string; passed: boolean }[] = [];
  const solutions = await Promise.all(tasks.map(({ canonical }) => bareCode(canonical!)));
  for (const [i, { id }] of tasks.entries()) {
    const a = solutions[i];
    for (const [k, program] of programs[i].entries()) {
      const passed = results[i].outcomes[k]?.outcome === 'passed';
      pairs.push({ task: id, a, b: await bareCode(program), passed });
    }
  }
  const passed = pairs.filter((pair) => pair.passed).length;
  io.print(`${pairs.length} answers to ${tasks.length} tasks, ${passed} of them right`);
  const scored = new Map<Metric, Tasks>();
  for (const metric of METRICS) {
    // What all the solutions share is what CrystalBLEU leaves out.
    const measure = await loadSimilarity('python', metric, solutions);
    const answers = pairs.map(({ task, a, b, passed }) => ({
      task,
      score: measure.score(a, b),
      passed,
    }));
    scored.set(metric, byTask(answers));
  }
  const first = scored.get(METRICS[0])!;
  const measures = Object.fromEntries(
    [...scored].map(([metric, tasks]) => {
      const less = tasks === first ? undefined : tasks;
      const [area, within] = [pooledArea, withinArea].map((each) => ({
        own: areaEstimate(each, tasks, seed),
        behind: less === undefined ? null : areaEstimate(each, first, seed, less),
      }));
      io.print(`${metric.padEnd(12)} area ${shown(area)}; within tasks ${shown(within)}`);
      return [metric, { area, within }];
    }),
  );
  return { what: 'similarity', answers: pairs.length, tasks: tasks.length, passed, seed, measures };
}

/** An area, and how far it lies behind that of the first measure. */
function shown({ own, behind }: { own: Estimate; behind: Estimate | null }): string {
  const text = ({ mean, low, high }: Estimate): string =>
    `${mean.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
  return behind === null ? text(own) : `${text(own)}, ${METRICS[0]} above it by ${text(behind)}`;
}

/** Lines with the task's id in `task_id` and a whole program in `solution`. */
function readAnswers(file: string, tasks: readonly SuiteTask[]): Answer[] {
  const known = new Set(tasks.map(({ id }) => id));
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line, i) => {
    if (line.trim() === '') {
      return [];
    }
    const { task_id: id, solution } = JSON.parse(line) as Record<string, unknown>;
    if (typeof solution !== 'string') {
      throw new UserError(`line ${i + 1} of ${file} has no "solution"; give whole programs.`);
    }
    return known.has(String(id)) ? [{ task: String(id), program: solution }] : [];
  });
}

/** The functions of a program without docs, so that the measures that look at text see code alone. */
async function bareCode(program: string): Promise<string> {
  const { units } = extractUnits(await loadParser('python'), program);
  const outer = units.filter(({ range }) => range.start.character === 0);
  return outer.length === 0 ? program : outer.map(({ code }) => code).join('\n\n');
}
