import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, totalmem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeSource } from '../../corpus/read.js';
import { walk } from '../../corpus/walk.js';
import { UserError } from '../../util/errors.js';
import { copyFolder, removeFolder } from './folders.js';
import { lastLine, runLimited } from './limitedProcess.js';
import type { RunResult } from './sandbox.js';

/** For the run on the code as it is; the later ones get three times what that one took, or the least. */
const FIRST_SECONDS = 600;
const LEAST_SECONDS = 10;
/** A skipped folder of more files, such as the installed dependencies, is shared with the runs and cannot be written. */
const COPIED_FILES = 2_000;
const LARGEST_FILE = 2 ** 30;
const SHOWN_LINES = 12;
const BUBBLEWRAP = 'bwrap';
const HOW = `Install bubblewrap, for example by 'apt-get install bubblewrap'.`;
/** Blocks of 512 bytes of a file, KiB of a process's data; then the command. */
const WITH_LIMITS = 'ulimit -c 0; ulimit -f "$1"; ulimit -d "$2"; exec sh -c "$3"';
/** What Go has compiled, its own library too, outlives a run: each entry is named by a hash of what it was made from. */
const GO_CACHE = '/tmp/go-build';
/** Folders below the home folder that hold keys and the sockets of agents and services: empty for the tests. */
const HIDDEN = ['.ssh', '.gnupg', '.docker'];
/** Below a shared node_modules: Vite and Vitest write their compiled configuration to it. */
const VITE_TEMPORARY = '.vite-temp';
/**
 * All of the machine to be read and none of it to be written, no network, no other processes, no privileges, and none of
 * the sockets of services in /run.
 */
const CLOSED = [
  ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
  ...['--tmpfs', '/tmp', '--tmpfs', '/run'],
  ...['--unshare-all', '--cap-drop', 'ALL', '--new-session', '--die-with-parent'],
];

/**
 * Runs the tests of a workspace, by a command of its owner, each time on a fresh copy that stands where the workspace
 * does: in a bubblewrap sandbox without a network, where nothing but the copy and a temporary folder can be written.
 * A test that ends its process with success before the others ran counts as passed, as it does for its owner.
 */
export class TestCommand {
  private constructor(
    private readonly root: string,
    readonly command: string,
    private readonly folder: string,
    private readonly shared: readonly string[],
  ) {}

  private limit = FIRST_SECONDS;
  /** What the run on the code as it is took. */
  seconds = 0;

  /**
   * Copies a workspace and runs the command on it once.
   * @throws UserError where there is no bubblewrap that works, or the command fails on the code as it is
   */
  static async open(dir: string, command: string, signal?: AbortSignal): Promise<TestCommand> {
    checkBubblewrap();
    // A copy of a link would be a link to the workspace itself.
    const root = realpathSync(dir);
    const temporary = realpathSync(tmpdir());
    if (join(temporary, '/').startsWith(join(root, '/'))) {
      throw new UserError(
        `The folder for temporary files, ${temporary}, lies in ${root} and cannot hold a copy of it: set TMPDIR to a folder elsewhere.`,
      );
    }
    const skipped = [...walk(root)].filter(({ skip }) => skip !== null && skip !== 'unreadable');
    const shared = skipped
      .filter(({ path, count }) => path.endsWith('/') && count > COPIED_FILES)
      .map(({ path }) => path.slice(0, -1));
    if (existsSync(join(root, '.git'))) {
      shared.push('.git');
    }
    const folder = mkdtempSync(join(temporary, 'batcoder-tests-'));
    const tests = new TestCommand(root, command, folder, shared);
    try {
      mkdirSync(join(folder, 'go-build'));
      await copyFolder(root, join(folder, 'pristine'), {
        always: new Set(shared),
        unreadable: new Set(skipped.map(({ path }) => path.replace(/\/$/, ''))),
      });
      await tests.runUnchanged(signal);
      return tests;
    } catch (error) {
      tests.close();
      throw error;
    }
  }

