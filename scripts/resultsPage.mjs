// The page docs/results.md and its plots, made from the runs that results.mjs recorded.
import { estimate, groups, mean, meanOf, sum } from './estimate.mjs';
import { linePlot } from './svg.mjs';

/**
 * @param all the records of docs/results.jsonl
 * @param model the built-in model of today
 */
export function report(all, model) {
  const runs = newest(all, model);
  const of = (section) => sectionOf(runs, section);
  return [
    '# Does it learn?',
    '',
    'Written by `node scripts/results.mjs`; every run stands with its command, its seed, the score of each function and its',
    'curve in [results.jsonl](results.jsonl). But where a row says otherwise, a run starts from the built-in model, reads',
    'every function of the workspace twice in the warm-up, and then learns by round trips for the steps given. It is counted',
    'in steps, not minutes, so that a busy machine changes nothing but the time it takes.',
    '',
    '**Score** is the similarity (CSSG) after the round trip on functions of held-out files, an empty body counting 0;',
    '**round trip** is the same as it is; **lift** is what the doc adds to it over an empty doc, a doc that is not valid',
    '(R_doc 0) counting as a round trip of 0. A seed decides what is held out, too. What a phase added is measured function',
    'by function; rows in bold pool the functions of all seeds. Brackets hold 95 % bootstrap intervals over functions, one',
    'that several seeds scored being drawn with all of its scores.',
    '',
    'The defaults were chosen on other workspaces: [what was tried](results-tried.md).',
    '',
    ...made(runs, model),
    '## Learning',
    '',
    ...learning(of('learning')),
    '## Ablations',
    '',
    'All are scored alike, by CSSG above an empty body: a run that was rewarded by another measure is scored again, with',
    '`batcoder eval WORKSPACE --seed SEED --model OUT`. Against the default: function by function, seed by seed.',
    '',
    ...varied(of('ablations'), of('learning')),
    '## Scaling',
    '',
    'A model from nothing is made and warmed up on the workspace alone. Its tokenizer is its own, so that functions near the',
    'longest allowed differ; against the default it is measured on those that both scored.',
    '',
    ...varied([...of('scaling'), ...of('long')].sort(byVariant), of('learning')),
    '## No cipher',
    '',
    'Does the doc stay a text that others can read? Of the docs of a step, some are read again by the model as it was before',
    'learning. A private code would show as a trained reader that rebuilds more and more, and a frozen one that rebuilds less',
    'and less. Means over the first and the last third of the steps.',
    '',
    ...cipher([...of('learning'), ...of('long')]),
  ].join('\n');
}

