import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { generate } from '../../model/generation.js';
import { parameterCount, parameterShapes } from '../../model/parameters.js';
import type { Qwen2Config } from '../../model/config.js';
import { configJson } from '../../model/config.js';
import { Qwen2Model } from '../../model/transformer.js';
import { writeSafetensors } from '../../model/weights/safetensors.js';
import { writeJson } from '../../store/json.js';
import type { BackendReport } from '../../tensor/backend.js';
import { jsKernelCounts } from '../../tensor/counters.js';
import { assetPath } from '../../util/assets.js';
import type { Io, ParsedArgs } from '../command.js';
import { quickWeights, someIds } from './randomModel.js';
import { measureRounds, median, since } from './rounds.js';
import { shapeOf, shapeReported } from './sizes.js';

const PROMPT = 32;
const PIECE_BYTES = 64 * 2 ** 20;
/** Processes that are started to time their first token. */
const PROCESSES = 3;

/**
 * Opening a model on disk, against reading its file and doing nothing with it; and how long a process of its own takes
 * to its first token. With --model only that token.
 */
export async function benchLoading(args: ParsedArgs, io: Io, backend: BackendReport) {
  const given = args.string('model');
  if (given !== undefined) {
    const { firstToken } = await openAndDraw(resolve(io.cwd, given));
    return { what: 'load', firstTokenSeconds: firstToken, backend: backend.name };
  }
  const config = shapeOf(args, PROMPT + 1);
  const dtype = args.string('dtype') === 'bf16' ? 'BF16' : 'F32';
  const dir = mkdtempSync(join(tmpdir(), 'batcoder-bench-'));
  try {
    const bytes = writeModel(dir, config, dtype);
    const file = join(dir, 'model.safetensors');
    const fresh: number[] = [];
    let evicted = true;
    for (let i = 0; i < PROCESSES; i++) {
      evicted = evict(file) && evicted;
      fresh.push(await firstTokenOfProcess(dir, backend));
    }
    const { seconds } = await measureRounds(args, io, async () => {
      const read = readPlainly(file);
      return { ...(await openAndDraw(dir)), read };
    });
    const result = {
      what: 'load',
      parameters: parameterCount(config),
      dtype,
      fileBytes: bytes,
      secondsPerStep: median(seconds.load),
      bestSecondsPerStep: Math.min(...seconds.load),
      bytesPerSecond: bytes / median(seconds.load),
      readSeconds: median(seconds.read),
      timesPlainRead: median(seconds.load) / median(seconds.read),
      /** From opening the file, which the system holds in memory, with a prompt of 32 tokens. */
      firstTokenSeconds: median(seconds.firstToken),
      /** From the start of a process, the file not in memory where `fileEvicted`. */
      processFirstTokenSeconds: median(fresh),
      fileEvicted: evicted,
      rounds: seconds.load.length,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      backend: backend.name,
      isa: backend.isa,
      threads: backend.threads,
      jsKernels: jsKernelCounts(),
      ...shapeReported(config),
    };
    io.print(
      `${result.secondsPerStep.toFixed(2)} s to open ${(bytes / 1e9).toFixed(2)} GB, ` +
        `${result.timesPlainRead.toFixed(2)} times a plain read; ` +
        `first token after ${result.firstTokenSeconds.toFixed(2)} s, ` +
        `${result.processFirstTokenSeconds.toFixed(2)} s after the start of a process` +
        (evicted ? ' that reads the file from the disk' : ''),
    );
    return result;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function openAndDraw(dir: string): Promise<{ load: number; firstToken: number }> {
  const start = performance.now();
  const model = Qwen2Model.load(dir);
  const load = since(start);
  const prompt = [...someIds(PROMPT, model.config.vocabSize)];
  await generate(model, [prompt], { maxNewTokens: 1 });
  const firstToken = since(start);
  model.dispose();
  return { load, firstToken };
}

/** Asks the system to forget what it read of a file (posix_fadvise by GNU dd): whether it could be asked. */
function evict(file: string): boolean {
  return spawnSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0']).status === 0;
}

/** Seconds from the start of a process to its first token of a model. */
async function firstTokenOfProcess(dir: string, { name, threads }: BackendReport): Promise<number> {
  const asked = ['bench', 'load', '--model', dir, '--threads', String(threads), '--json'];
  const start = performance.now();
  const child = spawn(process.execPath, [assetPath('cli.js'), ...asked], {
    env: { ...process.env, BATCODER_BACKEND: name },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let seconds = 0;
  child.stdout.once('data', () => (seconds = since(start)));
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0 || seconds === 0) {
    throw new Error(`A process that was to draw a token ended with ${code}: ${said}`);
  }
  return seconds;
}

function writeModel(dir: string, config: Qwen2Config, dtype: 'F32' | 'BF16'): number {
  const weights = quickWeights();
  const tensors = parameterShapes(config).map(
    ({ name, shape }) => [name, { shape, data: weights(name, shape), dtype }] as const,
  );
  const file = join(dir, 'model.safetensors');
  writeSafetensors(file, new Map(tensors));
  writeJson(join(dir, 'config.json'), configJson(config));
  const fd = openSync(file, 'r');
  const { size } = fstatSync(fd);
  closeSync(fd);
  return size;
}

/** Seconds to read a file whole into memory that is new. */
function readPlainly(file: string): number {
  const start = performance.now();
  const fd = openSync(file, 'r');
  const bytes = new Uint8Array(fstatSync(fd).size);
  let done = 0;
  for (let count = -1; count !== 0; done += count) {
    count = readSync(fd, bytes, done, Math.min(PIECE_BYTES, bytes.length - done), done);
  }
  closeSync(fd);
  return since(start);
}
