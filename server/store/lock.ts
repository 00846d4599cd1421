import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { dirname } from 'node:path';
import { threadId } from 'node:worker_threads';
import { UserError } from '../util/errors.js';
import { temporaryPath } from './atomic.js';

/** Who holds a lock. */
interface Holder {
  pid: number;
  thread: number;
  host: string;
  /** Milliseconds since 1970. */
  since: number;
}

export interface Lock {
  /** Gives the lock back; a second call does nothing. */
  release(): void;
}

/** Taking over takes microseconds; a guard this old was left by a process that died in the midst of it. */
const GUARD_STALE_MS = 10_000;
/** How exactly the time of the last start of the machine is known. */
const BOOT_SLACK_MS = 10_000;

/**
 * Takes a lock, so that two runs do not work on one thing. A lock whose process is gone is taken over.
 * @param what is named in the message where the lock is held
 * @throws UserError where another process holds it
 */
export function acquireLock(file: string, what: string): Lock {
  mkdirSync(dirname(file), { recursive: true });
  const holder: Holder = {
    pid: process.pid,
    thread: threadId,
    host: hostname(),
    since: Date.now(),
  };
  const content = JSON.stringify(holder);
  if (!claim(file, content)) {
    removeIfStale(file);
    if (!claim(file, content)) {
      const pid = readHolder(file)?.pid;
      throw new UserError(
        `${what} is busy: process ${pid ?? 'unknown'} works on it. Wait or stop that process; if it is none of BatCoder's, delete ${file}.`,
      );
    }
  }
  let held = true;
  return {
    release: () => {
      if (held && readContent(file) === content) {
        rmSync(file, { force: true });
      }
      held = false;
    },
  };
}

/** Creates the file with its whole content at once, or returns false where it is there. */
function claim(file: string, content: string): boolean {
  const temporary = temporaryPath(file);
  writeFileSync(temporary, content);
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      return false;
    }
    return claimWithoutLinks(file, content);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** For file systems without hard links: for a moment the file is empty, which counts as held. */
function claimWithoutLinks(file: string, content: string): boolean {
  try {
    writeFileSync(file, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}

/**
 * Removes a stale lock. All who do so take turns by a guard file and look again under it: else one could
 * remove the lock that another has just taken over.
 */
function removeIfStale(file: string): void {
  const guard = `${file}.takeover`;
  if (!isStale(file)) {
    return;
  }
  if (!claimWithoutLinks(guard, '')) {
    if (ageOf(guard) > GUARD_STALE_MS) {
      rmSync(guard, { force: true });
    }
    return;
  }
  try {
    if (isStale(file)) {
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(guard, { force: true });
  }
}

function isStale(file: string): boolean {
  const holder = readHolder(file);
  if (!holder) {
    // Unreadable: torn by a crash, or just being written.
    return ageOf(file) > GUARD_STALE_MS;
  }
  if (holder.host !== hostname()) {
    return false;
  }
  if (holder.since < Date.now() - uptime() * 1000 - BOOT_SLACK_MS) {
    return true;
  }
  if (holder.pid === process.pid) {
    // One thread owns the model: another thread of this process that held the lock has crashed.
    return holder.thread !== threadId;
  }
  return !isAlive(holder.pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readContent(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function readHolder(file: string): Holder | null {
  try {
    const holder = JSON.parse(readContent(file) ?? '') as Partial<Holder> | null;
    const isWhole =
      Number.isInteger(holder?.pid) &&
      (holder?.pid ?? 0) > 0 &&
      typeof holder?.since === 'number' &&
      typeof holder.host === 'string';
    return isWhole ? (holder as Holder) : null;
  } catch {
    return null;
  }
}

/** Milliseconds since the file was written; 0 where it is gone. */
function ageOf(file: string): number {
  try {
    return Date.now() - statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}
