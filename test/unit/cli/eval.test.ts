import { add } from '@tensorflow/tfjs-core';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { evaluation } from '../../../server/cli/eval.js';
import { builtInModel } from '../../../server/inference/builtInModel.js';
import { SPECIAL_TOKENS } from '../../../server/inference/prompts.js';
import { Adapter } from '../../../server/model/adapter.js';
import type { Qwen2Config } from '../../../server/model/config.js';
import { configForSize } from '../../../server/model/presets.js';
import { loadTokenizer, saveTokenizer } from '../../../server/model/tokenizer/load.js';
import { trainTokenizer } from '../../../server/model/tokenizer/train.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { initBackend } from '../../../server/tensor/backend.js';
import type { Estimate } from '../../../server/training/bootstrap.js';
import type { Evaluation } from '../../../server/training/evaluate.js';
import type { UnitTests } from '../../../server/training/suite/unitTests.js';
import { onNative } from '../model/backends.js';
import { hasBubblewrap } from '../suite/bubblewrap.js';
import { runCommand } from './runCommand.js';

/** Real code, and little of it. */
const WORKSPACE = join(import.meta.dirname, '../../../server/store');

interface Report extends Evaluation {
  model: string;
  adapter: string | null;
  masked: Evaluation;
  tests?: UnitTests;
}

let folder: string;
let base: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'batcoder-eval-'));
  vi.stubEnv('BATCODER_HOME', join(folder, 'home'));
  await initBackend();
  base = join(folder, 'base');
  const texts = ['export function read(file: string): string { return file; }'];
  saveTokenizer(base, trainTokenizer(texts, { vocabSize: 300, specials: SPECIAL_TOKENS }));
  const { vocabSize } = await loadTokenizer(base);
  const model = Qwen2Model.init({ ...configForSize('tiny', vocabSize, 0), layers: 1 }, 1);
  model.save(base);
  model.dispose();
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...argv: string[]) =>
  runCommand(evaluation, [WORKSPACE, '--units', '4', ...argv], { cwd: folder });

async function report(...argv: string[]): Promise<Report> {
  const { code, stdout, stderr } = await run(...argv, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Report;
}

/** An adapter that changes every layer, on a model of this shape; gives its folder. */
function adapterFor(config: Qwen2Config, name: string, recorded: string | null): string {
  const dir = join(folder, name);
  const adapter = Adapter.init(config, { rank: 2, alpha: 64 }, 1);
  for (const [each, variable] of adapter.variables()) {
    if (each.includes('lora_B')) {
      variable.assign(add(variable, 0.1));
    }
  }
  adapter.save(dir, recorded);
  adapter.dispose();
  return dir;
}

function configOf(dir: string): Qwen2Config {
  const model = Qwen2Model.load(dir);
  model.dispose();
  return model.config;
}

onNative('batcoder eval DIR', () => {
  it('reports every figure with its interval, as the functions are and with masked names', async () => {
    const { code, stdout } = await run();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^4 functions of files kept apart/);
    const rows = stdout.trim().split('\n').slice(2);
    expect(rows.length).toBeGreaterThanOrEqual(16);
    for (const row of rows) {
      expect(row).toMatch(/^\S.*?( {2,}(-|-?\d[\d.]*( %)? \[.*?, .*?\])){2}$/);
    }
    const figures = await report();
    expect(figures).toMatchObject({ model: builtInModel(), adapter: null });
    const { masked, humanDocs, ...plain } = figures;
    for (const name of [
      'wholeDocs',
      'validDocs',
      'leakRate',
      'truncatedDocs',
      'parseRate',
      'exactMatch',
      'docTokens',
      'originalTokens',
    ] as const) {
      const { mean, low, high, count }: Estimate = plain[name];
      expect(count, name).toBe(4);
      expect(low <= mean && mean <= high, name).toBe(true);
    }
    expect(humanDocs?.rougeL.count).toBe(humanDocs?.chrf.count);
    for (const metric of ['codebleu', 'tsed', 'crystalbleu'] as const) {
      const { mean, count } = figures.neighbours[metric]!;
      expect(count, metric).toBe(4);
      // What parses has something in common with any function, what does not has nothing.
      expect(mean > 0, metric).toBe(figures.parseRate.mean > 0);
    }
    expect(figures.neighbours).not.toHaveProperty('cssg');
    expect(masked.lift.mean).toBeCloseTo(masked.roundTrip.mean - masked.emptyDoc.mean, 9);
    expect(masked.docTokens).not.toEqual(figures.docTokens);
  });

  it.skipIf(!hasBubblewrap)(
    'adds pass@1 by the tests of the folder, where they are asked for',
    async () => {
      // These tests pass but where a function raises an error at once.
      const command = "! grep -rq 'throw new Error();' .";
      const { tests, parseRate } = await report('--tests', command);
      expect(tests).toMatchObject({ command, reached: 4, emptyBody: { mean: 1 } });
      expect(tests?.passAt1?.mean).toBe(parseRate.mean);
      const blind = await run('--tests', 'true');
      expect(blind.stdout).toMatch(/'true' passes on the code as it is .* there is no pass@1\.$/m);
      const broken = await run('--tests', 'false');
      expect([broken.code, broken.stderr]).toEqual([
        1,
        expect.stringContaining("'false' fails on"),
      ]);
      const suite = await runCommand(evaluation, ['--suite', 'x', '--tests', 'true'], {
        cwd: folder,
      });
      expect(suite.code).toBe(2);
      expect((await report()).tests).toBeUndefined();
    },
  );

  it('puts an adapter that records no base on the built-in model', async () => {
    const adapter = adapterFor(configOf(builtInModel()), 'own', null);
    const [plain, adapted] = [await report(), await report('--adapter', adapter)];
    expect(adapted).toMatchObject({ model: builtInModel(), adapter });
    expect(adapted.docTokens).not.toEqual(plain.docTokens);
  });

  it('puts an adapter on the model that it records, or on the one that is named', async () => {
    const recorded = adapterFor(configOf(base), 'recorded', base);
    expect(await report('--adapter', 'recorded')).toMatchObject({
      model: base,
      adapter: recorded,
    });
    const bare = adapterFor(configOf(base), 'bare', null);
    expect(await report('--adapter', bare, '--model', base)).toMatchObject({ model: base });
    const { code, stderr } = await run('--adapter', bare);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/bare.* this model/)]);
  });

  it('says which adapter is missing, or has lost its model', async () => {
    const nowhere = await run('--adapter', '/nonexistent/adapter');
    expect(nowhere).toMatchObject({ code: 2, stdout: '' });
    expect(nowhere.stderr).toContain('/nonexistent/adapter is no folder');
    mkdirSync(join(folder, 'empty'));
    const empty = await run('--adapter', 'empty');
    expect(empty.code).toBe(1);
    expect(empty.stderr).toContain('adapter_config.json: it does not exist');
    adapterFor(configOf(base), 'orphan', join(folder, 'gone'));
    const orphan = await run('--adapter', 'orphan');
    expect(orphan.code).toBe(1);
    expect(orphan.stderr).toMatch(/made on .*gone, which is no model folder here.*--model DIR/);
  });
});
