import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { latestCheckpoint } from '../../../server/store/checkpoint.js';
import { readJsonl } from '../../../server/store/jsonl.js';
import { checkpointsFolder, listRuns, resumableRun, type Run } from '../../../server/store/runs.js';
import type { Metrics } from '../../../server/training/metrics.js';
import type { Progressed } from '../../../server/training/state.js';
import { Random } from '../../../server/util/random.js';

const root = join(import.meta.dirname, '..', '..', '..');
/** Real code, and little of it. */
const WORKSPACE = join(root, 'server', 'store');
/** The nightly form kills more often: BATCODER_KILLS=50. */
const KILLS = Number(process.env['BATCODER_KILLS'] ?? 5);
/** Checkpoints come after 10 steps of warm-up and after 20, and after each of learning. */
const [WARMUP, LEARNING] = [26, 5];
const SETTINGS = [
  ['--warmup-steps', String(WARMUP), '--steps', String(LEARNING), '--seed', '5'],
  ...['checkpointEvery=1', 'warmupBatchTokens=128', 'unitsPerStep=2', 'evaluationUnits=2'].map(
    (setting) => ['--set', setting],
  ),
].flat();
/** Between which lines of its metrics a training is killed: where there is a checkpoint of the phase to go on from. */
const PLACES = {
  start: [0, 1],
  'warm-up': [11, 22],
  learning: [WARMUP + 2, WARMUP + LEARNING - 1],
};
type Place = keyof typeof PLACES;
const TIMES = ['seconds', 'tokensPerSecond', 'rolloutTokensPerSecond', 'trainingTokensPerSecond'];

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'batcoder-kill-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A training in a home of its own. */
class Training {
  private child: ChildProcess | null = null;
  private end: Promise<void> | null = null;

  constructor(
    private readonly name: string,
    private readonly options: readonly string[],
  ) {}

  /** Begins, or goes on; one that was killed before its first checkpoint is begun anew, as a person would. */
  start(): void {
    const resume = this.run(resumableRun) === null ? [] : ['--resume'];
    const args = ['dist/cli.js', 'train', WORKSPACE, ...SETTINGS, ...this.options, ...resume];
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, BATCODER_HOME: join(home, this.name) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (text) => (said += text));
    this.child = child;
    this.end = new Promise((resolve, reject) => {
      child.on('close', (code) =>
        code === 0 || child.signalCode !== null ? resolve() : reject(new Error(said)),
      );
    });
  }

  async finish(): Promise<void> {
    await this.end;
    expect(this.child!.exitCode).toBe(0);
  }

  /** Waits until it has written so many lines of metrics, or for so many ms; @throws where it ends before */
  async reach(lines: number, within = Infinity): Promise<void> {
    const until = performance.now() + within;
    while (this.metrics().length < lines && performance.now() < until) {
      if (this.child!.exitCode !== null) {
        await this.end;
        throw new Error(`It ended after ${this.metrics().length} lines, not ${lines}.`);
      }
      await setTimeout(5);
    }
  }

  async kill(): Promise<void> {
    this.child!.kill('SIGKILL');
    await this.end;
    expect(this.child!.signalCode).toBe('SIGKILL');
  }

  metrics(): Metrics[] {
    const run = this.run((workspace) => listRuns(workspace)[0] ?? null);
    return run === null ? [] : (readJsonl(join(run.folder, 'metrics.jsonl')) as Metrics[]);
  }

  /** What it would go on from. */
  checkpoint(): { progressed: Progressed; folder: string } {
    const run = this.run((workspace) => listRuns(workspace)[0])!;
    const { folder, state } = latestCheckpoint(checkpointsFolder(run)).checkpoint!;
    return { progressed: state as Progressed, folder };
  }

  /** All that it wrote but the times: its metrics, its last checkpoint, the weights that it kept. */
  written(result: string): unknown {
    const { folder, progressed } = this.checkpoint();
    const run = join(folder, '..', '..');
    return {
      metrics: this.metrics().map((line) =>
        Object.fromEntries(Object.entries(line).filter(([key]) => !TIMES.includes(key))),
      ),
      progressed: { ...progressed, warmupSeconds: 0, learningSeconds: 0 },
      arrays: hash(join(folder, 'arrays.safetensors')),
      result: hash(join(run, result)),
    };
  }

  private run(find: (root: string) => Run | null): Run | null {
    const before = process.env['BATCODER_HOME'];
    process.env['BATCODER_HOME'] = join(home, this.name);
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
}

function hash(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Runs to the end; @returns when each line of its metrics was there, in milliseconds */
async function timed(training: Training): Promise<number[]> {
  const began = performance.now();
  const times = [0];
  training.start();
  while (times.length <= WARMUP + LEARNING) {
    await training.reach(times.length);
    times.push(performance.now() - began);
  }
  await training.finish();
  return times;
}

/** Kills it at a random moment of each place, one after another, and lets it end. */
async function broken(
  training: Training,
  places: readonly Place[],
  times: readonly number[],
  random: Random,
): Promise<void> {
  training.start();
  for (const place of places) {
    const [from, to] = PLACES[place];
    await training.reach(from + random.int(to - from));
    await training.reach(to, (random.next() * (times[to] - times[from])) / (to - from));
    await training.kill();
    if (place !== 'start') {
      const { phase, warmupSteps, steps } = training.checkpoint().progressed;
      expect(phase).toBe(place);
      expect(phase === 'warm-up' ? warmupSteps : steps).toBeGreaterThan(0);
    }
    training.start();
  }
  await training.finish();
}

/** Five kills in all. */
const VARIANTS: { trains: string; options: string[]; result: string; places: Place[] }[] = [
  {
    trains: 'all weights',
    options: [],
    result: 'model/model.safetensors',
    places: ['start', 'warm-up', 'learning'],
  },
  {
    trains: 'an adapter',
    options: ['--model', join(root, 'model')],
    result: 'adapter/adapter_model.safetensors',
    places: ['warm-up', 'learning'],
  },
];
const ROUNDS = Math.ceil(KILLS / VARIANTS.flatMap(({ places }) => places).length);

describe.each(VARIANTS)('a training of $trains that is killed', (variant) => {
  const { trains, options, result, places } = variant;
  it(`goes on bit for bit, ${ROUNDS * places.length} times`, {
    timeout: 120_000 * (1 + ROUNDS),
  }, async () => {
    const whole = new Training(`${trains}, whole`, options);
    const times = await timed(whole);
    const learnt = whole.metrics().filter((line) => line.phase === 'learning');
    expect(learnt.filter(({ gradNorm }) => (gradNorm ?? 0) > 0).length).toBeGreaterThan(2);

    const random = new Random(Date.now());
    for (let round = 0; round < ROUNDS; round++) {
      const name = `${trains}, broken ${round}`;
      const training = new Training(name, options);
      await broken(training, places, times, random);
      expect(training.written(result)).toEqual(whole.written(result));
      rmSync(join(home, name), { recursive: true });
    }
  });
});
