import { UsageError } from '../util/errors.js';
import type { Command, OptionSpec, ParsedArgs } from './command.js';

/** The options that every command has. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { name: 'json', summary: 'print the result as one JSON object, the last line of stdout' },
  { name: 'help', short: 'h', summary: 'show this help' },
];

/**
 * Reads a command's arguments by its table of options.
 * @throws UsageError with one sentence for the first thing that is wrong
 */
export function parseArgs(command: Command, argv: readonly string[]): ParsedArgs {
  const specs = [...command.options, ...COMMON_OPTIONS];
  const values = new Map<string, (string | number | true)[]>();
  const positionals: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i];
    if (argument === '--') {
      positionals.push(...argv.slice(i + 1));
      break;
    }
    if (!argument.startsWith('-') || argument === '-') {
      positionals.push(argument);
      continue;
    }
    const equals = argument.indexOf('=');
    const written = equals < 0 ? argument : argument.slice(0, equals);
    const spec = findOption(command, specs, written);
    let value: string | undefined = equals < 0 ? undefined : argument.slice(equals + 1);
    if (spec.value === undefined) {
      if (value !== undefined) {
        throw new UsageError(`${written} takes no value.`);
      }
    } else if (value === undefined) {
      i += 1;
      value = argv[i];
      if (value === undefined) {
        throw new UsageError(`${written} needs a value (${placeholder(spec)}).`);
      }
    }
    const before = values.get(spec.name) ?? [];
    if (before.length > 0 && spec.repeat !== true) {
      throw new UsageError(`${written} is given twice.`);
    }
    values.set(spec.name, [...before, value === undefined ? true : convert(spec, written, value)]);
  }
  if (!values.has('help')) {
    checkCount(command, positionals);
  }
  const first = (name: string) => values.get(name)?.[0];
  return {
    positionals,
    flag: (name) => first(name) === true,
    string: (name) => first(name) as string | undefined,
    number: (name) => first(name) as number | undefined,
    strings: (name) => (values.get(name) ?? []) as string[],
  };
}

function findOption(command: Command, specs: readonly OptionSpec[], written: string): OptionSpec {
  const spec = specs.find(
    ({ name, short }) =>
      written === `--${name}` || (short !== undefined && written === `-${short}`),
  );
  if (spec === undefined) {
    const near = nearest(
      written,
      specs.map(({ name }) => `--${name}`),
    );
    const hint = near === null ? `see batcoder ${command.name} --help` : `did you mean ${near}?`;
    throw new UsageError(`batcoder ${command.name} has no option ${written}; ${hint}`);
  }
  return spec;
}

function convert(spec: OptionSpec, written: string, value: string): string | number {
  if (spec.value === 'string') {
    if (spec.choices !== undefined && !spec.choices.includes(value)) {
      throw new UsageError(`${written} must be one of ${spec.choices.join(', ')}, not '${value}'.`);
    }
    return value;
  }
  const number = value.trim() === '' ? NaN : Number(value);
  if (!Number.isFinite(number) || (spec.value === 'integer' && !Number.isSafeInteger(number))) {
    const kind = spec.value === 'integer' ? 'a whole number' : 'a number';
    throw new UsageError(`${written} must be ${kind}, not '${value}'.`);
  }
  if (number < (spec.min ?? -Infinity) || number > (spec.max ?? Infinity)) {
    const least = spec.min === undefined ? '' : ` at least ${spec.min}`;
    const most = spec.max === undefined ? '' : ` at most ${spec.max}`;
    const joint = least !== '' && most !== '' ? ' and' : '';
    throw new UsageError(`${written} must be${least}${joint}${most}, not ${value}.`);
  }
  return number;
}

function checkCount(command: Command, positionals: readonly string[]): void {
  const { min, max } = command.positionals;
  if (positionals.length < min) {
    throw new UsageError(
      `batcoder ${command.name} needs more arguments: batcoder ${command.name} ${command.usage}`,
    );
  }
  if (positionals.length > max) {
    throw new UsageError(
      `'${positionals[max]}' is one argument too many: batcoder ${command.name} ${command.usage}`,
    );
  }
}

/** What the help calls an option's value. */
export function placeholder(spec: OptionSpec): string {
  return spec.placeholder ?? spec.choices?.join('|') ?? (spec.value === 'string' ? 'TEXT' : 'N');
}

/** The candidate that is the fewest edits away, or null where none is near enough to be meant. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(row[j - 1] + 1, rows[i - 1][j] + 1, rows[i - 1][j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, rows[i - 2][j - 2] + 1);
      }
      row.push(cost);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
