import { parentPort } from 'node:worker_threads';
import { modelFor } from '../../inference/builtInModel.js';
import { type Engine, openEngine } from '../../inference/engine.js';
import type { ModelState, TrainOutcome } from '../../protocol.js';
import type { ModelInUse } from '../../store/workspace.js';
import { train, type TrainOptions, type TrainResult } from '../../training/train.js';
import type { TrainProgress } from '../../training/progress.js';
import { UserError } from '../../util/errors.js';
import { EngineSlot } from './engineSlot.js';
import type { OpenParams } from './messages.js';
import { serveWorker } from './serve.js';

/** The thread that owns the model: everything that computes with tensors happens here. */
let opened: OpenParams = { workspaceRoot: null, modelDir: null, threads: 0, backend: 'auto' };
const slot = new EngineSlot();

function inUse(): ModelInUse {
  return modelFor(opened.workspaceRoot, opened.modelDir ?? undefined);
}

function openOpened(): Promise<Engine> {
  return openEngine(inUse());
}

async function open(params: OpenParams): Promise<ModelState> {
  opened = params;
  return stateOf(await slot.replace(openOpened));
}

function stateOf(engine: Engine): ModelState {
  const { backend, model, parameters, weights, adapter, builtIn } = engine.info();
  return {
    kind: 'ready',
    model,
    parameters,
    weights,
    adapter,
    backend: backend.name,
    backendReason: backend.reason,
    builtIn,
  };
}

const NOTHING_LEARNT: TrainOutcome = {
  ended: 'stopped',
  before: null,
  after: null,
  adopted: false,
  steps: 0,
  seconds: 0,
  runFolder: null,
};

serveWorker(parentPort!, (send) => ({
  open,
  async document(request, signal) {
    const { comment, edit, roundTrip } = await slot.current.document(request, signal);
    return { comment, edit, roundTrip };
  },
  async generate({ text, language, line, count }, signal) {
    const answer = await slot.current.generate({ text, language, line }, count, signal);
    const candidates = answer.candidates.map(({ newText, score }) => ({ newText, score }));
    return { range: answer.range!, candidates, reason: answer.reason };
  },
  async train({ minutes, steps, resume, exclude }, signal, yieldToRequests) {
    if (opened.workspaceRoot === null) {
      throw new UserError('Open a folder of code first: BatCoder learns from that.');
    }
    const result = await trainUnlessStopped({
      workspaceRoot: opened.workspaceRoot,
      modelDir: opened.modelDir ?? undefined,
      inUse: inUse(),
      resume,
      exclude,
      settings: { minutes, steps: steps === 0 ? null : steps },
      signal,
      onProgress: (progress) => send({ type: 'progress', progress: plain(progress) }),
      yieldToRequests,
    });
    if (result === null) {
      return NOTHING_LEARNT;
    }
    if (result.adopted) {
      send({ type: 'state', state: stateOf(await slot.swap(openOpened, yieldToRequests)) });
    }
    return {
      ended: result.ended,
      before: result.before?.score ?? null,
      after: result.after?.score ?? null,
      adopted: result.adopted,
      steps: result.warmupSteps + result.steps,
      seconds: result.seconds,
      runFolder: result.runFolder,
    };
  },
}));

/** Null where the training was stopped before it had begun to learn. */
async function trainUnlessStopped(options: TrainOptions): Promise<TrainResult | null> {
  try {
    return await train(options);
  } catch (error) {
    if (options.signal?.aborted && !(error instanceof UserError)) {
      return null;
    }
    throw error;
  }
}

/** What an editor shows of the trainer's progress. */
function plain({ phase, fraction, message, etaSeconds, step }: TrainProgress) {
  const text = message === '' ? phase : `${phase}: ${message}`;
  return { phase, fraction, message: text, etaSeconds, step };
}
