import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { builtInModel, modelFor } from '../../../server/inference/builtInModel.js';
import { loadModel } from '../../../server/inference/loadedModel.js';
import { readSafetensors } from '../../../server/model/weights/safetensors.js';
import { train } from '../../../server/training/train.js';
import type { TrainFigures } from '../../../server/training/trainer.js';
import { onNative } from '../model/backends.js';

/** Real code, and little of it. */
const WORKSPACE = join(import.meta.dirname, '../../../server/store');
const SETTINGS = {
  steps: 1,
  warmupSteps: 1,
  unitsPerStep: 2,
  docsPerUnit: 2,
  evaluationUnits: 2,
};

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'batcoder-given-'));
  vi.stubEnv('BATCODER_HOME', home);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

onNative('a given model', () => {
  test('in 8 bits stays so: an adapter is trained on it, in warm-up and learning', async () => {
    let figures: TrainFigures | null = null;
    const result = await train({
      workspaceRoot: WORKSPACE,
      modelDir: builtInModel(),
      outDir: join(home, 'out'),
      settings: SETTINGS,
      onStart: (started) => (figures = started),
    });
    expect(figures).toMatchObject({ base: 'int8' });
    expect(result).toMatchObject({ ended: 'finished', steps: 1, warmupSteps: 1, base: 'int8' });
    const saved = readSafetensors(join(home, 'out', 'adapter_model.safetensors'));
    const moved = [...saved.tensors.keys()].filter((name) => name.includes('lora_B'));
    expect(moved.length).toBeGreaterThan(0);
    for (const name of moved) {
      expect(
        saved.tensors
          .get(name)!
          .read()
          .some((value) => value !== 0),
        name,
      ).toBe(true);
    }
    saved.close();
    const loaded = await loadModel(builtInModel(), join(home, 'out'));
    expect(loaded.model.matrices().size).toBeGreaterThan(0);
    loaded.dispose();
  });

  test('has all its weights trained, as floats, where that is asked for', async () => {
    const settings = { ...SETTINGS, lora: false, steps: 0 };
    const given = { workspaceRoot: WORKSPACE, modelDir: builtInModel(), settings };
    const { base, model, adapter } = await train(given);
    expect({ base, adapter }).toEqual({ base: null, adapter: null });
    const loaded = await loadModel(model!, null);
    expect(loaded.model.matrices().size).toBe(0);
    loaded.dispose();
  });

  test('is not replaced by a result that is no better', async () => {
    const inUse = modelFor(WORKSPACE);
    const settings = { ...SETTINGS, warmupSteps: 0, steps: 0 };
    const result = await train({ workspaceRoot: WORKSPACE, modelDir: builtInModel(), settings });
    expect(result.after?.score).toBe(result.before?.score);
    expect(result.adopted).toBe(false);
    expect(modelFor(WORKSPACE)).toEqual(inUse);
  });
});
