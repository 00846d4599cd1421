import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { bootstrap } from '../../../server/training/bootstrap.js';
import type { Evaluation } from '../../../server/training/evaluate.js';

const SCRIPTS = join(import.meta.dirname, '../../../scripts');

type Brief = Record<string, unknown>;
let brief: (evaluation: Evaluation) => Brief;
let report: (runs: object[], model: string) => string;

beforeAll(async () => {
  ({ brief } = (await import(join(SCRIPTS, 'resultsRecord.mjs'))) as { brief: typeof brief });
  ({ report } = (await import(join(SCRIPTS, 'resultsPage.mjs'))) as { report: typeof report });
});

const of = (...values: number[]) => bootstrap(values, 1);

const evaluation: Evaluation = {
  score: 0.5,
  units: 3,
  roundTrip: of(0.2, 0.4, 0.9),
  aboveTrivial: of(0.1, 0.5, 0.9),
  perUnit: [0.1, 0.5, 0.9].map((score, i) => ({
    unit: `f.ts: f${i}`,
    score,
    roundTrip: score,
    emptyDoc: 0.1,
  })),
  neighbours: {},
  trivial: 0.1,
  emptyDoc: of(0.1, 0.1, 0.1),
  lift: of(0, 0.4, 0.8),
  wholeDocs: of(0, 0, 1),
  validDocs: of(0, 1, 1),
  leakRate: of(0, 0, 0),
  truncatedDocs: of(1, 0, 0),
  parseRate: of(1, 1, 0),
  exactMatch: of(0, 0, 1),
  humanDocs: { chrf: of(0.25), rougeL: of(0.125) },
  docTokens: of(8, 12, 13),
  codeTokens: of(30, 32),
  originalTokens: of(20, 22, 27),
};

const run = (seed: number, stage: Brief) => ({
  section: 'learning',
  workspace: 'a/b',
  commit: '1234567',
  variant: 'default',
  seed,
  steps: 300,
  model: 'm',
  command: `batcoder train a/b --steps 300 --seed ${seed}`,
  batcoder: 'abc',
  machine: 'two cores',
  threads: 1,
  seconds: 60,
  functions: { train: 10, left: {} },
  warmupSteps: 5,
  learningSteps: 300,
  ended: 'finished',
  kept: 'learning',
  scored: ['f.ts: f0', 'f.ts: f1', 'f.ts: f2'],
  before: stage,
  afterWarmup: null,
  afterLearning: stage,
  reached: stage,
  curve: [],
});

it('keeps every figure of an evaluation with its interval, and shows what matters', () => {
  const kept = brief(evaluation);
  expect(kept).toMatchObject({
    exactMatch: 0.3333,
    rougeL: 0.125,
    docTokens: 11,
    score: [0.1, 0.5, 0.9],
  });
  expect(kept.intervals).toMatchObject({ validDocs: [0, 1], chrf: [0.25, 0.25] });
  const page = report([run(1, kept)], 'm');
  const row = [
    '| a/b | 1 | 0.67 / 0.67 / 0.67 | 0.33 / 0.33 / 0.33 | 0.00 / 0.00 / 0.00 | 0.33 / 0.33 / 0.33 | 0.33 / 0.33 / 0.33',
    '0.125 / 0.125 / 0.125 | 11.0 / 11.0 / 11.0 | 31.0 / 31.0 / 31.0 | 23.0 |',
  ].join(' | ');
  expect(page).toContain(row);
});

it('shows runs that did not record all of it, and each command once', () => {
  const { score, roundTrip, emptyDoc, parseRate, leakRate, wholeDocs, chrf } = brief(evaluation);
  const old = { score, roundTrip, emptyDoc, parseRate, leakRate, wholeDocs, chrf };
  const page = report([run(1, old), run(2, { ...old, chrf: null })], 'm');
  expect(page).toContain(
    '| a/b | 2 | - | 0.33 / 0.33 / 0.33 | 0.00 / 0.00 / 0.00 | - | - | - | - | - | - |',
  );
  expect(page).toContain('```sh\nbatcoder train WORKSPACE --steps 300 --seed SEED\n```');
});
