import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TokenFile, TokenFileWriter } from '../../../server/corpus/pretraining/tokenFile.js';
import { configForSize } from '../../../server/model/presets.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { readSafetensors } from '../../../server/model/weights/safetensors.js';
import { readJsonl } from '../../../server/store/jsonl.js';
import { initBackend } from '../../../server/tensor/backend.js';
import { PretrainingData } from '../../../server/training/pretraining/data.js';
import {
  pretrain,
  PRETRAIN_DEFAULTS,
  type PretrainMetrics,
} from '../../../server/training/pretraining/run.js';
import { rateAt } from '../../../server/training/pretraining/schedule.js';
import { answerLosses, pretrainingGradients } from '../../../server/training/pretraining/step.js';
import { Random } from '../../../server/util/random.js';

const VOCAB = 40;
const SEQUENCES = 60;
let folder: string;
let file: TokenFile;

/** Sequences that count up from a random start: a model can learn that. */
function writeTokens(path: string): void {
  const writer = new TokenFileWriter({
    vocabSize: VOCAB,
    maxTokens: 30,
    tokenizerHash: 'ab'.repeat(32),
  });
  const random = new Random(3);
  for (let s = 0; s < SEQUENCES; s++) {
    const start = random.int(VOCAB);
    const ids = Array.from({ length: 6 + random.int(10) }, (_, i) => (start + i) % VOCAB);
    const objective = s % 2 === 0 ? 'document' : 'code';
    writer.add({ ids, answerStart: 3, objective, language: 'python' });
  }
  writer.write(
    path,
    Array.from({ length: SEQUENCES }, (_, i) => i),
    1,
  );
}

beforeAll(async () => {
  await initBackend();
  folder = mkdtempSync(join(tmpdir(), 'batcoder-pretrain-'));
  writeTokens(join(folder, 'train.tokens'));
  file = new TokenFile(join(folder, 'train.tokens'));
});

