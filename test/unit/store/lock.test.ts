import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireLock } from '../../../server/store/lock.js';
import { UserError } from '../../../server/util/errors.js';
import { bundleScript, startScript, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const file = join(folder, 'x', 'training.lock');

/** The id of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

function hold(fields: object): void {
  const holder = { pid: deadPid(), thread: 0, host: hostname(), since: Date.now(), ...fields };
  writeFileSync(file, JSON.stringify(holder));
}

describe('acquireLock', () => {
  it('is held until it is released', () => {
    const lock = acquireLock(file, 'The run');
    expect(() => acquireLock(file, 'The run')).toThrow(UserError);
    expect(() => acquireLock(file, 'The run')).toThrow(
      new RegExp(`The run is busy: process ${process.pid}.*delete ${file}`),
    );
    lock.release();
    lock.release();
    acquireLock(file, 'The run').release();
    expect(readdirSync(join(folder, 'x'))).toEqual([]);
  });

  it('is held by a living process, and taken over when that was killed', async () => {
    const script = bundleScript(
      folder,
      `import { acquireLock } from './lock.js';
       acquireLock(process.argv[2], 'The run');
       process.stdout.write('held');
       setInterval(() => {}, 1000);`,
    );
    const { child, firstOutput, ended } = startScript(script, file);
    await firstOutput;
    expect(() => acquireLock(file, 'The run')).toThrow(new RegExp(`process ${child.pid} works`));
    child.kill('SIGKILL');
    await ended;
    acquireLock(file, 'The run').release();
    expect(existsSync(file)).toBe(false);
  });

  it('is taken over from a crashed thread of this process, and from before the machine started', () => {
    hold({ pid: process.pid, thread: 77 });
    acquireLock(file, 'The run').release();
    hold({ pid: process.ppid, since: 1 });
    acquireLock(file, 'The run').release();
  });

  it('is not taken over from another machine', () => {
    hold({ host: `not-${hostname()}` });
    expect(() => acquireLock(file, 'The run')).toThrow(/is busy/);
    hold({});
    acquireLock(file, 'The run').release();
  });

  it('is taken over when its file is torn and old, not when it is being written', () => {
    writeFileSync(file, '');
    expect(() => acquireLock(file, 'The run')).toThrow(/is busy: process unknown/);
    const old = new Date(Date.now() - 60_000);
    for (const content of ['', '{"pid":', 'null', '{"pid":-1,"since":1,"host":"x"}']) {
      writeFileSync(file, content);
      utimesSync(file, old, old);
      acquireLock(file, 'The run').release();
    }
  });

  it('waits for nobody who died while taking over', () => {
    hold({});
    writeFileSync(`${file}.takeover`, '');
    expect(() => acquireLock(file, 'The run')).toThrow(/is busy/);
    const old = new Date(Date.now() - 60_000);
    utimesSync(`${file}.takeover`, old, old);
    expect(() => acquireLock(file, 'The run')).toThrow(/is busy/);
    acquireLock(file, 'The run').release();
  });

  it('does not release what another has taken over', () => {
    const lock = acquireLock(file, 'The run');
    hold({ pid: process.ppid });
    const taken = readFileSync(file, 'utf8');
    lock.release();
    expect(readFileSync(file, 'utf8')).toBe(taken);
    hold({});
    acquireLock(file, 'The run').release();
  });

  it('goes to one only of many processes that ask at once, a stale lock being there', async () => {
    const script = bundleScript(
      folder,
      `import { acquireLock } from './lock.js';
       const [file, start] = process.argv.slice(2);
       while (Date.now() < Number(start)) {}
       let won = true;
       try { acquireLock(file, 'The run'); } catch { won = false; }
       process.stdout.write(won ? 'won' : 'lost');
       setTimeout(() => {}, 1500);`,
    );
    for (let round = 0; round < 3; round++) {
      hold({});
      const start = String(Date.now() + 700);
      const racers = Array.from({ length: 6 }, () => startScript(script, file, start));
      const outcomes = await Promise.all(racers.map(({ firstOutput }) => firstOutput));
      expect(outcomes.filter((outcome) => outcome === 'won')).toHaveLength(1);
      racers.forEach(({ child }) => child.kill('SIGKILL'));
      await Promise.all(racers.map(({ ended }) => ended));
    }
  });
});
