import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from '../../model/generation.js';
import { parameterCount, parameterShapes } from '../../model/parameters.js';
import type { Qwen2Config } from '../../model/config.js';
import { configJson } from '../../model/config.js';
import { Qwen2Model } from '../../model/transformer.js';
import { writeSafetensors } from '../../model/weights/safetensors.js';
import { writeJson } from '../../store/json.js';
import type { BackendReport } from '../../tensor/backend.js';
import type { Io, ParsedArgs } from '../command.js';
import { quickWeights, someIds } from './randomModel.js';
import { measureRounds, median, since } from './rounds.js';
import { shapeOf, shapeReported } from './sizes.js';

const PROMPT = 32;
const PIECE_BYTES = 64 * 2 ** 20;

/** Opening a model on disk, against reading its file and doing nothing with it. */
export async function benchLoading(args: ParsedArgs, io: Io, backend: BackendReport) {
  const config = shapeOf(args, PROMPT + 1);
  const dtype = args.string('dtype') === 'bf16' ? 'BF16' : 'F32';
  const dir = mkdtempSync(join(tmpdir(), 'batcoder-bench-'));
  try {
    const bytes = writeModel(dir, config, dtype);
    const prompt = [...someIds(PROMPT, config.vocabSize)];
    const { seconds, warmUp } = await measureRounds(args, io, async () => {
      const read = readPlainly(join(dir, 'model.safetensors'));
      const start = performance.now();
      const model = Qwen2Model.load(dir);
      const load = since(start);
      await generate(model, [prompt], { maxNewTokens: 1 });
      const firstToken = since(start);
      model.dispose();
      return { load, read, firstToken };
    });
    const result = {
      what: 'load',
      parameters: parameterCount(config),
      dtype,
      fileBytes: bytes,
      secondsPerStep: median(seconds.load),
      readSeconds: median(seconds.read),
      timesPlainRead: median(seconds.load) / median(seconds.read),
      /** From opening the file, with a prompt of 32 tokens; the first round is that of a fresh process. */
      firstTokenSeconds: median(seconds.firstToken),
      firstTokenSecondsCold: warmUp.firstToken,
      rounds: seconds.load.length,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      backend: backend.name,
      threads: backend.threads,
      ...shapeReported(config),
    };
    io.print(
      `${result.secondsPerStep.toFixed(2)} s to open ${(bytes / 1e9).toFixed(2)} GB, ` +
        `${result.timesPlainRead.toFixed(2)} times a plain read; ` +
        `first token after ${result.firstTokenSeconds.toFixed(2)} s`,
    );
    return result;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
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
