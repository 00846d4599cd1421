import { execFile } from 'node:child_process';

export interface ChildOptions {
  cwd: string;
  timeoutMs: number;
  signal?: AbortSignal;
  env?: NodeJS.ProcessEnv;
  /** Let the system's shell find and run the command, as Windows needs for scripts like npm. */
  shell?: boolean;
}

export interface ChildResult {
  ok: boolean;
  stdout: string;
  /** Where it failed: the line of its output that tells most, or how it ended. */
  reason: string;
}

/**
 * Runs a program to its end; a program that fails or is not there is a result, not an exception.
 * @throws the signal's reason when it is aborted
 */
export function runChild(
  command: string,
  args: readonly string[],
  { timeoutMs, ...options }: ChildOptions,
): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      [...args],
      { ...options, timeout: timeoutMs, maxBuffer: 1 << 26, encoding: 'utf8' },
      (error, stdout, stderr) => {
        if (options.signal?.aborted) {
          reject(options.signal.reason as Error);
          return;
        }
        const said = tellingLine(`${stderr}\n${stdout}`);
        const ended =
          error === null
            ? ''
            : error.killed
              ? `it took more than ${Math.round(timeoutMs / 1000)} s`
              : error.code === 'ENOENT'
                ? `${command} was not found`
                : said || error.message.split('\n')[0];
        resolve({ ok: error === null, stdout, reason: ended });
      },
    );
  });
}

/** How programs write what went wrong, the wording that tells most first. */
const TELLING = [/^(npm error )?\w*Error: /, /\berror: /, /\bundefined reference\b/, /\berror\b/i];

function tellingLine(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  for (const pattern of TELLING) {
    const line = lines.find((candidate) => pattern.test(candidate));
    if (line !== undefined) {
      return line;
    }
  }
  return lines.at(-1) ?? '';
}