afterAll(() => {
  file.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('rateAt', () => {
  const schedule = { peak: 2, climb: 100, fall: 200, total: 1000 };
  it('climbs in a line, stays, and falls by the square root to nothing', () => {
    expect(rateAt(schedule, 0)).toBeCloseTo(0.02, 12);
    expect(rateAt(schedule, 50)).toBe(1);
    expect([100, 500, 800].map((t) => rateAt(schedule, t))).toEqual([2, 2, 2]);
    expect(rateAt(schedule, 850)).toBeCloseTo(1, 12);
    expect(rateAt(schedule, 1000)).toBe(0);
  });
  it('is the same before the fall whatever the total: a run can be made longer', () => {
    for (const tokens of [10, 99, 400, 799]) {
      expect(rateAt({ ...schedule, total: 5000 }, tokens)).toBe(rateAt(schedule, tokens));
    }
  });
});

describe('PretrainingData', () => {
  it('gives every sequence once an epoch, the first in the order of the file', () => {
    const data = new PretrainingData(file);
    const epochs = [0, 1, 2].map(() => {
      const taken: string[] = [];
      while (taken.length < SEQUENCES) {
        taken.push(...data.take(1).map(({ ids }) => Array.from(ids).join()));
      }
      return taken;
    });
    const inFile = Array.from({ length: SEQUENCES }, (_, i) => file.sequence(i).ids.join());
    expect(epochs[0]).toEqual(inFile);
    expect(epochs[1]).not.toEqual(inFile);
    expect(epochs[2]).not.toEqual(epochs[1]);
    epochs.forEach((epoch) => expect([...epoch].sort()).toEqual([...inFile].sort()));
  });
});

describe('pretrain', () => {
  const total = 2000;
  const run = (name: string, signal?: AbortSignal, onStep?: (m: PretrainMetrics) => void) =>
    pretrain({
      folder: join(folder, name),
      makeModel: () => Qwen2Model.init(configForSize('tiny', VOCAB, 0), 1),
      train: file,
      evaluation: file,
      schedule: { peak: 0.01, climb: 200, fall: 500, total },
      settings: {
        ...PRETRAIN_DEFAULTS,
        stepTokens: [200, 200],
        microBatchTokens: 64,
        checkpointEvery: 600,
      },
      signal,
      onStep,
    });
  const log = (name: string): PretrainMetrics[] =>
    (readJsonl(join(folder, name, 'log.jsonl')) as PretrainMetrics[]).map((line) => ({
      ...line,
      tokensPerSecond: 0,
    }));
  const weights = (name: string): Map<string, Float32Array> => {
    const stored = readSafetensors(join(folder, name, 'model.safetensors'));
    const values = new Map([...stored.tensors].map(([key, tensor]) => [key, tensor.read()]));
    stored.close();
    return values;
  };

  it('learns, and is the same bit for bit when it was stopped at random moments', async () => {
    const tensors = memory().numTensors;
    expect(await run('whole')).toMatchObject({ ended: 'done' });
    expect(memory().numTensors).toBe(tensors);
    const whole = log('whole');
    expect(whole.at(-1)!.answerLoss).toBeLessThan(whole[0].answerLoss / 3);
    expect(whole.at(-1)!.evaluation!.document).toBeLessThan(2);
    expect(whole.at(-1)!.evaluation!.fill).toBeNull();

    const random = new Random(7);
    let stops = 0;
    for (let ended = 'stopped'; ended === 'stopped'; ) {
      const controller = new AbortController();
      let left = 1 + random.int(4);
      const result = await run('broken', controller.signal, () => {
        left--;
        if (left === 0) {
          controller.abort();
        }
      });
      ({ ended } = result);
      stops++;
    }
    expect(stops).toBeGreaterThan(2);
    const losses = (name: string): number[] => log(name).map(({ answerLoss }) => answerLoss);
    expect(losses('broken')).toEqual(losses('whole'));
    expect(weights('broken')).toEqual(weights('whole'));
  });

  it('reports the loss of the answers alone', async () => {
    const model = Qwen2Model.init(configForSize('tiny', VOCAB, 0), 1);
    const sequences = [0, 2, 4, 6].map((i) => file.sequence(i));
    const settings = { microBatchTokens: 20, vocabularySample: VOCAB };
    const computed = await pretrainingGradients(model, sequences, settings, new Random(1));
    expect(computed!.answerLoss).toBeCloseTo(answerLosses(model, sequences, 64).document!, 5);
    expect(computed!.tokens).toBe(sequences.reduce((sum, { ids }) => sum + ids.length - 1, 0));
    computed!.gradients.dispose();
    model.dispose();
  });

  it('writes over no model that it has no checkpoint of', async () => {
    const name = 'given';
    const model = Qwen2Model.init(configForSize('tiny', VOCAB, 0), 9);
    mkdirSync(join(folder, name));
    model.save(join(folder, name));
    model.dispose();
    const before = weights(name);
    await expect(run(name)).rejects.toThrow('no sound checkpoint');
    expect(weights(name)).toEqual(before);
  });

  it('refuses to go on with tokens of another tokenizer', async () => {
    const other = join(folder, 'other.tokens');
    const writer = new TokenFileWriter({
      vocabSize: VOCAB,
      maxTokens: 30,
      tokenizerHash: 'cd'.repeat(32),
    });
    writer.add({ ids: [1, 2, 3], answerStart: 1, objective: 'code', language: 'go' });
    writer.write(other, [0], 1);
    const train = new TokenFile(other);
    await expect(
      pretrain({
        folder: join(folder, 'whole'),
        makeModel: () => Qwen2Model.init(configForSize('tiny', VOCAB, 0), 1),
        train,
        evaluation: train,
        schedule: { peak: 0.01, climb: 1, fall: 1, total: 1e6 },
        settings: PRETRAIN_DEFAULTS,
      }),
    ).rejects.toThrow('another tokenizer');
    train.close();
  });
});
