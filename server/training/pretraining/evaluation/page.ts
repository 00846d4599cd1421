import { languageById } from '../../../languages/table.js';
import type { LanguageId } from '../../../languages/types.js';
import type { Estimate } from '../../bootstrap.js';
import type { CodeMeasure, CodeSystem, DocMeasure, DocSystem, Quality } from './quality.js';
import { clearlyAhead, type Table } from './tables.js';

const DOC_TITLES: Record<DocMeasure, string> = {
  chrf: 'chrF',
  rougeL: 'ROUGE-L',
  bleu4: 'BLEU-4, smoothed as in CodeXGLUE',
};
const CODE_TITLES: Record<CodeMeasure, string> = {
  parses: 'Parse rate',
  exact: 'Exact match',
  cssg: 'CSSG',
  chrf: 'chrF of the body',
};
const SYSTEMS: Record<DocSystem | CodeSystem, string> = {
  model: 'model',
  shown: 'model, shown the function before',
  raw: 'model, unconstrained',
  words: 'template: words',
  rules: 'template: rules',
  neighbour: 'neighbour',
  empty: 'empty body',
};

const NO_PARAMETERS = { docs: 0, named: 0, parameters: 0, invented: 0 };
/** Longer answers are cut in the samples. */
const SHOWN_CHARS = 240;

/** The report on a model as a page for people. */
export function qualityPage(quality: Quality, command: string, date: string): string {
  const { docs, codes } = quality;
  return [
    '# Quality of the built-in model',
    '',
    `Measured ${date}, seed ${quality.seed}, by`,
    '',
    `    ${command}`,
    '',
    `${quality.units} documented functions of sources that no part of training saw (the \`evaluation\` split of`,
    '[DATA.md](DATA.md)), drawn by seed, as many of each language as far as there are enough. The model has',
    `${(quality.parameters / 1e6).toFixed(1)} million parameters. Figures are percentages; brackets hold 95 % bootstrap`,
    'intervals (1,000 resamples).',
    '',
    ...population(quality),
    '',
    '## Docs from code',
    '',
    'Compared are summaries: the first sentence of what people wrote, against',
    '',
    '- **model**: one doc that BatCoder writes, greedily, within the frame of the parameters and the return; what the',
    '  editor shows is the best of several such docs. Where it has no summary, it is sampled anew, at most twice; the',
    '  score is 0 where it has none then.',
    '- **model, unconstrained**: the same weights, greedily, with nothing but the prompt.',
    '- **template: words**: the words of the name and the parameters, in one form for all: "Gets the user name from the',
    '  id."',
    '- **template: rules**: the same with what people know of docs: getters return, `is` asks whether, a noun is',
    "  returned, Go's docs begin with the name.",
    '- **neighbour**: the summary of the documented function of the training data whose name and signature are likest',
    '  (BM25 over the words in them, the name counting three times more).',
    '',
    'Ahead: the mean difference of **model** from each baseline, function by function.',
    '',
    ...docs.measures.flatMap((measure) => [
      `### ${DOC_TITLES[measure]}`,
      '',
      ...figureTable(docs, measure),
      '',
    ]),
    ...claims(quality),
    '',
    "CodeXGLUE's published figures on its own data, for scale alone: Transformer from scratch 15.6, CodeBERT 17.8.",
    '',
    '### Parameters, in whole docs',
    '',
    ...parameterTable(quality),
    '',
    '## Code from doc and signature',
    '',
    'The doc that people wrote and the signature are given. **model** is what BatCoder writes: one greedy answer, ended',
    'where the syntax tree says that its function ends; what is no whole function is sampled anew, at most three times,',
    'then withheld. **model, shown the function before** is the same as the editor asks for it: with the function that',
    'stands before it in its file, where there is one of at most 1,600 characters. **model, unconstrained** is the greedy',
    'answer as it came.',
    '**neighbour** is the body of the documented training function whose doc and signature are likest. CSSG sees no',
    'names, and the signature is given: see what an empty body reaches.',
    '',
    ...codes.measures.flatMap((measure) => [
      `### ${CODE_TITLES[measure]}`,
      '',
      ...figureTable(codes, measure),
      '',
    ]),
    ...lossSection(quality),
    ...suiteSection(quality),
    `## ${quality.samples.length} samples, drawn by seed`,
    '',
    ...samplePage(quality),
  ].join('\n');
}

function population({ population: counts }: Quality): string[] {
  const all = Object.values(counts);
  const documented = all.reduce((sum, each) => sum + each.documented, 0);
  const tooLong = all.reduce((sum, each) => sum + each.tooLong, 0);
  const parts = Object.entries(counts).map(
    ([language, { documented: own, tooLong: left }]) =>
      `${nameOf(language as LanguageId)} ${own - left} of ${own}`,
  );
  return [
    `Drawn from ${documented - tooLong} of ${documented} documented functions; the others are longer than the model takes`,
    `(two fifths of its context): ${parts.join(', ')}.`,
  ];
}

