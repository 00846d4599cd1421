import { mkdtempSync, readdirSync, readFileSync, rmSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { bench } from '../../../server/cli/bench/bench.js';
import { quickWeights, someIds } from '../../../server/cli/bench/randomModel.js';
import { median } from '../../../server/cli/bench/rounds.js';
import { runCommandLine } from '../../../server/cli/dispatch.js';
import { SPECIAL_TOKENS } from '../../../server/inference/prompts.js';
import { configForSize } from '../../../server/model/presets.js';
import { loadTokenizer, saveTokenizer } from '../../../server/model/tokenizer/load.js';
import { trainTokenizer } from '../../../server/model/tokenizer/train.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { exportGguf } from '../../../server/model/weights/ggufModel.js';
import { initBackend } from '../../../server/tensor/backend.js';

const TINY = ['--layers', '2', '--width', '32', '--heads', '2', '--vocab', '300', '--rounds', '2'];

/** Some code that people wrote. */
const UTIL = join(import.meta.dirname, '../../../server/util');

async function measure(...argv: string[]): Promise<{ code: number; result: BenchResult }> {
  let stdout = '';
  const code = await runCommandLine(['bench', ...argv, ...TINY, '--json'], {
    streams: {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: () => true },
    },
    signal: new AbortController().signal,
    cwd: '/',
    commands: [{ name: 'bench', summary: bench.summary, load: () => Promise.resolve(bench) }],
    debug: false,
  });
  return { code, result: JSON.parse(stdout.trim().split('\n').at(-1) || '{}') as BenchResult };
}

type BenchResult = Record<string, number | string | null> & {
  losses?: Record<string, number | null>[];
  kernels?: { kernel: string; calls: number; share: number }[];
};

/** A folder with a model of random weights; the caller removes it. */
async function tinyModel(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'batcoder-'));
  saveTokenizer(
    dir,
    trainTokenizer(['one two three'], { vocabSize: 300, specials: SPECIAL_TOKENS }),
  );
  const { vocabSize } = await loadTokenizer(dir);
  await initBackend();
  const model = Qwen2Model.init({ ...configForSize('tiny', vocabSize, 0), layers: 1 }, 1);
  model.save(dir);
  model.dispose();
  return dir;
}

