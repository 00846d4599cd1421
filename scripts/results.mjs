// The proofs that the method works: node scripts/results.mjs NAME=DIR... [--minutes M] [--seeds N] [--only SECTION]
// Trains on each workspace, records every run with its seed and command in docs/results.json (what stands there is not
// run again), and writes docs/results.md from that file. Run `npm run build` before.
// A section: learning, ablations, scaling; without workspaces only the page is written anew.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { report } from './resultsPage.mjs';
import { root } from './run.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '30' },
    seeds: { type: 'string', default: '3' },
    only: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const workspaces = positionals.map((each) => {
  const [name, dir] = each.split('=');
  if (!dir || !existsSync(dir)) {
    console.error(`'${each}' names no workspace: write NAME=DIR.`);
    process.exit(2);
  }
  return { name, dir: resolve(dir), commit: commitOf(dir) };
});

const SET = (pair) => ['--set', pair];
/** Sections of the report: what is varied, by the options of `batcoder train`. */
const SECTIONS = [
  { name: 'learning', everywhere: true, variants: [['default', []]] },
  {
    name: 'ablations',
    variants: [
      ['without R_doc', SET('validity=false')],
      ['without the leak rule', SET('leakRule=false')],
      ['CodeBLEU in place of CSSG', SET('metric=codebleu')],
      ['plain similarity, not above an empty body', SET('aboveTrivial=false')],
      ['grpo', SET('advantage=grpo')],
      ['rloo', SET('advantage=rloo')],
      ['reinforce++', SET('advantage=reinforce++')],
      ['no warm-up', ['--warmup-steps', '0']],
    ],
  },
  {
    name: 'scaling',
    variants: [
      ...['0.12', '0.25', '0.5'].map((share) => [
        `${Math.round(100 * share)} % of the functions`,
        SET(`corpusShare=${share}`),
      ]),
      ...['tiny', 'small', 'builtin'].map((size) => [
        `from nothing, size ${size}`,
        ['--from-nothing', size],
      ]),
    ],
  },
];

const store = join(root, 'docs', 'results.json');
const results = existsSync(store) ? JSON.parse(readFileSync(store, 'utf8')) : [];

for (const section of SECTIONS) {
  if (values.only && values.only !== section.name) {
    continue;
  }
  for (const workspace of section.everywhere ? workspaces : workspaces.slice(0, 1)) {
    for (const [variant, options] of section.variants) {
      for (const seed of seeds) {
        await record(section.name, workspace, variant, options, seed);
      }
    }
  }
}
writeFileSync(join(root, 'docs', 'results.md'), report(results));

async function record(section, { name, dir, commit }, variant, options, seed) {
  const key = { section, workspace: name, commit, variant, seed, minutes };
  const matches = (each) => Object.entries(key).every(([field, value]) => each[field] === value);
  if (results.some(matches)) {
    return;
  }
  const args = ['--minutes', String(minutes), '--seed', String(seed), ...options];
  console.log(`${section}: ${name}, ${variant}, seed ${seed}`);
  const home = mkdtempSync(join(tmpdir(), 'batcoder-results-'));
  const out = join(home, 'out');
  try {
    const result = await batcoder(home, ['train', dir, ...args, '--out', out]);
    // One measure for all: a run that was rewarded by another is scored again, by what it kept.
    const again = options.some((option) => option.startsWith('metric='))
      ? await batcoder(home, ['eval', dir, '--seed', String(seed), '--model', out])
      : result.afterLearning;
    const steps = readFileSync(join(result.runFolder, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ phase }) => phase === 'learning');
    results.push({
      ...key,
      command: `batcoder train ${basename(dir)} ${args.join(' ')}`,
      machine: `${cpus().length} cores, ${cpus()[0].model.trim()}`,
      functions: result.units,
      steps: result.steps,
      warmupSteps: result.warmupSteps,
      ended: result.ended,
      kept: result.kept,
      before: brief(result.before),
      afterWarmup: result.afterWarmup && brief(result.afterWarmup),
      afterLearning: brief(result.afterLearning),
      reached: brief(again),
      learning: steps.map(({ step, docReward, codeReward, leakRate, frozenGap, kl }) => ({
        step,
        docReward,
        codeReward,
        leakRate,
        frozenGap,
        kl,
      })),
    });
    writeFileSync(store, `${JSON.stringify(results, null, 1)}\n`);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** What the page needs of an evaluation. */
function brief(evaluation) {
  const { aboveTrivial, roundTrip, lift, parseRate, leakRate, wholeDocs, humanDocs } = evaluation;
  const units = evaluation.unitScores.map((score) => Number(score.toFixed(4)));
  return { aboveTrivial, roundTrip, lift, parseRate, leakRate, wholeDocs, humanDocs, units };
}

/** Runs a command and gives the object that its last line is. */
function batcoder(home, args) {
  return new Promise((settle, reject) => {
    let stdout = '';
    const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), ...args, '--json'], {
      env: { ...process.env, BATCODER_HOME: home },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.on('close', (code) =>
      code === 0
        ? settle(JSON.parse(stdout.trim().split('\n').at(-1)))
        : reject(new Error(`batcoder ${args.join(' ')} ended with ${code}`)),
    );
  });
}

function commitOf(dir) {
  try {
    const git = ['-C', dir, 'log', '-1', '--format=%h'];
    return execFileSync('git', git, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'no commit';
  }
}
