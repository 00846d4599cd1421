import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  checkpointNames,
  latestCheckpoint,
  saveCheckpoint,
} from '../../../server/store/checkpoint.js';
import { Random } from '../../../server/util/random.js';
import { bundleScript, readArray, startScript, temporaryFolder, writeArray } from './support.js';

const base = temporaryFolder();
const folder = join(base, 'checkpoints');

beforeEach(() => rmSync(folder, { recursive: true, force: true }));

/** A checkpoint whose array tells its step. */
function save(step: number, keep = 3): string {
  return saveCheckpoint(folder, { step }, keep, (into) =>
    writeArray(join(into, 'arrays.safetensors'), new Float32Array(1000).fill(step)),
  );
}

describe('checkpoints', () => {
  it('come back with state and arrays, exactly', () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true }), fc.jsonValue(), (data, state) => {
        const wanted: unknown = JSON.parse(JSON.stringify(state));
        saveCheckpoint(folder, wanted, 2, (into) => writeArray(join(into, 'a'), data));
        const { checkpoint, skipped } = latestCheckpoint(folder);
        expect(skipped).toEqual([]);
        expect(checkpoint?.state).toEqual(wanted);
        expect(readArray(join(checkpoint?.folder ?? '', 'a'))).toEqual(data);
      }),
      { numRuns: 40 },
    );
  });

  it('are none in an empty folder or without one', () => {
    expect(latestCheckpoint(folder)).toEqual({ checkpoint: null, skipped: [] });
    mkdirSync(folder);
    expect(latestCheckpoint(folder)).toEqual({ checkpoint: null, skipped: [] });
  });

  it('are kept up to the number asked for, the newest ones', () => {
    for (let step = 1; step <= 12; step++) {
      save(step);
      expect(checkpointNames(folder)).toHaveLength(Math.min(step, 3));
    }
    expect(checkpointNames(folder)).toEqual([12, 11, 10].map((n) => `checkpoint-0000${n}`));
    expect(latestCheckpoint(folder).checkpoint?.state).toEqual({ step: 12 });
    save(13, 1);
    expect(readdirSync(folder)).toEqual(['checkpoint-000013']);
  });

  it('leave no trace when writing fails', () => {
    save(1);
    expect(() =>
      saveCheckpoint(folder, {}, 3, (into) => {
        writeFileSync(join(into, 'half'), 'x');
        throw new Error('disk full');
      }),
    ).toThrow('disk full');
    expect(() => saveCheckpoint(folder, {}, 3, (into) => mkdirSync(join(into, 'sub')))).toThrow(
      /sub/,
    );
    expect(readdirSync(folder)).toEqual(['checkpoint-000001']);
  });

  it('of killed processes are cleared away', () => {
    mkdirSync(join(folder, 'checkpoint-000009.tmp-123-abcd'), { recursive: true });
    expect(latestCheckpoint(folder).checkpoint).toBeNull();
    save(1);
    expect(readdirSync(folder)).toEqual(['checkpoint-000001']);
  });
});

describe('a damaged checkpoint', () => {
  const damages: [string, (path: string) => void, RegExp][] = [
    ['a changed byte', flip, /arrays.safetensors is not what was written/],
    [
      'a cut file',
      (path) => truncateSync(join(path, 'arrays.safetensors'), 100),
      /100 bytes long instead/,
    ],
    [
      'a longer file',
      (path) => appendFileSync(join(path, 'state.json'), ' '),
      /state.json is \d+ bytes/,
    ],
    [
      'a missing file',
      (path) => rmSync(join(path, 'arrays.safetensors')),
      /arrays.safetensors is missing/,
    ],
    ['no manifest', (path) => rmSync(join(path, 'manifest.json')), /manifest.json.*does not exist/],
    ['a cut manifest', (path) => truncateSync(join(path, 'manifest.json'), 20), /not valid JSON/],
    [
      'an empty manifest',
      (path) => writeFileSync(join(path, 'manifest.json'), '{"files":{}}'),
      /does not list/,
    ],
    [
      'a null manifest',
      (path) => writeFileSync(join(path, 'manifest.json'), 'null'),
      /does not list/,
    ],
    [
      'a null entry',
      (path) => writeFileSync(join(path, 'manifest.json'), '{"files":{"state.json":null}}'),
      /undefined/,
    ],
    [
      'no file at all',
      (path) => readdirSync(path).forEach((name) => rmSync(join(path, name))),
      /manifest/,
    ],
  ];

  it.each(damages)('with %s is passed over, with the reason', (_, damage, reason) => {
    save(1);
    damage(save(2));
    const { checkpoint, skipped } = latestCheckpoint(folder);
    expect(checkpoint?.state).toEqual({ step: 1 });
    expect(skipped).toHaveLength(1);
    expect(skipped[0].name).toBe('checkpoint-000002');
    expect(skipped[0].reason).toMatch(reason);
  });

  it('is not written over: the next one gets a number of its own', () => {
    save(1);
    flip(save(2));
    expect(save(3)).toMatch(/checkpoint-000003$/);
    expect(latestCheckpoint(folder)).toMatchObject({
      checkpoint: { state: { step: 3 } },
      skipped: [],
    });
  });

  it('is none when all are damaged', () => {
    flip(save(1));
    flip(save(2));
    const { checkpoint, skipped } = latestCheckpoint(folder);
    expect(checkpoint).toBeNull();
    expect(skipped.map(({ name }) => name)).toEqual(['checkpoint-000002', 'checkpoint-000001']);
  });

  it('is always noticed, whichever byte of whichever file is changed', () => {
    save(1);
    const path = save(2);
    const pristine = join(base, 'pristine');
    cpSync(path, pristine, { recursive: true });
    const files = readdirSync(path);
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (name, at, mask) => {
          const bytes = readFileSync(join(pristine, name));
          bytes[at % bytes.length] ^= mask;
          writeFileSync(join(path, name), bytes);
          const { checkpoint } = latestCheckpoint(folder);
          // A change of the manifest may be a blank in its layout; the files then are still whole.
          if (name === 'manifest.json' && checkpoint?.name === 'checkpoint-000002') {
            expect(readArray(join(path, 'arrays.safetensors'))[0]).toBe(2);
          } else {
            expect(checkpoint?.state).toEqual({ step: 1 });
          }
          writeFileSync(join(path, name), readFileSync(join(pristine, name)));
        },
      ),
      { numRuns: 150 },
    );
  });

  function flip(path: string): void {
    const file = join(path, 'arrays.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(file, bytes);
  }
});