const TICKS = {
  x: [100, 200, 300, 400, 500, 1000, 1500, 2000],
  y: [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
};

/** Plots by file name. */
export function plots(all, model) {
  const runs = newest(all, model);
  const of = (section) => sectionOf(runs, section);
  const curves = (group, name) =>
    group[0].curve.flatMap(({ step }, i) => {
      const points = group.flatMap(({ curve }) => curve.slice(i, i + 1));
      const mean = meanOf(points, name);
      return mean === null ? [] : [[step, mean]];
    });
  const plotted = {};
  const learnt = groups(of('learning'), ({ workspace }) => workspace);
  if (learnt.length > 0) {
    plotted['rewards.svg'] = linePlot(
      'Reward of the code, mean of the seeds',
      learnt.map((group) => ({ label: group[0].workspace, points: curves(group, 'codeReward') })),
      TICKS,
    );
  }
  const long = of('long');
  if (long.length > 0) {
    plotted['cipher.svg'] = linePlot(
      `A long run on ${long[0].workspace}`,
      [
        ['trained reader', 'rereadTrained'],
        ['frozen reader', 'rereadFrozen'],
        ['docs that leak', 'leakRate'],
      ].map(([label, name]) => ({ label, points: curves(long, name) })),
      TICKS,
    );
  }
  return plotted;
}

/** Runs of today's built-in model where there are any, else those of earlier ones. */
function newest(runs, model) {
  const present = runs.filter((run) => run.model === model);
  return present.length > 0 ? present : runs;
}

/** What the runs were made with. */
function made(runs, model) {
  const machines = runs.map(({ machine, threads }) => `${machine}, ${threads} thread(s) a run`);
  const commits = runs.map(({ batcoder }) => batcoder);
  return runs.length === 0
    ? []
    : [
        `Machine: ${unique(machines)}. BatCoder at ${unique(commits)}.`,
        '',
        ...(runs[0].model === model
          ? []
          : [
              '**These runs started from an earlier built-in model; those from the present one are still to be made.**',
              '',
            ]),
      ];
}

function learning(runs) {
  if (runs.length === 0) {
    return NO_RUNS;
  }
  const workspaces = groups(runs, ({ workspace, steps }) => `${workspace} ${steps}`);
  const rows = (cells) =>
    workspaces.flatMap((group) => [
      ...group.map((run) => [run.workspace, run.seed, ...cells([run])]),
      ...(group.length > 1
        ? [[group[0].workspace, 'all', ...cells(group)].map((cell) => `**${cell}**`)]
        : []),
    ]);
  const stages = ['before', 'after warm-up', 'after learning'];
  const names = workspaces.map(([{ workspace, commit }]) => `${workspace} at ${commit}`);
  return [
    `Workspaces, none of them in the built-in model's training data: ${names.join(', ')}.`,
    '',
    ...commands(runs),
    ...[
      ['score', score],
      ['lift', lift],
    ].flatMap(([name, measure]) =>
      table(
        [
          'workspace',
          'seed',
          `${name} before`,
          ...stages.slice(1),
          'added by warm-up',
          'by learning',
        ],
        rows((group) => [
          ...STAGES.map((stage) => scored(group, stage, measure)),
          ...gains(group, measure),
        ]),
      ),
    ),
    'Functions are those learnt from, those left aside (too long, mostly), and those scored; steps those of warm-up and',
    'learning; minutes those of both; parse is the share of rebuilt functions that parse; chrF is of the summaries against',
    'those that people wrote; kept are the weights that scored higher.',
    '',
    ...table(
      [
        'workspace',
        'seed',
        'functions',
        'steps',
        'minutes',
        ...MEASURES.flatMap(([name]) => [`${name} before`, ...stages.slice(1)]),
        'kept',
      ],
      runs.map((run) => [
        run.workspace,
        run.seed,
        `${run.functions.train}, ${sum(Object.values(run.functions.left))}, ${run.scored.length}`,
        `${run.warmupSteps} + ${run.learningSteps}`,
        (run.seconds / 60).toFixed(1),
        ...MEASURES.flatMap(([, measure]) => STAGES.map((stage) => measure(stage(run)))),
        run.kept,
      ]),
    ),
    'Docs and code of the same runs, before / after the warm-up / after learning; a dash: the run did not record it. Valid',
    'docs have an R_doc above 0, whole ones 1; docs cut off are over their length; exact are rebuilt functions equal to the',
    'original; ROUGE-L is of the summaries against those that people wrote. Lengths are mean tokens, of code without its',
    'signature. The intervals stand in results.jsonl.',
    '',
    ...table(
      ['workspace', 'seed', ...DETAILS.map(([name]) => name), 'tokens of the original'],
      runs.map((run) => [
        run.workspace,
        run.seed,
        ...DETAILS.map(([, field, digits]) => {
          const cells = STAGES.map((stage) => fixed(stage(run)[field], digits));
          return cells.every((cell) => cell === '-') ? '-' : cells.join(' / ');
        }),
        fixed(run.before.originalTokens, 1),
      ]),
    ),
    '![Reward of the code over the steps of learning](results/rewards.svg)',
    '',
  ];
}

const STAGES = [
  (run) => run.before,
  (run) => run.afterWarmup ?? run.before,
  (run) => run.afterLearning,
];
const MEASURES = [
  ['round trip', ({ roundTrip }) => mean(roundTrip).toFixed(3)],
  ['parse', ({ parseRate }) => parseRate.toFixed(2)],
  ['chrF', ({ chrf }) => fixed(chrf, 3)],
];
/** Name, field and digits. */
const DETAILS = [
  ['valid docs', 'validDocs', 2],
  ['whole docs', 'wholeDocs', 2],
  ['leaks', 'leakRate', 2],
  ['cut off', 'truncatedDocs', 2],
  ['exact', 'exactMatch', 2],
  ['ROUGE-L', 'rougeL', 3],
  ['tokens of a doc', 'docTokens', 1],
  ['of rebuilt code', 'codeTokens', 1],
];
const score = (stage) => stage.score;
const lift = ({ roundTrip, emptyDoc }) => roundTrip.map((value, i) => value - emptyDoc[i]);

function scored(runs, stage, measure) {
  return estimate(runs.flatMap((run) => named(run, measure(stage(run)))));
}

/** What each phase added to each function. */
function gains(runs, measure) {
  return [1, 2].map((phase) => {
    const [from, to] = [STAGES[phase - 1], STAGES[phase]];
    return estimate(
      runs.flatMap((run) => {
        const before = measure(from(run));
        return named(
          run,
          measure(to(run)).map((value, i) => value - before[i]),
        );
      }),
    );
  });
}

function varied(runs, whole) {
  if (runs.length === 0) {
    return NO_RUNS;
  }
  const [{ workspace, steps }] = runs;
  const seeds = runs.map(({ seed }) => seed);
  const defaults = whole.filter(
    (run) => run.workspace === workspace && run.steps === steps && seeds.includes(run.seed),
  );
  const rows = groups([...defaults, ...runs], ({ variant }) => variant).map((group) => {
    const kept = group.filter(({ reached }) => reached !== null);
    const stages = kept.map(({ reached }) => reached);
    const share = (name) => fixed(meanOf(stages, name), 2);
    return [
      group[0].variant,
      group.map(({ seed }) => seed).join(', '),
      Math.round(mean(group.map(({ learningSteps }) => learningSteps))),
      scored(kept, ({ reached }) => reached, score),
      defaults.includes(group[0]) ? '-' : against(kept, defaults),
      kept.length === 0 ? '-' : mean(stages.map((stage) => mean(lift(stage)))).toFixed(3),
      share('parseRate'),
      share('wholeDocs'),
      share('leakRate'),
      group.map(({ ended }) => ended).join(', '),
    ];
  });
  const head = ['variant', 'seeds', 'steps', 'score', 'against the default', 'lift'];
  return [
    `On ${runs[0].workspace}.`,
    '',
    ...commands(runs),
    ...table([...head, 'parse', 'whole docs', 'leaks', 'ended'], rows),
    ...(runs.some(({ reached }) => reached === null)
      ? [
          'Where no score stands, learning lowered the measure that it was rewarded by, and was undone.',
          '',
        ]
      : []),
  ];
}

/** What the runs reached more than the default ones of the same seeds, on the functions that both scored. */
function against(runs, defaults) {
  return estimate(
    runs.flatMap((run) => {
      const same = defaults.find(({ seed }) => seed === run.seed);
      const others = new Map(same?.scored.map((unit, i) => [unit, same.reached.score[i]]));
      return named(run, run.reached.score).flatMap(({ unit, name, value }) =>
        others.has(name) ? [{ unit, name, value: value - others.get(name) }] : [],
      );
    }),
  );
}

const byVariant = (a, b) => a.variant.localeCompare(b.variant, 'en');

function cipher(runs) {
  if (runs.length === 0) {
    return NO_RUNS;
  }
  const measures = [
    ['trained reader', 'rereadTrained'],
    ['frozen reader', 'rereadFrozen'],
    ['leaks', 'leakRate'],
    ['KL', 'kl'],
    ['doc tokens', 'docTokens'],
  ];
  const rows = runs.map((run) => {
    const third = Math.ceil(run.curve.length / 3);
    const parts = [run.curve.slice(0, third), run.curve.slice(-third)];
    const digits = (name) => (name === 'docTokens' ? 1 : 3);
    return [
      run.workspace,
      run.seed,
      run.learningSteps,
      run.ended,
      ...measures.flatMap(([, name]) =>
        parts.map((part) => fixed(meanOf(part, name), digits(name))),
      ),
    ];
  });
  const pairs = measures.flatMap(([name]) => [`${name}, first`, 'last']);
  return [
    ...commands(runs),
    ...table(['workspace', 'seed', 'steps', 'ended', ...pairs], rows),
    ...(runs.some(({ section }) => section === 'long')
      ? ['![What both readers rebuild, and leaks, over a long run](results/cipher.svg)', '']
      : []),
  ];
}

/** The runs of a section by workspace and seed; runs side by side end in no order. */
function sectionOf(runs, section) {
  return groups(
    runs.filter((run) => run.section === section),
    ({ workspace, variant }) => `${workspace} ${variant}`,
  ).flatMap((group) => group.toSorted((a, b) => a.seed - b.seed));
}

const NO_RUNS = ['No runs yet.', ''];

/** Values with the functions that they are of. */
function named({ workspace, scored: names }, values) {
  return values.map((value, i) => ({ unit: `${workspace}: ${names[i]}`, name: names[i], value }));
}

function unique(texts) {
  return [...new Set(texts)].join('; ');
}

/** What was run, the workspace and the seed left open. */
function commands(runs) {
  const forms = runs.map(({ command, workspace }) =>
    command.replace(workspace, 'WORKSPACE').replace(/--seed \d+/, '--seed SEED'),
  );
  return ['```sh', ...new Set(forms), '```', ''];
}

/** A number with so many digits; '-' where there is none. */
function fixed(value, digits) {
  return value?.toFixed(digits) ?? '-';
}

function table(head, rows) {
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map((_, i) => (i === 0 ? '---' : '--:')).join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
  ];
}
