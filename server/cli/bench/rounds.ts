import { createInterface } from 'node:readline';
import type { Io, OptionSpec, ParsedArgs } from '../command.js';

export const ROUND_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'rounds',
    value: 'integer',
    placeholder: 'N',
    min: 1,
    summary: 'rounds measured, the median counts (default 5)',
  },
  {
    name: 'paced',
    summary:
      'run as many rounds as each line of the standard input says and answer with their seconds, so that another program can be measured in turn',
  },
];

/**
 * Runs a round over and over; the first one is not counted. With `--paced` the first one's times are the first answer, and the end of the standard
 * input is the end.
 * @param round tells the seconds of each of its phases
 * @returns the seconds of all rounds by phase
 */
export async function measureRounds<Phase extends string>(
  args: ParsedArgs,
  io: Io,
  round: () => Record<Phase, number> | Promise<Record<Phase, number>>,
): Promise<{ seconds: Record<Phase, number[]> }> {
  const warmUp = await round();
  const phases = Object.keys(warmUp) as Phase[];
  const run = async (count: number): Promise<Record<Phase, number[]>> => {
    const rounds: Record<Phase, number>[] = [];
    for (let i = 0; i < count && !io.signal.aborted; i++) {
      rounds.push(await round());
    }
    return byPhase(phases, (phase) => rounds.map((times) => times[phase]));
  };
  if (!args.flag('paced')) {
    return { seconds: await run(args.number('rounds') ?? 5) };
  }
  const answer = (times: Record<Phase, number[]>): void => {
    process.stdout.write(`${JSON.stringify(times)}\n`);
  };
  answer(byPhase(phases, (phase) => [warmUp[phase]]));
  const seconds = byPhase<Phase, number[]>(phases, () => []);
  for await (const line of createInterface({ input: process.stdin })) {
    const times = await run(Number(line));
    answer(times);
    phases.forEach((phase) => seconds[phase].push(...times[phase]));
  }
  return { seconds };
}

function byPhase<Phase extends string, T>(
  phases: readonly Phase[],
  value: (phase: Phase) => T,
): Record<Phase, T> {
  return Object.fromEntries(phases.map((phase) => [phase, value(phase)])) as Record<Phase, T>;
}

/** Seconds since a time of `performance.now()`. */
export function since(start: number): number {
  return (performance.now() - start) / 1000;
}

/** The middle value; of an even number the upper one of the two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Infinity;
}
