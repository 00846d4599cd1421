import { spawn } from 'node:child_process';

/** How a process ended, and the last of what it wrote. */
export interface Ended {
  /** Null where a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
  /** It ran past its seconds, or was stopped by the signal. */
  timedOut: boolean;
}

export interface ProcessOptions {
  cwd: string;
  /** All of its environment. */
  env: Record<string, string>;
  /** Of the clock. */
  seconds: number;
  /** What it reads. */
  input?: string;
  signal?: AbortSignal;
}

const KEPT_OUTPUT = 4096;

/** Runs a program to its end, or kills it and all that it started when its time is over. */
export function runLimited(
  [command, ...args]: readonly string[],
  { cwd, env, seconds, input = '', signal }: ProcessOptions,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that all of it can be killed.
    const child = spawn(command, args, { cwd, env, detached: true, stdio: 'pipe' });
    let [stdout, stderr, timedOut] = ['', '', false];
    const kill = (): void => {
      timedOut = true;
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    const timer = setTimeout(kill, 1000 * seconds);
    signal?.addEventListener('abort', kill);
    // A listener hears nothing of what was before it.
    if (signal?.aborted) {
      kill();
    }
    child.stdout.on('data', (chunk: Buffer) => {
      stdout = (stdout + chunk.toString('utf8')).slice(-KEPT_OUTPUT);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-KEPT_OUTPUT);
    });
    // It may end before it reads.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const settled = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', kill);
    };
    child.on('error', (error) => {
      settled();
      reject(error);
    });
    child.on('close', (code) => {
      settled();
      resolve({ code, stdout, stderr, timedOut });
    });
  });
}

/** The last line of a text that is not empty; '' where there is none. */
export function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)!;
}