  private async runUnchanged(signal?: AbortSignal): Promise<void> {
    const started = performance.now();
    const { code, timedOut, stdout, stderr } = await this.runCopy(signal);
    signal?.throwIfAborted();
    this.seconds = (performance.now() - started) / 1000;
    if (code !== 0) {
      const how = timedOut ? `did not end within ${FIRST_SECONDS} seconds` : 'fails';
      const shown = `${stdout}\n${stderr}`.trim().split('\n').slice(-SHOWN_LINES).join('\n');
      const except = this.shared.length > 0 ? ` (but not its ${this.shared.join(', ')})` : '';
      throw new UserError(
        `'${this.command}' ${how} on the code as it is, in a copy without a network, where only ${this.root}${except} and a new /tmp can be written; give a command that passes there.\n${shown}`,
      );
    }
    this.limit = Math.max(LEAST_SECONDS, Math.ceil(3 * this.seconds));
  }

  /**
   * Runs the command with another text in one file.
   * @param file relative to the workspace
   * @throws the signal's reason when it is aborted
   */
  async run(file: string, text: string, signal?: AbortSignal): Promise<RunResult> {
    const { code, timedOut, stdout, stderr } = await this.runCopy(signal, { file, text });
    signal?.throwIfAborted();
    const outcome = code === 0 ? 'passed' : timedOut ? 'timed out' : 'failed';
    return { outcome, message: lastLine(stderr) || lastLine(stdout) };
  }

  /** The text of a file as the runs find it. */
  textOf(file: string): string {
    return decodeSource(readFileSync(join(this.folder, 'pristine', file)));
  }

  private async runCopy(
    signal: AbortSignal | undefined,
    edit?: { file: string; text: string },
  ): ReturnType<typeof runLimited> {
    const [fresh, pristine] = [join(this.folder, 'run'), join(this.folder, 'pristine')];
    signal?.throwIfAborted();
    removeFolder(fresh);
    await copyFolder(pristine, fresh);
    if (edit) {
      const file = join(fresh, edit.file);
      chmodSync(file, statSync(file).mode | 0o200);
      writeFileSync(file, edit.text);
    }
    const shared = this.shared.map((path) => join(this.root, path));
    const hidden = HIDDEN.map((name) => join(homedir(), name));
    const bound = [
      ...emptied(hidden),
      ...['--bind', fresh, this.root, '--bind', join(this.folder, 'go-build'), GO_CACHE],
      ...shared.flatMap((path) => ['--ro-bind', path, path]),
      ...emptied(shared.map((path) => join(path, VITE_TEMPORARY))),
      // The workspace's copy holds them where the workspace does.
      ...emptied(hidden.filter((path) => path.startsWith(join(this.root, '/')))),
    ];
    const limits = [LARGEST_FILE / 512, Math.floor(totalmem() / 2048)].map(String);
    const shell = ['sh', '-c', WITH_LIMITS, 'sh', ...limits, this.command];
    return runLimited([BUBBLEWRAP, ...CLOSED, ...bound, '--chdir', this.root, ...shell], {
      cwd: this.folder,
      env: environment(),
      seconds: this.limit,
      signal,
    });
  }

  /** Deletes the copies. */
  close(): void {
    removeFolder(this.folder);
  }
}

function checkBubblewrap(): void {
  if (process.platform !== 'linux') {
    throw new UserError('Running the tests of a workspace needs Linux: bubblewrap shuts them in.');
  }
  const tried = spawnSync(BUBBLEWRAP, [...CLOSED, 'true'], { encoding: 'utf8' });
  if (tried.error) {
    throw new UserError(`Running the tests of a workspace needs bubblewrap. ${HOW}`);
  }
  if (tried.status !== 0) {
    throw new UserError(`bubblewrap cannot shut in a process here: ${lastLine(tried.stderr)}`);
  }
}

/** What tools need to be found, and nothing that may be a secret; CI keeps test runners from waiting for changes. */
function environment(): Record<string, string> {
  const { PATH = '/usr/bin:/bin', HOME = '/', LANG = 'C.UTF-8' } = process.env;
  return { PATH, HOME, LANG, CI: '1', XDG_CACHE_HOME: '/tmp/cache', GOCACHE: GO_CACHE };
}

/** An empty folder in place of each of these that is there; bubblewrap itself follows no links. */
function emptied(folders: readonly string[]): string[] {
  return folders
    .filter((folder) => existsSync(folder) && statSync(folder).isDirectory())
    .flatMap((folder) => ['--tmpfs', realpathSync(folder)]);
}
