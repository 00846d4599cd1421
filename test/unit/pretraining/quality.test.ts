import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../server/cli/dispatch.js';
import { COMMANDS } from '../../../server/cli/commands.js';
import { type PretrainingRecord, SPLITS } from '../../../server/corpus/pretraining/record.js';
import { Shards } from '../../../server/corpus/pretraining/shards.js';
import { TokenFileWriter } from '../../../server/corpus/pretraining/tokenFile.js';
import { SPECIAL_TOKENS } from '../../../server/inference/prompts.js';
import { configForSize } from '../../../server/model/presets.js';
import { saveTokenizer } from '../../../server/model/tokenizer/load.js';
import { trainTokenizer } from '../../../server/model/tokenizer/train.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { initBackend } from '../../../server/tensor/backend.js';
import type { Quality } from '../../../server/training/pretraining/evaluation/quality.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;
let folder: string;

/** Prepared data of a few functions, and a model of random weights. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'batcoder-quality-'));
  const records = SPLITS.slice(0, 2).flatMap((split) =>
    ['add', 'take', 'join', 'walk'].flatMap((verb): PretrainingRecord[] => {
      const signature = `def ${verb}_items(items, count):`;
      const rest = `\n    return items.${verb}(count)`;
      const doc = `The items that ${verb} leaves.\n@param items what there is\n@returns the items`;
      const file = `${verb}.py`;
      const code = signature + rest;
      const source = split === 'train' ? 0 : 1;
      const name = `${verb}_items`;
      return [{ language: 'python', name, code, signature, rest, doc, source, file, split }];
    }),
  );
  const stream = async function* (): AsyncGenerator<PretrainingRecord> {
    yield* await Promise.resolve(records);
  };
  await new Shards(join(folder, 'shards')).write(stream());
  await initBackend();
  const model = join(folder, 'model');
  mkdirSync(model);
  const texts = records.flatMap(({ code, doc }) => [code, doc!]);
  saveTokenizer(model, trainTokenizer(texts, { vocabSize: 300, specials: SPECIAL_TOKENS }));
  const made = Qwen2Model.init(configForSize('tiny', 300, 0), 1);
  made.save(model);
  made.dispose();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function evaluate(...args: string[]): Promise<Quality> {
  let stdout = '';
  const write = (text: string): boolean => {
    stdout += text;
    return true;
  };
  const code = await runCommandLine(['pretrain-eval', ...args, '--json'], {
    streams: { stdout: { write }, stderr: { write: () => true } },
    signal: new AbortController().signal,
    cwd: folder,
    commands: COMMANDS,
    debug: true,
  });
  expect(code).toBe(0);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Quality;
}

describe('pretrain-eval', () => {
  it('scores the model and the baselines on the same functions, and writes the page', async () => {
    const out = join(folder, 'quality.md');
    const args = ['.', '--model', 'model', '--functions', '3', '--codes', '2', '--samples', '2'];
    const quality = await evaluate(...args, '--out', out);
    expect(quality).toMatchObject({ units: 3, seed: 1, model: 'model' });
    const { docs, codes, parameterCounts, samples } = quality;
    const all = docs.rows.at(-1)!;
    expect(all).toMatchObject({ language: 'all', units: 3 });
    // The training data hold the same functions under the same names: the nearest says the same.
    expect(all.figures.chrf.neighbour.mean).toBe(1);
    expect(all.ahead.chrf.neighbour!.high).toBeLessThan(0);
    expect(all.figures.chrf.model.mean).toBeLessThan(0.5);
    expect(codes.rows.at(-1)).toMatchObject({ units: 2 });
    expect(codes.rows.at(-1)!.figures.exact.neighbour.mean).toBe(1);
    // Whatever the weights say, a doc has each parameter once and no other.
    const own = parameterCounts.model.all!;
    expect(own).toMatchObject({ named: own.parameters, invented: 0 });
    expect(parameterCounts.neighbour.all).toEqual({
      docs: 3,
      named: 3,
      parameters: 6,
      invented: 0,
    });
    expect(samples).toHaveLength(2);
    const page = readFileSync(out, 'utf8');
    expect(page).toContain('batcoder pretrain-eval PREPARED --model DIR --functions 3');
    expect(page).toContain('## 2 samples, drawn by seed');
    expect(page).toContain('each beyond its interval:\nnone. Not so: ');
    expect(page.match(/^\| all \|/gm)).toHaveLength(3 + 1 + 4);
    expect(await evaluate(...args)).toEqual(quality);
  });

  it('tells the likelihood where the token file is of its tokenizer', async () => {
    const args = ['.', '--model', 'model', '--functions', '1', '--codes', '1', '--samples', '0'];
    expect((await evaluate(...args)).losses).toBeNull();
    const tokenizer = readFileSync(join(folder, 'model', 'tokenizer.json'));
    const tokenizerHash = createHash('sha256').update(tokenizer).digest('hex');
    const writer = new TokenFileWriter({ vocabSize: 300, maxTokens: 64, tokenizerHash });
    const ids = Array.from({ length: 40 }, (_, i) => (i * 37) % 300);
    writer.add({ ids, answerStart: 10, objective: 'document', language: 'python' });
    writer.write(join(folder, 'evaluation.tokens'), [0], 1);
    const { losses } = await evaluate(...args);
    expect(losses!.document).toBeGreaterThan(Math.log(300) - 1);
    expect(losses!.document).toBeLessThan(Math.log(300) + 1);
    expect(losses!.fill).toBeNull();
  });

  it.skipIf(!hasPython)('tries the model on a suite where one is given', async () => {
    const prompt = 'def add(a, b):\n    """Adds two numbers."""\n';
    const test = 'def check(f):\n    assert f(1, 2) == 3\n';
    const task = { task_id: 'T/0', prompt, entry_point: 'add', test };
    writeFileSync(join(folder, 'Tiny.jsonl'), `${JSON.stringify(task)}\n`);
    const out = join(folder, 'suite.md');
    const { suite } = await evaluate(
      ...['.', '--model', 'model', '--functions', '1', '--codes', '1', '--samples', '0'],
      ...['--suite', 'Tiny.jsonl', '--out', out],
    );
    expect(suite).toMatchObject({ name: 'Tiny', tasks: 1, sampled: { answers: 10 } });
    expect(suite!.greedy.mean).toBe(0);
    expect(readFileSync(out, 'utf8')).toContain('### Tiny, 1 task');
  });
});
