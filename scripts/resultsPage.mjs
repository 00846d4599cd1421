// The page docs/results.md and its plots, made from the runs that results.mjs recorded.
import { linePlot } from './svg.mjs';

/** @param runs the records of docs/results.jsonl */
export function report(runs) {
  const of = (section) => runs.filter((run) => run.section === section);
  return [
    '# Does it learn?',
    '',
    'Written by `node scripts/results.mjs`; every run stands with its seed, its command and its curve in',
    '[results.jsonl](results.jsonl). Each starts from the built-in model, reads every function of the workspace twice in the',
    'warm-up, and then learns by round trips for the steps given: counted in steps, not minutes, a run gives the same',
    'figures on every machine. 300 steps are about what the ten minutes of the default allow on two cores.',
    '',
    '**Score** is the similarity (CSSG) after the round trip on functions of held-out files, an empty body counting 0;',
    '**lift** is what the doc adds over an empty one. Brackets hold 95 % bootstrap intervals over functions. A seed decides',
    'what is held out, too. What a phase added is measured function by function; rows in bold pool the functions of all seeds.',
    '',
    ...machines(runs),
    '## Learning',
    '',
    ...learning(of('learning')),
    '![Reward of the code over the steps of learning](results/rewards.svg)',
    '',
    '## Ablations',
    '',
    'All are scored alike, by CSSG above an empty body; against the default is measured function by function, seed by seed.',
    '',
    ...varied(of('ablations'), of('learning')),
    '## Scaling',
    '',
    ...varied(of('scaling'), of('learning')),
    '## No cipher',
    '',
    'Does the doc stay a text that others can read? Of the docs of a step, some are read again by the model as it was before',
    'learning: the gap is what the trained model rebuilds better than that one. Means over the first and the last third of',
    'the steps.',
    '',
    ...cipher([...of('learning'), ...of('long')]),
    ...(of('long').length > 0
      ? ['![Leaks and the gap to the frozen reader over a long run](results/cipher.svg)', '']
      : []),
  ].join('\n');
}