function figureTable<S extends DocSystem | CodeSystem, M extends string>(
  { systems, rows }: Table<S, M>,
  measure: M,
): string[] {
  const baselines = systems.filter((system) => rows[0].ahead[measure][system] !== undefined);
  const head = [
    'language',
    'functions',
    ...systems.map((system) => SYSTEMS[system]),
    ...baselines.map((baseline) => `ahead of ${SYSTEMS[baseline]}`),
  ];
  const body = rows.map(({ language, units, figures, ahead }) => [
    nameOf(language),
    String(units),
    ...systems.map((system) => interval(figures[measure][system])),
    ...baselines.map((baseline) => interval(ahead[measure][baseline]!, true)),
  ]);
  return table(head, body);
}

/** What is claimed: more than the two simple baselines, which know nothing of how people write docs. */
function claims({ docs }: Quality): string[] {
  const clear = clearlyAhead(docs, ['words', 'neighbour']);
  const others = docs.rows.flatMap(({ language }) =>
    language === 'all' || clear.includes(language) ? [] : [nameOf(language)],
  );
  return [
    'Ahead of both the template from words and the neighbour in all three measures, each beyond its interval:',
    `${clear.map(nameOf).join(', ') || 'none'}. Not so: ${others.join(', ') || 'none'}.`,
  ];
}

function lossSection({ losses }: Quality): string[] {
  if (losses === null) {
    return [];
  }
  const rows = Object.entries(losses).flatMap(([objective, loss]) =>
    loss === null ? [] : [[`\`${objective}\``, loss.toFixed(3), Math.exp(loss).toFixed(1)]],
  );
  return [
    '## Likelihood',
    '',
    'Of the answers in the evaluation token file, for each token, the task and the words before it given.',
    '',
    ...table(['objective', 'nats', 'perplexity'], rows),
    '',
  ];
}

function suiteSection({ suite }: Quality): string[] {
  if (suite === null) {
    return [];
  }
  const { name, tasks, greedy, sampled, python, network } = suite;
  return [
    `### ${name}, ${tasks} ${tasks === 1 ? 'task' : 'tasks'}`,
    '',
    ...table(
      ['', 'pass@1', 'pass@10'],
      [
        ['one greedy answer', interval(greedy), ''],
        ['ten answers at temperature 0.8', interval(sampled.passAt1), interval(sampled.passAt10)],
      ],
    ),
    '',
    'By the unbiased estimator of Chen et al. (2021). The doc is given as the model reads docs: its first paragraph,',
    `without the examples. ${sampled.withheld} of the ${sampled.answers} sampled answers were no whole function and were`,
    `not run. Python ${python}; network: ${network}.`,
    '',
  ];
}

function parameterTable({ docs, parameterCounts }: Quality): string[] {
  const shown = ['model', 'raw', 'neighbour'] as const;
  const body = docs.rows.map(({ language, units }) => [
    nameOf(language),
    ...shown.flatMap((system) => {
      const counts = parameterCounts[system][language];
      const { docs: given, named, parameters, invented } = counts ?? NO_PARAMETERS;
      const recall = parameters === 0 ? '-' : percent(named / parameters);
      return [`${given} of ${units}`, `${recall} of ${parameters}`, String(invented)];
    }),
  ]);
  const head = shown.flatMap((system) => [`${SYSTEMS[system]}: docs`, 'named once', 'invented']);
  return [
    'Of the docs that there are: how many of the parameters are named, each once, and how many names are of none.',
    '',
    ...table(['language', ...head], body),
  ];
}

function samplePage({ samples }: Quality): string[] {
  return samples.flatMap((sample, i) => [
    `${i + 1}. \`${sample.name}\`, ${nameOf(sample.language)}, ${inline(sample.file)}`,
    `   - people: ${inline(sample.reference)}`,
    `   - **model: ${inline(sample.model)}**`,
    `   - unconstrained: ${inline(sample.raw)}`,
    `   - template: ${inline(sample.rules)}`,
    `   - neighbour: ${inline(sample.neighbour)}`,
  ]);
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '--:'));
  return [line(head), line(rule), ...body.map(line)];
}

/** Text of others, so that Markdown shows it as it is. */
function inline(text: string): string {
  const shown = text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
  return shown === '' ? '(nothing)' : shown.replace(/[\\*_[\]<>|`#]/g, '\\$&');
}

function interval({ mean, low, high }: Estimate, signed = false): string {
  const plus = signed && mean > 0 ? '+' : '';
  return `${plus}${number(mean)} [${number(low)}, ${number(high)}]`;
}

function number(share: number): string {
  return (100 * share).toFixed(1);
}

function percent(share: number): string {
  return `${number(share)} %`;
}

function nameOf(language: LanguageId | 'all'): string {
  return language === 'all' ? 'all' : languageById(language).name;
}
