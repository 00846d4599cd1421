import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Estimate } from '../training/bootstrap.js';
import { MODEL_SIZES, type ModelSize } from '../model/presets.js';
import type { Evaluation } from '../training/evaluate.js';
import { TOO_LONG } from '../training/examples.js';
import type { TrainProgress } from '../training/progress.js';
import { readSettings } from '../training/settingsText.js';
import { train as trainOn, type TrainResult } from '../training/train.js';
import { UsageError } from '../util/errors.js';
import type { Command, Io } from './command.js';
import { formatDuration, type Progress } from './progress.js';

export const train: Command = {
  name: 'train',
  summary: 'learn the code of a folder, and use the result where it is better on files kept apart',
  usage:
    'DIR [--minutes M] [--steps N] [--warmup-steps N] [--seed S] [--model DIR | --from-nothing SIZE] [--set NAME=VALUE]... [--out DIR] [--resume] [--json]',
  example: 'batcoder train . --minutes 4',
  options: [
    {
      name: 'minutes',
      value: 'number',
      placeholder: 'M',
      min: 0.05,
      summary: 'time for warm-up and learning (default 10)',
    },
    { name: 'steps', value: 'integer', min: 0, summary: 'steps of learning, in place of a time' },
    {
      name: 'warmup-steps',
      value: 'integer',
      min: 0,
      summary: 'steps of warm-up (default: some passes over the code); 0 leaves it out',
    },
    {
      name: 'seed',
      value: 'integer',
      placeholder: 'S',
      min: 0,
      summary: 'makes a run repeatable (default 1)',
    },
    {
      name: 'model',
      value: 'string',
      placeholder: 'DIR',
      summary: 'a model to start from, in place of the built-in one',
    },
    {
      name: 'from-nothing',
      value: 'string',
      placeholder: 'SIZE',
      choices: MODEL_SIZES,
      summary: 'make a new model of this size from the folder alone',
    },
    {
      name: 'set',
      value: 'string',
      placeholder: 'NAME=VALUE',
      repeat: true,
      summary:
        'for experiments: any setting of the method, by its name in server/training/settings.ts',
    },
    {
      name: 'out',
      value: 'string',
      placeholder: 'DIR',
      summary: 'write the trained model, or its adapter, here too',
    },
    { name: 'resume', summary: 'go on with the last run of this folder that did not end' },
  ],
  positionals: { min: 1, max: 1 },
  async run(args, io) {
    const workspaceRoot = folder(io, args.positionals[0]);
    const bars = new PhaseBars(io);
    const model = args.string('model');
    const size = args.string('from-nothing') as ModelSize | undefined;
    if (model !== undefined && size !== undefined) {
      throw new UsageError('Give --model or --from-nothing, not both.');
    }
    const out = args.string('out');
    const result = await trainOn({
      workspaceRoot,
      modelDir: model === undefined ? undefined : folder(io, model),
      outDir: out === undefined ? undefined : resolve(io.cwd, out),
      resume: args.flag('resume'),
      settings: {
        minutes: args.number('minutes'),
        steps: args.number('steps'),
        warmupSteps: args.number('warmup-steps'),
        seed: args.number('seed'),
        modelSize: size,
        ...readSettings(args.strings('set')),
      },
      signal: io.signal,
      onStart: ({ units, parameters, base, memory }) => {
        const weights = `${(parameters / 1e6).toFixed(1)} million weights`;
        const frozen = base === null ? '' : `, frozen in ${base === 'int8' ? '8' : '32'} bits`;
        io.note(
          `${units.train} functions to learn from, ${units.heldOut} kept apart; ${weights}${frozen}`,
        );
        const long = units.left[TOO_LONG] ?? 0;
        if (long > 0) {
          io.note(`${long} more are left out: longer than this machine trains on.`);
        }
        if (base === 'f32') {
          io.note(
            'A base in 8 bits trains about twice as fast: `batcoder export OUT --model DIR --type int8` makes one, `batcoder bench rounding` tells what it costs.',
          );
        }
        io.note(
          `Memory: about ${gigabytes(memory.expected)}, ${memory.bounded ? 'never more than' : 'planned for'} ${gigabytes(memory.budget)} of tensors; ${memory.microBatchTokens} tokens at a time` +
            `${memory.recompute ? ', their activations computed twice' : ''}.`,
        );
      },
      onProgress: (progress) => bars.show(progress),
    });
    bars.end();
    for (const line of describe(result, args.positionals[0])) {
      io.print(line);
    }
    return result;
  },
};

