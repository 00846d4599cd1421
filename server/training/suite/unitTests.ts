import { LineIndex } from '../../corpus/lines.js';
import type { CorpusUnit } from '../../corpus/unit.js';
import { indentRest } from '../../inference/view.js';
import type { LanguageId } from '../../languages/types.js';
import type { Similarity } from '../../similarity/similarity.js';
import { bootstrap, type Estimate } from '../bootstrap.js';
import type { Example } from '../examples.js';
import { emptyCodes } from '../trivialCode.js';
import { raisingCode } from './raisingCode.js';
import type { RunResult } from './sandbox.js';
import type { TestCommand } from './testCommand.js';

/** What the tests of a workspace say of one function written anew. */
export interface TestedUnit {
  file: string;
  name: string;
  /** Whether the tests fail where the function raises an error. */
  reached: boolean;
  /** Null where the tests do not reach it, or there was no code to run. */
  result: RunResult | null;
  /** In any of its forms. */
  emptyBodyPasses: boolean;
}

/** pass@1 of functions that the workspace's own tests reach. */
export interface UnitTests {
  command: string;
  /** What the command took on the code as it is. */
  seconds: number;
  reached: number;
  /** Of the functions reached; null where there is none. */
  passAt1: Estimate | null;
  /** The same of a body that does nothing. */
  emptyBody: Estimate | null;
  units: TestedUnit[];
}

/** A function and the code that a model wrote in its place: null where there is none that parses. */
export interface Rewritten {
  example: Example;
  code: string | null;
}

/**
 * Puts each function's new code in its place and runs the tests. A function that can raise an error without a test
 * failing has no test that could tell, and is not counted.
 * @throws the signal's reason when it is aborted
 */
export async function testUnits(
  tests: TestCommand,
  rewritten: readonly Rewritten[],
  options: {
    similarities: ReadonlyMap<LanguageId, Similarity>;
    seed: number;
    signal?: AbortSignal;
    onProgress?: (share: number) => void;
  },
): Promise<UnitTests> {
  const units: TestedUnit[] = [];
  for (const { example, code } of rewritten) {
    const { unit, view } = example;
    const similarity = options.similarities.get(view.language)!;
    const text = tests.textOf(unit.file);
    const run = async (other: string | null): Promise<RunResult | null> =>
      other === null ? null : tests.run(unit.file, withCode(text, unit, other), options.signal);
    const raised = await run(raisingCode(view, similarity));
    const reached = raised !== null && raised.outcome !== 'passed';
    // Not each form that parses is valid: Bash refuses `{}`.
    let emptyBodyPasses = false;
    for (const empty of reached ? emptyCodes(view, similarity) : []) {
      emptyBodyPasses ||= (await run(empty))?.outcome === 'passed';
    }
    units.push({
      file: unit.file,
      name: unit.qualifiedName,
      reached,
      result: reached ? await run(code) : null,
      emptyBodyPasses,
    });
    options.onProgress?.(units.length / rewritten.length);
  }
  const reached = units.filter((each) => each.reached);
  const share = (holds: (unit: TestedUnit) => boolean): Estimate | null =>
    reached.length === 0 ? null : bootstrap(reached.map(holds).map(Number), options.seed);
  return {
    command: tests.command,
    seconds: tests.seconds,
    reached: reached.length,
    passAt1: share(({ result }) => result?.outcome === 'passed'),
    emptyBody: share(({ emptyBodyPasses }) => emptyBodyPasses),
    units,
  };
}

/** A file's text with other code, written at the left margin, in a unit's place. */
function withCode(text: string, { range }: CorpusUnit, code: string): string {
  const lines = new LineIndex(text);
  const [start, end] = [lines.offset(range.start), lines.offset(range.end)];
  return text.slice(0, start) + indentRest(code, lines.indentAt(start)) + text.slice(end);
}
