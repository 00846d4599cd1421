import { evaluateWorkspace } from '../training/evaluateWorkspace.js';
import { UsageError } from '../util/errors.js';
import type { Command } from './command.js';
import { evaluateSuite } from './evalSuite.js';
import { folder, table } from './train.js';

export const evaluation: Command = {
  name: 'eval',
  summary: 'score the model in use on the files of a folder that training keeps apart',
  usage:
    'DIR [--seed S] [--units N] [--model DIR] [--adapter DIR] [--list] [--json]  |  ' +
    'eval --suite FILE (--model DIR [--adapter DIR] [-n K] [--seed S] | --oracle canonical) [--json]',
  example: 'batcoder eval . --units 64',
  options: [
    {
      name: 'seed',
      value: 'integer',
      placeholder: 'S',
      min: 0,
      summary: 'the split and the choice of functions (default 1)',
    },
    {
      name: 'units',
      value: 'integer',
      min: 1,
      summary: 'functions to score at most (default 128)',
    },
    {
      name: 'model',
      value: 'string',
      placeholder: 'DIR',
      summary: 'a model in place of the one in use',
    },
    { name: 'adapter', value: 'string', placeholder: 'DIR', summary: 'an adapter on that model' },
    { name: 'list', summary: 'show the doc and the score of each function' },
    {
      name: 'suite',
      value: 'string',
      placeholder: 'FILE',
      summary:
        'pass@k on a HumanEval or MBPP file (.jsonl, .jsonl.gz) instead: RUNS the code that the model writes, with limits',
    },
    {
      name: 'answers',
      short: 'n',
      value: 'integer',
      placeholder: 'K',
      min: 1,
      max: 200,
      summary: 'answers to each task of a suite: 1 is greedy, more are sampled (default 1)',
    },
    {
      name: 'oracle',
      value: 'string',
      choices: ['canonical'],
      summary: "run the suite's own solutions, to check the runner",
    },
  ],
  positionals: { min: 0, max: 1 },
  async run(args, io) {
    const suite = args.string('suite');
    if (suite !== undefined) {
      return evaluateSuite(suite, args, io);
    }
    if (args.positionals.length !== 1) {
      throw new UsageError('give a folder to score on, or --suite FILE.');
    }
    const bar = io.progress('Scoring');
    const { evaluation: figures, units } = await evaluateWorkspace({
      workspaceRoot: folder(io, args.positionals[0]),
      modelDir: args.string('model'),
      adapterDir: args.string('adapter'),
      seed: args.number('seed'),
      units: args.number('units'),
      signal: io.signal,
      onProgress: (share) => bar.update(Math.round(share * 100), 100),
    });
    bar.end(`${figures.units} functions`);
    if (args.flag('list')) {
      for (const unit of units) {
        io.print(`${unit.file}  ${unit.name}  ${unit.roundTrip.toFixed(3)}`);
        io.print(unit.doc.replace(/^/gm, '    '));
      }
    }
    for (const line of table([['held-out', figures]])) {
      io.print(line);
    }
    if (figures.humanDocs !== null) {
      const { count, chrf, rougeL } = figures.humanDocs;
      io.print(
        `Against ${count} docs by people: chrF ${chrf.toFixed(3)}, ROUGE-L ${rougeL.toFixed(3)}`,
      );
    }
    return { ...figures, list: args.flag('list') ? units : undefined };
  },
};
