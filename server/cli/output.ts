import { COMMON_OPTIONS, placeholder } from './args.js';
import type { Command, Io, OptionSpec } from './command.js';
import { type ProgressStream, startProgress } from './progress.js';

/** The streams of the process, or fakes in tests. */
export interface Streams {
  stdout: { write(text: string): unknown };
  stderr: ProgressStream;
}

/** The `Io` of one command on the given streams. */
export function createIo(streams: Streams, json: boolean, signal: AbortSignal, cwd: string): Io {
  return {
    json,
    cwd,
    signal,
    print(line = '') {
      if (!json) {
        streams.stdout.write(`${line}\n`);
      }
    },
    note: (line) => void streams.stderr.write(`${line}\n`),
    progress: (label) => startProgress(streams.stderr, label),
  };
}

/** The help of the whole program: what it is, each command with its line. */
export function programHelp(commands: readonly { name: string; summary: string }[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "BatCoder learns your workspace's own code on your own machine: it documents code and writes code from docs.",
    '',
    'Usage: batcoder COMMAND ...',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'batcoder COMMAND --help tells more about one command; batcoder --version prints the version.',
    'Example: batcoder corpus . --json',
  ].join('\n');
}

/** The help of one command, with its example. */
export function commandHelp(command: Command): string {
  const options = [...command.options, ...COMMON_OPTIONS].map((spec) => [
    optionForm(spec),
    spec.summary,
  ]);
  const width = Math.max(...options.map(([form]) => form.length));
  return [
    `${command.summary[0].toUpperCase()}${command.summary.slice(1)}.`,
    '',
    `Usage: batcoder ${command.name} ${command.usage}`,
    '',
    ...options.map(([form, summary]) => `  ${form.padEnd(width)}  ${summary}`),
    '',
    `Example: ${command.example}`,
  ].join('\n');
}

function optionForm(spec: OptionSpec): string {
  const short = spec.short === undefined ? '' : `-${spec.short}, `;
  return `${short}--${spec.name}${spec.value === undefined ? '' : ` ${placeholder(spec)}`}`;
}
