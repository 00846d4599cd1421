// The proofs that the method works: node scripts/results.mjs NAME=DIR... [--only SECTION] [--seeds N] [--steps N] [--jobs N]
// Trains on each workspace, records every run with its seed and command in docs/results.jsonl (what stands there is not
// run again), and writes docs/results.md and its plots from that file. Run `npm run build` before.
// A section: learning, ablations, scaling, long; without workspaces only the page is written anew.
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { plots, report } from './resultsPage.mjs';
import { root } from './run.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '300' },
    jobs: { type: 'string', default: '2' },
  },
});
const workspaces = positionals.map((each) => {
  const [name, dir] = each.split('=');
  if (!dir || !existsSync(dir)) {
    console.error(`'${each}' names no workspace: write NAME=DIR.`);
    process.exit(2);
  }
  return { name, dir: resolve(dir), commit: commitOf(dir) };
});
const jobs = Number(values.jobs);
const threads = Math.max(1, Math.floor(cpus().length / jobs));

const SET = (pair) => ['--set', pair];
/** Sections of the report: what is varied, by the options of `batcoder train`; all but the first on one workspace. */
const SECTIONS = [
  { name: 'learning', everywhere: true, variants: [['default', []]] },
  {
    name: 'ablations',
    variants: [
      ['without R_doc', SET('validity=false')],
      ['without the leak rule', SET('leakRule=false')],
      ['CodeBLEU in place of CSSG', SET('metric=codebleu')],
      ['grpo', SET('advantage=grpo')],
      ['rloo', SET('advantage=rloo')],
      ['reinforce++', SET('advantage=reinforce++')],
      ['no warm-up', ['--warmup-steps', '0']],
      ['plain similarity, not above an empty body', SET('aboveTrivial=false')],
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
  { name: 'long', factor: 5, variants: [['five times the steps', []]] },
];

const store = join(root, 'docs', 'results.jsonl');
const results = existsSync(store)
  ? readFileSync(store, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : [];

const queue = SECTIONS.filter(({ name }) => !values.only || values.only === name)
  .flatMap((section) =>
    (section.everywhere ? workspaces : workspaces.slice(0, 1)).flatMap((workspace) =>
      section.variants.flatMap((variant) =>
        Array.from({ length: Number(values.seeds) }, (_, i) =>
          planned(section, workspace, variant, i + 1),
        ),
      ),
    ),
  )
  .filter(({ key }) => !results.some((each) => sameRun(each, key)));
await Promise.all(Array.from({ length: jobs }, work));
mkdirSync(join(root, 'docs', 'results'), { recursive: true });
for (const [name, plot] of Object.entries(plots(results))) {
  writeFileSync(join(root, 'docs', 'results', name), plot);
}
writeFileSync(join(root, 'docs', 'results.md'), report(results));

function planned({ name: section, factor = 1 }, { name, dir, commit }, [variant, options], seed) {
  const steps = Number(values.steps) * factor;
  const args = ['--steps', String(steps), '--seed', String(seed), ...options];
  return { key: { section, workspace: name, commit, variant, seed, steps }, dir, args };
}

function sameRun(one, other) {
  return ['section', 'workspace', 'commit', 'variant', 'seed', 'steps'].every(
    (field) => one[field] === other[field],
  );
}

/** Takes runs from the queue until it is empty. */
async function work() {
  for (let run = queue.shift(); run; run = queue.shift()) {
    console.log(`${Object.values(run.key).join(', ')}; ${queue.length} more wait`);
    const done = await record(run);
    results.push(done);
    appendFileSync(store, `${JSON.stringify(done)}\n`);
  }
}

async function record({ key, dir, args }) {
  const home = mkdtempSync(join(tmpdir(), 'batcoder-results-'));
  const out = join(home, 'out');
  try {
    const result = await batcoder(home, ['train', dir, ...args, '--out', out]);
    // One measure for all: a run that was rewarded by another is scored again.
    const again = args.some((option) => option.startsWith('metric='))
      ? await batcoder(home, ['eval', dir, '--seed', String(key.seed), '--model', out])
      : result.afterLearning;
    const steps = readFileSync(join(result.runFolder, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ phase }) => phase === 'learning');
    return {
      ...key,
      command: `batcoder train ${basename(dir)} ${args.join(' ')}`,
      machine: `${cpus().length} cores, ${cpus()[0].model.trim()}`,
      threads,
      seconds: Math.round(result.seconds),
      functions: { train: result.units.train, heldOut: result.units.heldOut },
      warmupSteps: result.warmupSteps,
      learningSteps: result.steps,
      ended: result.ended,
      kept: result.kept,
      before: brief(result.before),
      afterWarmup: result.afterWarmup && brief(result.afterWarmup),
      afterLearning: brief(result.afterLearning),
      reached: brief(again),
      curve: curveOf(steps),
    };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** What the page needs of an evaluation. */
function brief(evaluation) {
  const { roundTrip, lift, parseRate, leakRate, wholeDocs, humanDocs } = evaluation;
  return {
    scores: evaluation.unitScores.map((score) => Number(score.toFixed(4))),
    roundTrip: roundTrip.mean,
    lift,
    parseRate,
    leakRate,
    wholeDocs,
    chrf: humanDocs && humanDocs.chrf,
  };
}

/** Means of the metrics over ten steps each. */
function curveOf(steps) {
  const points = [];
  for (let from = 0; from < steps.length; from += 10) {
    const part = steps.slice(from, from + 10);
    const mean = (name) => {
      const numbers = part.map((step) => step[name]).filter((value) => value !== null);
      const sum = numbers.reduce((a, b) => a + b, 0);
      return numbers.length === 0 ? null : Number((sum / numbers.length).toFixed(4));
    };
    const names = [
      'docReward',
      'codeReward',
      'leakRate',
      'frozenGap',
      'kl',
      'entropy',
      'docTokens',
    ];
    points.push({
      step: part.at(-1).step,
      ...Object.fromEntries(names.map((name) => [name, mean(name)])),
    });
  }
  return points;
}

/** Runs a command and gives the object that its last line is. */
function batcoder(home, args) {
  return new Promise((settle, reject) => {
    let [stdout, stderr] = ['', ''];
    const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), ...args, '--json'], {
      env: { ...process.env, BATCODER_HOME: home, BATCODER_THREADS: String(threads) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('close', (code) =>
      code === 0
        ? settle(JSON.parse(stdout.trim().split('\n').at(-1)))
        : reject(new Error(`batcoder ${args.join(' ')} ended with ${code}: ${stderr}`)),
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
