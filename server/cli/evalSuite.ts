import { resolve } from 'node:path';
import { loadModel } from '../inference/loadedModel.js';
import type { ModelInUse } from '../store/workspace.js';
import { initBackend } from '../tensor/backend.js';
import { Sandbox } from '../training/suite/sandbox.js';
import {
  type Answers,
  canonicalAnswers,
  modelAnswers,
  runSuite,
  type SuiteResult,
} from '../training/suite/suite.js';
import { readSuite, type SuiteTask } from '../training/suite/tasks.js';
import { UsageError } from '../util/errors.js';
import { chosenAdapter, describeModel } from './chosenModel.js';
import type { Io, ParsedArgs } from './command.js';

/** Whose answers were run, and how. */
interface SuiteRun extends SuiteResult {
  suite: string;
  /** Null where the suite's own solutions were run. */
  model: string | null;
  adapter: string | null;
  python: string;
  network: string;
  seed: number;
}

/** `batcoder eval --suite`: pass@k of a model, or of the suite's own solutions. */
export async function evaluateSuite(suite: string, args: ParsedArgs, io: Io): Promise<SuiteRun> {
  if (args.positionals.length > 0) {
    throw new UsageError('--suite takes no folder to score on; name a model with --model.');
  }
  const oracle = args.string('oracle') !== undefined;
  const asked = oracle ? null : chosenAdapter(args, io.cwd, io);
  const tasks = await readSuite(resolve(io.cwd, suite));
  const sandbox = Sandbox.open();
  const seed = args.number('seed') ?? 1;
  io.note(`Python ${sandbox.python}, network: ${sandbox.network}`);
  const answers =
    asked === null ? canonicalAnswers(tasks) : await askModel(tasks, asked, seed, args, io);
  const bar = io.progress('Running');
  const result = await runSuite(sandbox, tasks, answers, {
    seed,
    signal: io.signal,
    onProgress: (share) => bar.update(Math.round(100 * share), 100),
  });
  bar.end();
  io.print(`${result.solved} of ${result.tasks} tasks solved`);
  for (const [k, { mean, low, high }] of Object.entries(result.passAt)) {
    io.print(`pass@${k} ${percent(mean)} [${percent(low)}, ${percent(high)}]`);
  }
  if (oracle) {
    for (const { id, outcomes } of result.results.filter(({ passed }) => passed === 0)) {
      io.print(
        `${id}: ${outcomes[0] ? `${outcomes[0].outcome}, ${outcomes[0].message}` : 'no solution'}`,
      );
    }
  } else {
    io.print(
      `${result.withheld} answers were no whole function without a syntax error, and were not run`,
    );
  }
  const { python, network } = sandbox;
  const { model, adapter } = asked ?? { model: null, adapter: null };
  return { suite, model, adapter, python, network, seed, ...result };
}

async function askModel(
  tasks: readonly SuiteTask[],
  asked: ModelInUse,
  seed: number,
  args: ParsedArgs,
  io: Io,
): Promise<Answers> {
  await initBackend();
  const loaded = await loadModel(asked.model, asked.adapter);
  io.note(describeModel(asked));
  const bar = io.progress('Writing');
  try {
    return await modelAnswers(loaded, tasks, args.number('answers') ?? 1, {
      seed,
      signal: io.signal,
      onProgress: (share) => bar.update(Math.round(100 * share), 100),
    });
  } finally {
    bar.end();
    loaded.dispose();
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
