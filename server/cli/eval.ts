import { evaluateWorkspace } from '../training/evaluateWorkspace.js';
import { UsageError } from '../util/errors.js';
import { chosenAdapter, describeModel } from './chosenModel.js';
import type { Command } from './command.js';
import { evaluateSuite } from './evalSuite.js';
import { heldOutReport, testReport } from './heldOutReport.js';
import type { Progress } from './progress.js';
import { folder } from './train.js';

export const evaluation: Command = {
  name: 'eval',
  summary: 'score the model in use on the files of a folder that training keeps apart',
  usage:
    'DIR [--seed S] [--units N] [--model DIR] [--adapter DIR] [--tests COMMAND] [--list] [--json]  |  ' +
    'eval --suite FILE ([--model DIR] [--adapter DIR] [-n K] [--seed S] | --oracle canonical) [--json]',
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
    {
      name: 'adapter',
      value: 'string',
      placeholder: 'DIR',
      summary:
        'an adapter, on that model; without --model on the one that it records, else the built-in one',
    },
    {
      name: 'tests',
      value: 'string',
      placeholder: 'COMMAND',
      summary:
        "pass@1 too, by the folder's own tests: RUNS the code that the model writes, in a copy, shut in by bubblewrap (Linux)",
    },
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
    const testCommand = args.string('tests');
    if (suite !== undefined) {
      if (testCommand !== undefined) {
        throw new UsageError('--tests belongs to a folder; a suite has tests of its own.');
      }
      return evaluateSuite(suite, args, io);
    }
    if (args.positionals.length !== 1) {
      throw new UsageError('give a folder to score on, or --suite FILE.');
    }
    const workspaceRoot = folder(io, args.positionals[0]);
    const asked = chosenAdapter(args, workspaceRoot, io);
    io.note(describeModel(asked));
    const bar = io.progress('Scoring');
    let testBar: Progress | undefined;
    const {
      evaluation: figures,
      masked,
      units,
      tests,
    } = await evaluateWorkspace({
      workspaceRoot,
      model: asked,
      seed: args.number('seed'),
      units: args.number('units'),
      signal: io.signal,
      onProgress: (share) => bar.update(Math.round(share * 100), 100),
      testCommand,
      onTests(share) {
        bar.end();
        testBar ??= io.progress('Testing');
        testBar.update(Math.round(share * 100), 100);
      },
    });
    bar.end(`${figures.units} functions`);
    testBar?.end();
    if (args.flag('list')) {
      for (const unit of units) {
        io.print(`${unit.file}  ${unit.name}  ${unit.roundTrip.toFixed(3)}`);
        io.print(unit.doc.replace(/^/gm, '    '));
      }
    }
    for (const line of [...heldOutReport(figures, masked), ...testReport(tests)]) {
      io.print(line);
    }
    return { ...asked, ...figures, masked, tests, list: args.flag('list') ? units : undefined };
  },
};
