import type { Progress } from './progress.js';

/** An option of a command, `--name VALUE` or a switch. `--help` and `--json` are given to every command. */
export interface OptionSpec {
  /** Without the dashes. */
  name: string;
  /** One letter, for `-n`. */
  short?: string;
  /** Left out: a switch that takes no value. */
  value?: 'string' | 'integer' | 'number';
  /** What the help calls the value, for example `DIR`. */
  placeholder?: string;
  summary: string;
  choices?: readonly string[];
  min?: number;
  max?: number;
  /** May be given several times; its values are a list. */
  repeat?: boolean;
}

/** A command as the table of commands has it once its module is loaded. */
export interface Command {
  name: string;
  summary: string;
  /** The arguments after the name: `DIR [--json]`. */
  usage: string;
  /** A whole command line that works. */
  example: string;
  options: readonly OptionSpec[];
  /** How many arguments that are no options it takes. */
  positionals: { min: number; max: number };
  /**
   * Does the work. Throws `UsageError` or `UserError` for what the person can mend.
   * @returns the value that `--json` prints as the last line of stdout
   */
  run(args: ParsedArgs, io: Io): Promise<unknown>;
}

/** What a person gave, checked against the options of the command. */
export interface ParsedArgs {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  string(name: string): string | undefined;
  number(name: string): number | undefined;
  strings(name: string): readonly string[];
}

/** The world as a command sees it. */
export interface Io {
  readonly json: boolean;
  readonly cwd: string;
  /** Aborted by Ctrl-C or SIGTERM: end soon, leave everything saved. */
  readonly signal: AbortSignal;
  /** A line for the person, on stdout; silent with `--json`. */
  print(line?: string): void;
  /** A line about the work, on stderr. */
  note(line: string): void;
  /** Starts a progress display on stderr. */
  progress(label: string): Progress;
}
