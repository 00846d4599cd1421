import type { Command } from '../../../server/cli/command.js';
import { runCommandLine } from '../../../server/cli/dispatch.js';

/** Runs one command as the command line does; tells its exit status and what it wrote. */
export async function runCommand(
  command: Command,
  argv: readonly string[],
  { cwd, debug = false }: { cwd: string; debug?: boolean },
) {
  const written = { stdout: '', stderr: '' };
  const code = await runCommandLine([command.name, ...argv], {
    streams: {
      stdout: { write: (text: string) => (written.stdout += text) },
      stderr: { write: (text: string) => (written.stderr += text) !== '' },
    },
    signal: new AbortController().signal,
    cwd,
    commands: [
      { name: command.name, summary: command.summary, load: () => Promise.resolve(command) },
    ],
    debug,
  });
  return { code, ...written };
}
