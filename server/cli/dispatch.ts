import { errorMessage, UsageError, UserError } from '../util/errors.js';
import { nearest, parseArgs } from './args.js';
import type { CommandEntry } from './commands.js';
import { commandHelp, createIo, programHelp, type Streams } from './output.js';

declare const BATCODER_VERSION: string;

/** What a command line runs in. */
export interface Environment {
  streams: Streams;
  signal: AbortSignal;
  cwd: string;
  commands: readonly CommandEntry[];
  /** Print the stack of an error that is nobody's mistake but ours. */
  debug: boolean;
}

/** By the custom of shells: 128 and the number of SIGINT. */
const EXIT_INTERRUPTED = 130;

/**
 * Runs one command line.
 * @param argv the arguments after `batcoder`
 * @returns the exit code: 0 done, 1 failed, 2 wrong use, 130 interrupted
 */
export async function runCommandLine(argv: readonly string[], env: Environment): Promise<number> {
  const { stderr } = env.streams;
  try {
    return await dispatch(argv, env);
  } catch (error) {
    if (error instanceof UserError) {
      stderr.write(`batcoder: ${error.message}\n`);
      return error.exitCode;
    }
    if (env.signal.aborted) {
      stderr.write('batcoder: interrupted\n');
      return EXIT_INTERRUPTED;
    }
    const detail = env.debug && error instanceof Error ? error.stack : errorMessage(error);
    const hint = env.debug ? '' : ' (set BATCODER_DEBUG=1 for where it happened)';
    stderr.write(`batcoder: internal error: ${detail}${hint}\n`);
    return 1;
  }
}

async function dispatch(argv: readonly string[], env: Environment): Promise<number> {
  const { stdout } = env.streams;
  const [first, ...rest] = argv;
  if (first === '--version') {
    stdout.write(`${BATCODER_VERSION}\n`);
    return 0;
  }
  if (first === undefined) {
    throw new UsageError('which command? See batcoder --help.');
  }
  if (['--help', '-h', 'help'].includes(first) && rest.length === 0) {
    stdout.write(`${programHelp(env.commands)}\n`);
    return 0;
  }
  const [name, args] = first === 'help' ? [rest[0], ['--help']] : [first, rest];
  const entry = env.commands.find((each) => each.name === name);
  if (entry === undefined) {
    const near = nearest(
      name,
      env.commands.map((each) => each.name),
    );
    const hint = near === null ? 'see batcoder --help.' : `did you mean '${near}'?`;
    throw new UsageError(`there is no command '${name}'; ${hint}`);
  }
  const command = await entry.load();
  const parsed = parseArgs(command, args);
  if (parsed.flag('help')) {
    stdout.write(`${commandHelp(command)}\n`);
    return 0;
  }
  const io = createIo(env.streams, parsed.flag('json'), env.signal, env.cwd);
  const result = await command.run(parsed, io);
  if (io.json) {
    stdout.write(`${JSON.stringify(result ?? {})}\n`);
  }
  return env.signal.aborted ? EXIT_INTERRUPTED : 0;
}
