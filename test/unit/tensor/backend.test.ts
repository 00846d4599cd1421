import { add, getBackend, ones } from '@tensorflow/tfjs-core';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as addon from '../../../server/tensor/addon.js';
import { initBackend } from '../../../server/tensor/backend.js';
import { checkSegments } from '../../../server/tensor/segments.js';
import { probePackage, probeWebgpu } from '../../../server/tensor/webgpu/load.js';
import * as wasm from '../../../server/tensor/wasmAddon.js';
import { assetPath } from '../../../server/util/assets.js';

// Not the home of the person who runs this, who may have set up TensorFlow.
beforeEach(() => {
  vi.stubEnv('BATCODER_HOME', join(tmpdir(), 'batcoder-without-tensorflow'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('native is chosen where no TensorFlow is installed, and says why', async () => {
  const report = await initBackend(undefined, { threads: 2 });
  expect(report.name).toBe('native');
  expect(report.tried.map(({ name, ok }) => [name, ok])).toEqual([
    ['tensorflow', false],
    ['native', true],
  ]);
  expect(report.tried[0].reason).toBe('no tfjs-node package is installed');
  expect(report).toMatchObject({
    threads: Math.min(2, availableParallelism()),
    gpu: false,
    reason: expect.stringContaining(report.isa!) as string,
  });
  expect(getBackend()).toBe('native');
});

test('without the addon wasm is chosen, and the report tells how to get native', async () => {
  vi.spyOn(addon, 'nativeAddon').mockImplementation(() => {
    throw new Error('cannot open shared object file');
  });
  const report = await initBackend(undefined, { threads: 1 });
  expect(report).toMatchObject({ name: 'wasm', threads: 1, isa: 'simd128' });
  expect(report.reason).toMatch(/on 1 thread: several times slower than native, no paged cache/);
  expect(report.tried[1].reason).toMatch(/cannot open.*npm run build:native/);
  expect(getBackend()).toBe('wasm');
  expect([...add(ones([2]), 1).dataSync()]).toEqual([2, 2]);
});

test('without either cpu is chosen', async () => {
  const missing = () => {
    throw new Error('cannot open it');
  };
  vi.spyOn(addon, 'nativeAddon').mockImplementation(missing);
  vi.spyOn(wasm, 'wasmAddon').mockImplementation(missing);
  const report = await initBackend();
  expect(report).toMatchObject({ name: 'cpu', threads: 1, isa: null });
  expect(report.tried[2].reason).toMatch(/cannot open.*npm run build/);
  expect([...add(ones([2]), 1).dataSync()]).toEqual([2, 2]);
});

test('the environment forces a backend, and an unknown or broken one is an error', async () => {
  vi.stubEnv('BATCODER_BACKEND', 'cpu');
  expect((await initBackend()).name).toBe('cpu');
  vi.stubEnv('BATCODER_BACKEND', 'gpu');
  await expect(initBackend()).rejects.toThrow(
    "BATCODER_BACKEND is 'gpu': use one of tensorflow, native, webgpu, wasm, cpu",
  );
  vi.stubEnv('BATCODER_BACKEND', 'tensorflow');
  await expect(initBackend()).rejects.toThrow("'tensorflow' does not work here");
});

test('webgpu says what it lacks: the package, or a Node that is not Electron', async () => {
  await expect(initBackend('webgpu')).rejects.toThrow(
    "'webgpu' does not work here: the package webgpu is not installed: batcoder doctor --setup-webgpu",
  );
  const inEditor = probeWebgpu({ electron: '39.0.0' });
  expect(inEditor).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/Electron forbids.*batcoder\.server\.node/) as string,
  });
});

test.each([
  ['throws', 'throw new Error("no such symbol\\nmore")', /^no such symbol$/],
  [
    'finds no adapter',
    'exports.globals = {}; exports.create = () => ({ requestAdapter: () => null })',
    /finds no adapter/,
  ],
  ['ends the process', 'process.kill(process.pid, "SIGKILL")', /ended the process with/],
])('a probe of a package that %s fails with the reason', (_what, script, reason) => {
  const folder = mkdtempSync(join(tmpdir(), 'batcoder-dawn-'));
  writeFileSync(join(folder, 'index.cjs'), script);
  try {
    expect(probePackage(join(folder, 'index.cjs'))).toEqual({
      ok: false,
      reason: expect.stringMatching(reason) as string,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('threads that wait for work take no processor time', () => {
  const script = `
    const addon = require(${JSON.stringify(assetPath('native', 'batcoder.node'))});
    addon.setThreads(3);
    const a = new Float32Array(300 * 300), c = new Float32Array(300 * 300);
    for (let i = 0; i < 20; i++) addon.gemm(a, a, c, 300, 300, 300, false, false, 1, 0, 0, 1, false, null);
    const start = process.cpuUsage();
    setTimeout(() => {
      const { user, system } = process.cpuUsage(start);
      console.log((user + system) / 1000);
    }, 300);`;
  const milliseconds = Number(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }));
  expect(milliseconds).toBeLessThan(50);
});

test('the addon computes in several worker threads at once', () => {
  const script = `
    const { Worker, isMainThread, parentPort } = require('node:worker_threads');
    const multiply = () => {
      const addon = require(${JSON.stringify(assetPath('native', 'batcoder.node'))});
      addon.setThreads(2);
      const a = new Float32Array(150 * 150).fill(1), c = new Float32Array(150 * 150);
      for (let i = 0; i < 40; i++) addon.gemm(a, a, c, 150, 150, 150, false, false, 1, 0, 0, 1, false, null);
      return c.every((x) => x === 150);
    };
    if (isMainThread) {
      const answers = [1, 2, 3].map(() => new Promise((resolve, reject) =>
        new Worker(__filename).on('message', resolve).on('error', reject)));
      answers.push(multiply());
      Promise.all(answers).then((all) => console.log(all.join()));
    } else parentPort.postMessage(multiply());`;
  const file = assetPath('native', 'workers.test.cjs');
  writeFileSync(file, script);
  try {
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8' }).trim()).toBe(
      'true,true,true,true',
    );
  } finally {
    rmSync(file);
  }
});

test.each(['avx2', 'base'])('the kernels for %s give what the best ones give', (isa) => {
  const script = `
    const addon = require(${JSON.stringify(assetPath('native', 'batcoder.node'))});
    const make = (n, s) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * s));
    const c = new Float32Array(70 * 90), d = new Float32Array(3 * 90);
    addon.gemm(make(70 * 45, 1), make(45 * 90, 2), c, 70, 90, 45, false, false, 1, 0, 0, 1, false, null);
    addon.gemm(make(3 * 45, 1), make(45 * 90, 2), d, 3, 90, 45, false, true, 1, 0, 0, 1, false, null);
    const o = new Float32Array(80 * 24), l = new Float32Array(80 * 2), g = [1, 2, 3].map(() => new Float32Array(80 * 24));
    const args = [make(80 * 24, 1), make(80 * 24, 2), make(80 * 24, 3), Int32Array.of(0, 80, 0, 0), 2, 2, o, l];
    addon.attention(...args);
    addon.attentionGrad(...args, make(80 * 24, 4), ...g);
    console.log(JSON.stringify([addon.isa(), ...[c, d, o, l, ...g].map((x) => [...x])]));`;
  const run = (name: string) =>
    JSON.parse(
      execFileSync(process.execPath, ['-e', script], {
        encoding: 'utf8',
        env: { ...process.env, BATCODER_ISA: name },
      }),
    ) as [string, ...number[][]];
  const [, ...best] = run('');
  const [name, ...results] = run(isa);
  if (process.arch === 'x64') {
    expect(['base', isa]).toContain(name);
  }
  results.forEach((values, r) =>
    values.forEach((x, i) =>
      expect(Math.abs(x - best[r][i])).toBeLessThan(2e-5 * (1 + Math.abs(x))),
    ),
  );
});

test.each([
  [
    [
      [0, 2],
      [3, 5],
    ],
    'Segment 1 is [3, 5), expected it to start at 2',
  ],
  [[[0, 2]], 'cover 2 tokens of 5'],
  [
    [
      [0, 2],
      [2, 5, 1, 3],
    ],
    'prefix [1, 3) of segment 1',
  ],
  [
    [
      [0, 2],
      [2, 3, 0, 2],
      [3, 5, 2, 3],
    ],
    'prefix [2, 3) of segment 2',
  ],
])('segments %j are refused', (list, message) => {
  const segments = list.map(([start, end, prefixStart = 0, prefixEnd = 0]) => ({
    start,
    end,
    prefixStart,
    prefixEnd,
  }));
  expect(() => checkSegments(segments, 5)).toThrow(message);
});
