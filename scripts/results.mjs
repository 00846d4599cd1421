// The proofs that the method works:
//   node scripts/results.mjs OWNER/NAME=DIR... [--only SECTION] [--seeds N] [--steps N] [--jobs N]
// Trains on each workspace, named as its host names it, records every run with its seed and command in
// docs/results.jsonl (what stands there for the same built-in model is not run again), and writes docs/results.md and its
// plots from that file.
// Run `npm run build` before.
// A section: learning, ablations, scaling, long; without workspaces only the page is written anew.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
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
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { plots, report } from './resultsPage.mjs';
import { brief, curveOf, namesOf } from './resultsRecord.mjs';
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
    console.error(`'${each}' names no workspace: write OWNER/NAME=DIR.`);
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

/** The built-in model, by its weights. */
const model = createHash('sha256')
  .update(readFileSync(join(root, 'model', 'model.safetensors')))
  .digest('hex')
  .slice(0, 12);

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
for (const [name, plot] of Object.entries(plots(results, model))) {
  writeFileSync(join(root, 'docs', 'results', name), plot);
}
writeFileSync(join(root, 'docs', 'results.md'), report(results, model));

function planned({ name: section, factor = 1 }, { name, dir, commit }, [variant, options], seed) {
  const steps = Number(values.steps) * factor;
  const args = ['--steps', String(steps), '--seed', String(seed), ...options];
  return { key: { section, workspace: name, commit, variant, seed, steps, model }, dir, args };
}

function sameRun(run, key) {
  return Object.entries(key).every(([field, value]) => run[field] === value);
}

/** Takes runs from the queue until it is empty. */
async function work() {
  for (let run = queue.shift(); run; run = queue.shift()) {
    console.log(`${Object.values(run.key).join(', ')}; ${queue.length} more wait`);
    try {
      const done = await record(run);
      results.push(done);
      appendFileSync(store, `${JSON.stringify(done)}\n`);
    } catch (error) {
      console.error(error.message);
      process.exitCode = 1;
    }
  }
}

async function record({ key, dir, args }) {
  const home = mkdtempSync(join(tmpdir(), 'batcoder-results-'));
  const out = join(home, 'out');
  try {
    const result = await batcoder(home, ['train', dir, ...args, '--out', out]);
    const steps = readFileSync(join(result.runFolder, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ phase }) => phase === 'learning');
    return {
      ...key,
      command: `batcoder train ${key.workspace} ${args.join(' ')}`,
      batcoder: commitOf(root),
      machine: `${cpus().length} cores, ${cpus()[0].model.trim()}`,
      threads,
      seconds: Math.round(result.seconds),
      functions: result.units,
      warmupSteps: result.warmupSteps,
      learningSteps: result.steps,
      ended: result.ended,
      kept: result.kept,
      scored: namesOf(result.before.perUnit),
      before: brief(result.before),
      afterWarmup: result.afterWarmup && brief(result.afterWarmup),
      afterLearning: brief(result.afterLearning),
      reached: await reached(home, dir, key.seed, args, result),
      curve: curveOf(steps),
    };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/**
 * The score after learning, by one measure for all: a run that was rewarded by another is scored again, but for one
 * whose learning was undone, whose weights are lost.
 */
async function reached(home, dir, seed, args, { afterLearning, kept }) {
  if (!args.some((option) => option.startsWith('metric='))) {
    return brief(afterLearning);
  }
  const model = ['--model', join(home, 'out')];
  return kept === 'learning'
    ? brief(await batcoder(home, ['eval', dir, '--seed', String(seed), ...model]))
    : null;
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
