import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listRuns, resumableRun, type Run } from '../../../server/store/runs.js';
import { readJsonl } from '../../../server/store/jsonl.js';
import { Random } from '../../../server/util/random.js';

const root = join(import.meta.dirname, '..', '..', '..');
/** Real code, and little of it. */
const WORKSPACE = join(root, 'server', 'store');
/** The nightly form kills more often: BATCODER_KILLS=50. */
const KILLS = Number(process.env['BATCODER_KILLS'] ?? 5);
const STEPS = String(Math.max(2, KILLS / 5));
const TIMES = ['seconds', 'tokensPerSecond', 'rolloutTokensPerSecond', 'trainingTokensPerSecond'];

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'batcoder-kill-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function startTraining(name: string, more: string[]): ChildProcess {
  const args = ['train', WORKSPACE, '--from-nothing', 'tiny', '--seed', '5', '--steps', STEPS];
  return spawn(process.execPath, ['dist/cli.js', ...args, '--warmup-steps', '120', ...more], {
    cwd: root,
    env: { ...process.env, BATCODER_HOME: join(home, name) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

async function ended(child: ChildProcess): Promise<number | null> {
  let said = '';
  child.stderr!.on('data', (text) => (said += text));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0 && child.signalCode === null) {
    throw new Error(said);
  }
  return code;
}

function newestRun(name: string, find: (root: string) => Run | null): Run | null {
  const before = process.env['BATCODER_HOME'];
  process.env['BATCODER_HOME'] = join(home, name);
  try {
    return find(WORKSPACE);
  } finally {
    if (before === undefined) {
      delete process.env['BATCODER_HOME'];
    } else {
      process.env['BATCODER_HOME'] = before;
    }
  }
}

/** What a run wrote: its metrics without the times, and its weights. */
function written(name: string): { metrics: unknown[]; weights: string } {
  const run = newestRun(name, (workspace) => listRuns(workspace)[0])!;
  const metrics = (readJsonl(join(run.folder, 'metrics.jsonl')) as object[]).map((line) =>
    Object.fromEntries(Object.entries(line).filter(([key]) => !TIMES.includes(key))),
  );
  const file = readFileSync(join(run.folder, 'model', 'model.safetensors'));
  return { metrics, weights: createHash('sha256').update(file).digest('hex') };
}

/** Runs until it ends by itself, killed as often as there is time for; @returns how often that was. */
async function killed(name: string, most: number, delay: () => number): Promise<number> {
  let kills = 0;
  for (let code: number | null = null; code !== 0; ) {
    // One that was killed before its first checkpoint is begun anew, as a person would.
    const resume = newestRun(name, resumableRun) !== null;
    const child = startTraining(name, resume ? ['--resume'] : []);
    const end = ended(child);
    if (kills < most && (await Promise.race([end, setTimeout(delay(), 'running')])) === 'running') {
      child.kill('SIGKILL');
      kills++;
    }
    code = await end;
  }
  return kills;
}

describe('a training that is killed', () => {
  it(`goes on bit for bit, ${KILLS} times`, { timeout: 60_000 * KILLS }, async () => {
    const began = performance.now();
    await ended(startTraining('whole', []));
    const whole = performance.now() - began;
    const random = new Random(Date.now());
    const delay = () => whole * (0.1 + 0.8 * random.next());

    for (let kills = 0, run = 0; kills < KILLS; run++) {
      const name = `broken ${run}`;
      kills += await killed(name, KILLS - kills, delay);
      expect(written(name)).toEqual(written('whole'));
    }
  });
});