/** Plots by file name. */
export function plots(runs) {
  const of = (section) => runs.filter((run) => run.section === section);
  const curves = (group, name) => {
    const steps = group[0].curve.map(({ step }) => step);
    return steps.flatMap((step, i) => {
      const values = group
        .map(({ curve }) => curve[i]?.[name])
        .filter((v) => typeof v === 'number');
      return values.length === 0 ? [] : [[step, mean(values)]];
    });
  };
  const ticks = {
    x: [100, 200, 300, 500, 1000, 1500, 2000],
    y: [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
  };
  const made = {};
  const learnt = [...groups(of('learning'), ({ workspace }) => workspace)];
  if (learnt.length > 0) {
    made['rewards.svg'] = linePlot(
      'Reward of the code, mean of the seeds',
      learnt.map((group) => ({ label: group[0].workspace, points: curves(group, 'codeReward') })),
      ticks,
    );
  }
  const long = of('long');
  if (long.length > 0) {
    made['cipher.svg'] = linePlot(
      `A long run on ${long[0].workspace}`,
      [
        ['reward of the code', 'codeReward'],
        ['gap to the frozen reader', 'frozenGap'],
        ['share of docs that leak', 'leakRate'],
      ].map(([label, name]) => ({ label, points: curves(long, name) })),
      ticks,
    );
  }
  return made;
}

function machines(runs) {
  const names = [
    ...new Set(runs.map(({ machine, threads }) => `${machine}; threads of a run: ${threads}`)),
  ];
  return names.length === 0 ? [] : [`Machine: ${names.join(' / ')}.`, ''];
}

function learning(runs) {
  const workspaces = [...groups(runs, ({ workspace, steps }) => `${workspace} ${steps}`)];
  const rows = workspaces.flatMap((group) => [
    ...group.map((run) => [run.workspace, run.seed, ...phases([run])]),
    ...(group.length > 1
      ? [[group[0].workspace, 'all', ...phases(group)].map((cell) => `**${cell}**`)]
      : []),
  ]);
  const names = workspaces.map(
    ([{ workspace, commit, functions }]) =>
      `${workspace} at ${commit} (${functions.train + functions.heldOut} functions)`,
  );
  const docs = runs.map((run) => {
    const stages = [run.before, run.afterWarmup ?? run.before, run.afterLearning];
    return [
      run.workspace,
      run.seed,
      `${run.functions.train} + ${run.before.scores.length}`,
      `${run.warmupSteps} + ${run.learningSteps}`,
      ...stages.map(({ lift }) => estimate(lift)),
      ...stages.map(({ chrf }) => (chrf === null ? '-' : chrf.toFixed(3))),
      run.kept,
    ];
  });
  return [
    `Workspaces, none of them in the built-in model's training data: ${names.join(', ')}.`,
    '',
    ...table(
      [
        'workspace',
        'seed',
        'before',
        'after warm-up',
        'after learning',
        'added by warm-up',
        'added by learning',
      ],
      rows,
    ),
    'Functions are those learnt from and those scored; steps those of warm-up and learning; chrF is of the summaries',
    'against those that people wrote; kept are the weights that scored higher.',
    '',
    ...table(
      [
        'workspace',
        'seed',
        'functions',
        'steps',
        'lift before',
        'after warm-up',
        'after learning',
        'chrF before',
        'after warm-up',
        'after learning',
        'kept',
      ],
      docs,
    ),
  ];
}

/** Scores and gains of some runs, their functions pooled. */
function phases(runs) {
  const pooled = (read) => runs.flatMap((run) => read(run).scores);
  const before = pooled((run) => run.before);
  const warm = pooled((run) => run.afterWarmup ?? run.before);
  const after = pooled((run) => run.afterLearning);
  return [
    estimate(bootstrap(before)),
    estimate(bootstrap(warm)),
    estimate(bootstrap(after)),
    estimate(bootstrap(differences(before, warm))),
    estimate(bootstrap(differences(warm, after))),
  ];
}

function varied(runs, whole) {
  const defaults = whole.filter(
    ({ workspace, steps }) => workspace === runs[0]?.workspace && steps === runs[0].steps,
  );
  const all = [...defaults, ...runs];
  const rows = [...groups(all, ({ variant, steps }) => `${variant} ${steps}`)].map((group) => {
    const reached = group.map((run) => run.reached);
    const share = (name) => mean(reached.map((each) => each[name])).toFixed(3);
    const against = group.flatMap((run) => {
      const same = defaults.find(({ seed }) => seed === run.seed);
      return same === undefined || same === run
        ? []
        : differences(same.reached.scores, run.reached.scores);
    });
    return [
      group[0].variant,
      group.map(({ seed }) => seed).join(', '),
      Math.round(mean(group.map(({ learningSteps }) => learningSteps))),
      estimate(bootstrap(reached.flatMap(({ scores }) => scores))),
      against.length === 0 ? '-' : estimate(bootstrap(against)),
      mean(reached.map(({ lift }) => lift.mean)).toFixed(3),
      share('parseRate'),
      share('wholeDocs'),
      share('leakRate'),
    ];
  });
  const head = ['variant', 'seeds', 'steps', 'score', 'against the default', 'lift'];
  return runs.length === 0
    ? ['No runs yet.', '']
    : [`On ${runs[0].workspace}.`, '', ...table([...head, 'parse', 'whole docs', 'leaks'], rows)];
}

function cipher(runs) {
  const rows = runs.map((run) => {
    const third = Math.ceil(run.curve.length / 3);
    const ends = (name) =>
      [run.curve.slice(0, third), run.curve.slice(-third)].map((points) => {
        const values = points.map((point) => point[name]).filter((value) => value !== null);
        return values.length === 0 ? '-' : mean(values).toFixed(3);
      });
    return [
      run.workspace,
      run.seed,
      run.learningSteps,
      run.ended,
      ...['codeReward', 'leakRate', 'frozenGap', 'kl'].flatMap(ends),
    ];
  });
  const pairs = ['reward', 'leaks', 'gap', 'KL'].flatMap((name) => [`${name}, first`, 'last']);
  return table(['workspace', 'seed', 'steps', 'ended', ...pairs], rows);
}

function groups(runs, key) {
  const found = new Map();
  for (const run of runs) {
    found.set(key(run), [...(found.get(key(run)) ?? []), run]);
  }
  return found.values();
}

function differences(from, to) {
  return to.map((value, i) => value - from[i]);
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
