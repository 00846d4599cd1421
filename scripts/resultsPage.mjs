// The page docs/results.md, made from the runs that results.mjs recorded.

/** @param runs the records of docs/results.json */
export function report(runs) {
  const of = (section) => runs.filter((run) => run.section === section);
  return [
    '# Does it learn?',
    '',
    'Written by `node scripts/results.mjs`; every run stands with its seed and command in [results.json](results.json). The',
    'score is the similarity (CSSG) after the round trip on held-out files, an empty body counting 0; lift is what the doc',
    'adds over an empty one. Brackets hold 95 % bootstrap intervals over functions. A seed decides the split, too. What a',
    'phase added is measured function by function; rows of all seeds pool the functions of their runs.',
    '',
    ...machines(runs),
    '## Learning',
    '',
    ...learning(of('learning')),
    '## Ablations',
    '',
    ...varied(of('ablations'), of('learning')),
    '## Scaling',
    '',
    ...varied(of('scaling'), of('learning')),
    '## No cipher',
    '',
    'Means over the first and the last third of the steps of learning. The gap is what the trained model rebuilds better',
    'from a doc than the model as it was before learning.',
    '',
    ...cipher(of('learning')),
  ].join('\n');
}

function machines(runs) {
  const names = [...new Set(runs.map(({ machine }) => machine))];
  return names.length === 0 ? [] : [`Machine: ${names.join('; ')}.`, ''];
}

function learning(runs) {
  const rows = [...groups(runs, ({ workspace, minutes }) => `${workspace} ${minutes}`)].flatMap(
    (group) => [
      ...group.map((run) => learningRow(run.seed, run, phases([run]))),
      ...(group.length > 1 ? [learningRow('all', group[0], phases(group), true)] : []),
    ],
  );
  const head = [
    'workspace',
    'minutes',
    'seed',
    'before',
    'after warm-up',
    'after learning',
    'added by warm-up',
    'added by learning',
  ];
  const docs = runs.map((run) => [
    run.workspace,
    run.seed,
    `${run.functions.train} + ${run.functions.heldOut}`,
    `${run.warmupSteps} + ${run.steps}`,
    estimate(run.before.lift),
    estimate(run.afterLearning.lift),
    ...[run.before, run.afterWarmup ?? run.before, run.afterLearning].map(({ humanDocs }) =>
      humanDocs === null ? '-' : humanDocs.chrf.toFixed(3),
    ),
    run.kept,
  ]);
  return [
    ...table(head, rows),
    'Functions are those learnt from and those held out, steps those of warm-up and learning; chrF is of the summaries',
    'against those that people wrote, where there are any; kept are the weights that scored higher.',
    '',
    ...table(
      [
        'workspace',
        'seed',
        'functions',
        'steps',
        'lift before',
        'lift after',
        'chrF before',
        'after warm-up',
        'after learning',
        'kept',
      ],
      docs,
    ),
  ];
}

function learningRow(seed, { workspace, commit, minutes }, scores, strong = false) {
  const cells = [`${workspace} (${commit})`, minutes, seed, ...scores];
  return strong ? cells.map((cell) => `**${cell}**`) : cells;
}

/** Scores and gains of some runs, their functions pooled. */
function phases(runs) {
  const pooled = (read) => runs.flatMap((run) => read(run)?.units ?? []);
  const before = pooled((run) => run.before);
  const warm = pooled((run) => run.afterWarmup ?? run.before);
  const after = pooled((run) => run.afterLearning);
  const gain = (from, to) => bootstrap(to.map((score, i) => score - from[i]));
  return [
    estimate(bootstrap(before)),
    estimate(bootstrap(warm)),
    estimate(bootstrap(after)),
    estimate(gain(before, warm)),
    estimate(gain(warm, after)),
  ];
}

function varied(runs, whole) {
  const workspace = runs[0]?.workspace;
  const all = [...whole.filter((run) => run.workspace === workspace), ...runs];
  const rows = [...groups(all, ({ variant, minutes }) => `${variant} ${minutes}`)].map((group) => {
    const reached = group.map((run) => run.reached);
    const share = (name) => mean(reached.map((each) => each[name])).toFixed(3);
    return [
      group[0].variant,
      group[0].minutes,
      group.map(({ seed }) => seed).join(', '),
      Math.round(mean(group.map(({ steps }) => steps))),
      estimate(bootstrap(reached.flatMap(({ units }) => units))),
      mean(reached.map(({ lift }) => lift.mean)).toFixed(3),
      share('parseRate'),
      share('wholeDocs'),
      share('leakRate'),
    ];
  });
  const head = ['variant', 'minutes', 'seeds', 'steps', 'score', 'lift'];
  return table([...head, 'parse', 'whole docs', 'leaks'], rows);
}

function cipher(runs) {
  const rows = runs.map((run) => {
    const third = Math.ceil(run.learning.length / 3);
    const ends = (name) =>
      [run.learning.slice(0, third), run.learning.slice(-third)].map((steps) => {
        const values = steps.map((step) => step[name]).filter((value) => value !== null);
        return values.length === 0 ? '-' : mean(values).toFixed(3);
      });
    return [run.workspace, run.seed, run.ended, ...ends('leakRate'), ...ends('frozenGap')];
  });
  const head = ['workspace', 'seed', 'ended', 'leaks, first', 'leaks, last', 'gap, first'];
  return table([...head, 'gap, last'], rows);
}

function groups(runs, key) {
  const found = new Map();
  for (const run of runs) {
    found.set(key(run), [...(found.get(key(run)) ?? []), run]);
  }
  return found.values();
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
}

const DRAWS = 2000;

/** The mean and its 95 % interval (percentile bootstrap), the same for the same values. */
function bootstrap(values) {
  let state = 1;
  const draw = () => {
    // A linear congruential generator (Numerical Recipes): enough to resample with.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return values[Math.floor((state / 2 ** 32) * values.length)];
  };
  const means = Array.from({ length: DRAWS }, () => mean(values.map(draw))).sort((a, b) => a - b);
  return { mean: mean(values), low: means[0.025 * DRAWS], high: means[0.975 * DRAWS] };
}

function estimate({ mean: middle, low, high }) {
  return `${middle.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

function table(head, rows) {
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map((_, i) => (i === 0 ? '---' : '--:')).join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
  ];
}