describe('batcoder bench', () => {
  it('tells the speed, memory and share of the peak of training', async () => {
    const { code, result } = await measure('train', '--batch', '2', '--length', '8');
    expect(code).toBe(0);
    expect(result).toMatchObject({ what: 'train', layers: 2, batch: 2, rounds: 2, lora: null });
    expect(result.trained).toBe(result.parameters);
    for (const field of ['tokensPerSecond', 'secondsPerStep', 'peakRssBytes', 'gflops']) {
      expect(result[field]).toBeGreaterThan(0);
    }
    expect(result.bestTokensPerSecond).toBeGreaterThanOrEqual(Number(result.tokensPerSecond));
    expect(result.jsKernels).toEqual({});
  });

  it('trains an adapter alone with --lora', async () => {
    const { result } = await measure('train', '--lora', '4', '--batch', '1', '--length', '8');
    // Two blocks of q, k, v, o (32), gate and up (32 to 85) and down (85 to 32), all of rank 4.
    expect(result.trained).toBe(2 * 4 * (64 + 2 * 64 + 64 + 3 * (32 + 85)));
  });

  it('trains it on a base in 8 bits with --base, and refuses that for all weights', async () => {
    const given = ['--base', 'int8', '--batch', '1', '--length', '8'];
    const { result } = await measure('train', '--lora', '4', ...given);
    expect(result).toMatchObject({ lora: 4, base: 'int8' });
    expect((await measure('train', ...given)).code).toBe(2);
  });

  it('says where the time of a step goes', async () => {
    const { result } = await measure('train', '--profile', '--batch', '1', '--length', '8');
    const kernels = result.kernels ?? [];
    expect(kernels.map(({ kernel }) => kernel)).toContain('adamw');
    expect(result.dispatchSeconds).toBeGreaterThan(0);
    expect(kernels.reduce((sum, { share }) => sum + share, 0)).toBeLessThan(1);
  });

  it('takes a whole learning step, with samples that differ in reward', async () => {
    const { result } = await measure('step', '--batch', '2', '--prompt', '6', '--length', '8');
    expect(result).toMatchObject({ what: 'step', batch: 2, samples: 4, lora: 16 });
    expect(result.updateSeconds).toBeGreaterThan(0);
    expect(Number(result.rolloutSeconds) + Number(result.updateSeconds)).toBeLessThan(
      2 * Number(result.secondsPerStep),
    );
  });

  it('decodes, and reads a long prompt', async () => {
    const { result } = await measure('decode', '--batch', '3', '--length', '5');
    expect(result).toMatchObject({ what: 'decode', batch: 3, prompt: 32, length: 5 });
    expect(result.promptTokensPerSecond).toBeGreaterThan(0);
    expect(result.firstTokenSeconds).toBeGreaterThan(0);
  });

  it('writes the random model for another program to decode the same weights', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'batcoder-'));
    try {
      await measure('decode', '--length', '1', '--save', join(dir, 'a'));
      await measure('decode', '--length', '1', '--save', join(dir, 'b'));
      const read = (name: string, file: string) => readFileSync(join(dir, name, file));
      expect(read('a', 'model.safetensors')).toEqual(read('b', 'model.safetensors'));
      const model = Qwen2Model.load(join(dir, 'a'));
      exportGguf(join(dir, 'gguf'), model, 'a', join(dir, 'a', 'tokenizer.json'), 'q8_0');
      model.dispose();
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it.each(['int8', 'int4'])('decodes with weights in %s', async (weights) => {
    const { result } = await measure('decode', '--length', '3', '--weights', weights);
    expect(result).toMatchObject({ weights, speculate: false });
    expect(result.tokensPerSecond).toBeGreaterThan(0);
  });

  it('counts the same tokens of a trained model with and without speculation', async () => {
    const dir = await tinyModel();
    try {
      const plain = await measure('decode', '--model', dir, '--length', '8');
      const guessed = await measure('decode', '--model', dir, '--length', '8', '--speculate');
      expect(plain.result).toMatchObject({ requests: 8, speculate: false });
      const { tokens, docTokens, codeTokens } = plain.result;
      expect(Number(docTokens) + Number(codeTokens)).toBe(tokens);
      expect(guessed.result).toMatchObject({ speculate: true, tokens: plain.result.tokens });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('tells what rounding the weights of a model costs', async () => {
    const dir = await tinyModel();
    try {
      const { result } = await measure('rounding', '--model', dir, '--from', UTIL);
      const losses = result.losses ?? [];
      const [exact, weights, int8, int4] = losses;
      expect(losses.map(({ form }) => form)).toEqual([
        'f32',
        'int8 weights, exact rows',
        'int8',
        'int4',
      ]);
      expect(exact.meanDifference).toBeNull();
      expect(weights.meanDifference).toBeGreaterThan(0);
      expect(int8.meanDifference).toBeGreaterThan(Number(weights.meanDifference));
      expect(int4.meanDifference).toBeGreaterThan(Number(int8.meanDifference));
      expect(int8.largestDifference).toBeGreaterThan(Number(int8.difference99));
      expect((await measure('rounding', '--model', dir)).code).toBe(1);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('tells how long a hover takes with the built-in model', async () => {
    const { code, result } = await measure('hover', '--from', UTIL);
    expect(code).toBe(0);
    expect(result.functions).toBeGreaterThan(0);
    expect(result.slowestSeconds).toBeGreaterThanOrEqual(Number(result.secondsPerStep));
    expect((await measure('hover')).code).toBe(1);
  });

  it.each(['f32', 'bf16'])('loads a file of %s and leaves nothing behind', async (dtype) => {
    const temporary = mkdtempSync(join(tmpdir(), 'batcoder-'));
    vi.stubEnv('TMPDIR', temporary);
    const { result } = await measure('load', '--dtype', dtype);
    const size = dtype === 'bf16' ? 2 : 4;
    expect(result.fileBytes).toBeGreaterThan(size * Number(result.parameters));
    expect(result.timesPlainRead).toBeGreaterThan(0);
    expect(result.firstTokenSeconds).toBeGreaterThan(0);
    expect(result.processFirstTokenSeconds).toBeGreaterThan(0);
    expect(result.jsKernels).toEqual({});
    vi.unstubAllEnvs();
    expect(readdirSync(temporary)).toEqual([]);
    rmdirSync(temporary);
  });

  it('runs as many rounds as each line of the standard input says, with --paced', async () => {
    const answers: string[] = [];
    const stdin = vi
      .spyOn(process, 'stdin', 'get')
      .mockReturnValue(Readable.from(['2\n1\n']) as typeof process.stdin);
    const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      answers.push(String(text));
      return true;
    });
    try {
      const { result } = await measure('train', '--paced', '--batch', '1', '--length', '4');
      expect(result.rounds).toBe(3);
    } finally {
      stdin.mockRestore();
      stdout.mockRestore();
    }
    const steps = answers.map((answer) => (JSON.parse(answer) as { step: number[] }).step);
    expect(steps.map(({ length }) => length)).toEqual([1, 2, 1]);
  });

  it('refuses what it does not know', async () => {
    expect((await measure('sleep')).code).not.toBe(0);
    expect((await measure('train', '--width', '30', '--heads', '4')).code).not.toBe(0);
  });
});

describe('what is measured', () => {
  it('has random weights of the usual deviation, and gains of 1', () => {
    const weights = quickWeights();
    const values = weights('w', [3, 700_000]);
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(Math.sqrt(square)).toBeCloseTo(0.02, 3);
    expect(weights('model.norm.weight', [4])).toEqual(Float32Array.of(1, 1, 1, 1));
  });

  it('reads ids that lie in the vocabulary and do not repeat soon', () => {
    const ids = someIds(100, 16384);
    expect(Math.min(...ids)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...ids)).toBeLessThan(16384);
    expect(new Set(ids).size).toBeGreaterThan(95);
  });

  it('counts the median', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([])).toBe(Infinity);
  });
});