/** Saves step 3 over steps 1 and 2; dies before the n-th call that touches the disk. */
const DIES_AT_CALL = `
  import { saveCheckpoint } from './checkpoint.js';
  import { writeSafetensors } from '../model/weights/safetensors.js';
  const [folder, at] = process.argv.slice(2);
  const real = require('node:fs');
  let calls = 0;
  for (const name of ['openSync', 'writeSync', 'fsyncSync', 'closeSync', 'renameSync', 'mkdirSync', 'rmSync']) {
    const call = real[name];
    real[name] = (...given) => {
      if (++calls === Number(at)) process.kill(process.pid, 'SIGKILL');
      return call(...given);
    };
  }
  saveCheckpoint(folder, { step: 3 }, 2, (into) =>
    writeSafetensors(into + '/arrays', new Map([['x', { shape: [1000], data: new Float32Array(1000).fill(3) }]])));
  console.log(calls);`;

// Dozens of processes are started one after another: that takes a while on a busy machine.
describe('a process that is killed', { timeout: 240_000 }, () => {
  it('before any of the calls that touch the disk leaves two whole checkpoints or more', () => {
    const script = bundleScript(base, DIES_AT_CALL);
    const seen = new Set<number>();
    let calls = Infinity;
    for (let at = 1; at <= calls + 1; at++) {
      rmSync(folder, { recursive: true, force: true });
      for (const step of [1, 2]) {
        saveCheckpoint(folder, { step }, 2, (into) =>
          writeArray(join(into, 'arrays'), new Float32Array(1000).fill(step)),
        );
      }
      const { status, stdout } = spawnSync(process.execPath, [script, folder, String(at)], {
        encoding: 'utf8',
      });
      calls = status === 0 ? Number(stdout) : calls;
      const { checkpoint, skipped } = latestCheckpoint(folder);
      expect(skipped).toEqual([]);
      const { step } = checkpoint?.state as { step: number };
      expect(status === 0 ? [3] : [2, 3]).toContain(step);
      expect(readArray(join(checkpoint?.folder ?? '', 'arrays'))).toEqual(
        new Float32Array(1000).fill(step),
      );
      expect(checkpointNames(folder).length).toBeGreaterThanOrEqual(2);
      seen.add(step);
      save(4);
      expect(latestCheckpoint(folder).checkpoint?.state).toEqual({ step: 4 });
      expect(checkpointNames(folder)).toHaveLength(readdirSync(folder).length);
    }
    expect(calls).toBeGreaterThan(20);
    expect([...seen]).toEqual([2, 3]);
  });

  it('at random moments leaves the newest or the one before it, whole', async () => {
    const script = bundleScript(
      base,
      `import { latestCheckpoint, saveCheckpoint } from './checkpoint.js';
       import { writeSafetensors } from '../model/weights/safetensors.js';
       const folder = process.argv[2];
       let step = (latestCheckpoint(folder).checkpoint?.state?.step ?? 0) + 1;
       for (;; step++) {
         saveCheckpoint(folder, { step }, 2, (into) => {
           for (const name of ['weights', 'optimizer']) {
             writeSafetensors(into + '/' + name, new Map([['x', { shape: [100_000], data: new Float32Array(100_000).fill(step) }]]));
           }
         });
         process.stdout.write(step + '\\n');
       }`,
    );
    const random = new Random(5);
    let before = 0;
    for (let round = 0; round < 10; round++) {
      const { child, firstOutput, ended } = startScript(script, folder);
      let told = '';
      child.stdout?.on('data', (data: Buffer) => (told += data.toString()));
      await firstOutput;
      await sleep(random.int(60));
      child.kill('SIGKILL');
      await ended;
      const { checkpoint, skipped } = latestCheckpoint(folder);
      expect(skipped).toEqual([]);
      const { step } = checkpoint?.state as { step: number };
      const lastTold = Number(told.trim().split('\n').at(-1));
      expect(step).toBeGreaterThanOrEqual(lastTold);
      expect(step).toBeLessThanOrEqual(lastTold + 1);
      expect(step).toBeGreaterThan(before);
      for (const name of ['weights', 'optimizer']) {
        const values = readArray(join(checkpoint?.folder ?? '', name));
        expect(values.length).toBe(100_000);
        expect(values.every((value) => value === step)).toBe(true);
      }
      before = step;
    }
  });
});