/** One bar for each phase, one after another. */
class PhaseBars {
  private phase: string | null = null;
  private bar: Progress | null = null;

  constructor(private readonly io: Io) {}

  show({ phase, share, message, etaSeconds }: TrainProgress): void {
    if (phase !== this.phase) {
      this.end();
      this.phase = phase;
      this.bar = this.io.progress(phase[0].toUpperCase() + phase.slice(1));
    }
    const all = etaSeconds === null ? '' : `; ${formatDuration(etaSeconds * 1000)} left in all`;
    this.bar?.update(Math.round(share * 100), 100, message + all);
  }

  end(): void {
    this.bar?.end();
    this.bar = null;
  }
}

function signed(share: number): string {
  return `${share < 0 ? '' : '+'}${share.toFixed(3)}`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function describe(result: TrainResult, dir: string): string[] {
  const { before, afterWarmup, afterLearning } = result;
  const lines = [
    `${result.warmupSteps} steps of warm-up and ${result.steps} of learning in ${formatDuration(result.seconds * 1000)}, ${Math.round(result.tokensPerSecond)} tokens a second`,
  ];
  if (result.ended === 'stopped') {
    return [...lines, `Stopped and saved. Go on with: batcoder train ${dir} --resume`];
  }
  if (result.ended === 'cipher') {
    lines.push(
      'Learning ended early: its docs were becoming a code that only the trained model can read. It is undone.',
    );
  }
  lines.push(
    '',
    'On functions of files kept apart (score: similarity after the round trip; an empty body counts 0):',
    ...table([
      ['before', before],
      ['after the warm-up', afterWarmup],
      ['after learning', afterLearning],
    ]),
    '',
  );
  for (const [name, gain] of Object.entries(result.gains)) {
    if (gain !== null) {
      const [mean, low, high] = [gain.mean, gain.low, gain.high].map((x) => signed(x));
      lines.push(`Added by the ${name}, function by function: ${mean} [${low}, ${high}]`);
    }
  }
  if (result.kept === 'warm-up' && result.ended === 'finished') {
    lines.push('Learning lowered the score, so the weights from before it are kept.');
  }
  lines.push(
    result.adopted
      ? 'The trained model is in use now: its score on files kept apart is better.'
      : 'The trained model is kept, but not used: its score on files kept apart is no better than that of the one in use.',
  );
  return lines;
}

/** A table of evaluations, a row each; missing ones are left out. */
export function table(rows: [string, Evaluation | null][]): string[] {
  const head = ['', 'score', '95 % interval', 'round trip', 'lift', 'valid docs', 'parse', 'leaks'];
  const body = rows.flatMap(([name, evaluation]) =>
    evaluation === null ? [] : [[name, ...figures(evaluation)]],
  );
  const widths = head.map((_, column) =>
    Math.max(...[head, ...body].map((row) => row[column].length)),
  );
  return [head, ...body].map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]),
      )
      .join('  '),
  );
}

function figures(evaluation: Evaluation): string[] {
  const { aboveTrivial, roundTrip, lift, validDocs, parseRate, leakRate } = evaluation;
  return [
    aboveTrivial.mean.toFixed(3),
    interval(aboveTrivial),
    roundTrip.mean.toFixed(3),
    lift.mean.toFixed(3),
    percent(validDocs.mean),
    percent(parseRate.mean),
    percent(leakRate.mean),
  ];
}

function interval({ low, high }: Estimate): string {
  return `${low.toFixed(3)} to ${high.toFixed(3)}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** @throws UsageError where a path is no folder */
export function folder(io: Io, path: string): string {
  const dir = resolve(io.cwd, path);
  if (!existsSync(dir) || !statSync(dir).isDirectory()) {
    throw new UsageError(`${path} is no folder.`);
  }
  return dir;
}
