import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../util/errors.js';
import { removeFolder } from './folders.js';
import { GUARD } from './guard.js';
import { lastLine, runLimited } from './limitedProcess.js';

/** What one program came to. */
export interface RunResult {
  outcome: 'passed' | 'failed' | 'timed out';
  /** The last line that it wrote to stderr. */
  message: string;
}

export interface SandboxLimits {
  /** Of the clock; the processor's seconds are limited to the same number. */
  seconds: number;
  /** Of address space. */
  memoryBytes: number;
  /** The largest file. */
  fileBytes: number;
}

export const DEFAULT_LIMITS: SandboxLimits = {
  seconds: 20,
  memoryBytes: 2 ** 30,
  fileBytes: 2 ** 20,
};

const PYTHON = 'python3';
/** Tells its version and its own path: what is on the PATH may be a script that starts it. */
const PROBE = 'import sys; print(sys.version.split()[0]); print(sys.executable)';
/** Namespaces with neither network nor other processes in them, as far as the system lets us: the first that works. */
const NAMESPACES: readonly (readonly string[])[] = [
  ['unshare', '--user', '--map-root-user', '--net', '--pid', '--fork', '--kill-child'],
  ['unshare', '--net', '--pid', '--fork', '--kill-child'],
  ['unshare', '--user', '--map-root-user', '--net'],
];
/** Sets what the shell knows of these limits (memory is unknown to macOS), then becomes the program. */
const WITH_LIMITS =
  'ulimit -c 0; ulimit -n 64; ulimit -t "$1"; ulimit -f "$2"; ulimit -v "$3" 2>/dev/null; shift 3; exec "$@"';

/**
 * Runs Python programs, each in a process of its own with limits of time, memory and file size, in a folder of its own
 * that is deleted after, with an environment of next to nothing, and without a network.
 */
export class Sandbox {
  private constructor(
    /** The version of Python. */
    readonly python: string,
    private readonly executable: string,
    private readonly namespaces: readonly string[],
    private readonly limits: SandboxLimits,
  ) {}

  /**
   * Finds out what this machine permits.
   * @throws UserError where there is no Python 3, or no POSIX shell to set limits with
   */
  static open(limits: SandboxLimits = DEFAULT_LIMITS): Sandbox {
    if (process.platform === 'win32') {
      throw new UserError('Running a suite needs Linux or macOS: its limits are set by a shell.');
    }
    const found = spawnSync(PYTHON, ['-I', '-c', PROBE], { encoding: 'utf8' });
    const [version, executable] = found.status === 0 ? found.stdout.trim().split('\n') : [];
    if (executable === undefined) {
      throw new UserError(`Running a suite needs ${PYTHON} on the PATH; it was not found.`);
    }
    const namespaces = NAMESPACES.find(
      ([command, ...flags]) => spawnSync(command, [...flags, 'true']).status === 0,
    );
    return new Sandbox(version, executable, namespaces ?? [], limits);
  }

  /** What keeps a program off the network, for people. */
  get network(): string {
    return this.namespaces.length > 0
      ? 'none (a network namespace of its own)'
      : 'refused by a hook in Python alone: this system permits no namespaces';
  }

  /** Runs a program to its end. An aborted signal kills it, and it counts as timed out. */
  async run(program: string, signal?: AbortSignal): Promise<RunResult> {
    const folder = mkdtempSync(join(tmpdir(), 'batcoder-suite-'));
    try {
      writeFileSync(join(folder, 'program.py'), program);
      writeFileSync(join(folder, 'guard.py'), GUARD);
      return await this.runIn(folder, signal);
    } finally {
      removeFolder(folder);
    }
  }

  private async runIn(folder: string, signal?: AbortSignal): Promise<RunResult> {
    const { seconds, memoryBytes, fileBytes } = this.limits;
    const limits = [seconds, Math.ceil(fileBytes / 512), Math.ceil(memoryBytes / 1024)].map(String);
    const shell = [
      'sh',
      '-c',
      WITH_LIMITS,
      'sh',
      ...limits,
      this.executable,
      '-I',
      '-B',
      'guard.py',
    ];
    const word = randomUUID();
    const { code, stdout, stderr, timedOut } = await runLimited([...this.namespaces, ...shell], {
      cwd: folder,
      env: { PATH: '/usr/bin:/bin', HOME: folder, TMPDIR: folder, PYTHONHASHSEED: '0' },
      seconds,
      input: `${word}\n`,
      signal,
    });
    const passed = code === 0 && stdout.endsWith(`\n${word}\n`);
    const outcome = passed ? 'passed' : timedOut ? 'timed out' : 'failed';
    return { outcome, message: lastLine(stderr) };
  }
}
