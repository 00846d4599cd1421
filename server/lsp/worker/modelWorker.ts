import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { setTensorflowEnvironment } from '../../tensor/tensorflowEnvironment.js';
import { threadCount } from '../../tensor/threads.js';
import { UserError } from '../../util/errors.js';
import type { CallKind, FromWorker, OpenParams, ToWorker, WorkerCalls } from './messages.js';

export interface ModelWorkerOptions {
  /** The worker's bundle. */
  file: string;
  /** What to open the model with, each time the worker starts. */
  openParams(): OpenParams;
  onMessage(message: Extract<FromWorker, { type: 'progress' | 'state' }>): void;
  /** The worker died; `restarting` is false when it died too often and stays down. */
  onCrash(reason: string, restarting: boolean): void;
  onOutput(line: string): void;
}

/** More crashes than this within the window, and the worker stays down: it would only crash again. */
const CRASH_LIMIT = 3;
const CRASH_WINDOW_MS = 180_000;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Thrown into calls whose signal was aborted. */
export class Cancelled extends Error {
  override name = 'Cancelled';
}

/** The main thread's end of the thread that owns the model: typed calls with cancellation, and restarts. */
export class ModelWorker {
  private worker: Worker | null = null;
  private nextId = 1;
  private readonly pending = new Map<number, Pending>();
  private crashes: number[] = [];
  private disposed = false;

  constructor(private readonly options: ModelWorkerOptions) {}

  /** Starts the thread and opens the model there; the state comes by `onMessage`. */
  start(): void {
    const params = this.options.openParams();
    setTensorflowEnvironment(process.env, threadCount(params.threads));
    const env: NodeJS.ProcessEnv = { ...process.env, BATCODER_THREADS: String(params.threads) };
    if (params.backend !== 'auto') {
      env['BATCODER_BACKEND'] = params.backend;
    }
    const worker = new Worker(this.options.file, { stdout: true, stderr: true, env });
    this.worker = worker;
    let reason = 'it ended by itself';
    worker.on('message', (message: FromWorker) => this.receive(message));
    worker.on('error', (error: Error) => {
      reason = error.stack ?? error.message;
    });
    worker.on('exit', () => {
      if (this.worker === worker) {
        this.crashed(reason);
      }
    });
    for (const stream of [worker.stdout, worker.stderr]) {
      this.forward(stream);
    }
    this.call('open', params).then(
      (state) => this.options.onMessage({ type: 'state', state }),
      (error: unknown) => {
        if (this.worker === worker && error instanceof Error) {
          this.options.onMessage({
            type: 'state',
            state: { kind: 'failed', message: error.message },
          });
        }
      },
    );
  }

  /** Ends the thread and starts a new one, for example because settings changed or a person asked. */
  async restart(): Promise<void> {
    this.crashes = [];
    await this.stop('The model is being loaded again.');
    if (!this.disposed) {
      this.start();
    }
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    await this.stop('The language server is stopping.');
  }

  /**
   * Calls the worker. A call that is aborted ends at once with {@link Cancelled}; only a training is
   * waited for, because it has an outcome even then.
   * @throws UserError with a message to show; Error for what should not happen
   */
  call<K extends CallKind>(
    kind: K,
    params: WorkerCalls[K]['params'],
    signal?: AbortSignal,
  ): Promise<WorkerCalls[K]['result']> {
    const { worker } = this;
    if (worker === null) {
      return Promise.reject(
        new UserError('The model is not running: use "BatCoder: Restart Server".'),
      );
    }
    if (signal?.aborted) {
      return Promise.reject(new Cancelled('cancelled'));
    }
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const abort = () => {
        worker.postMessage({ type: 'cancel', id } satisfies ToWorker);
        if (kind !== 'train') {
          settle(() => reject(new Cancelled('cancelled')));
        }
      };
      const settle = (end: () => void) => {
        signal?.removeEventListener('abort', abort);
        this.pending.delete(id);
        end();
      };
      this.pending.set(id, {
        resolve: (value) => settle(() => resolve(value as WorkerCalls[K]['result'])),
        reject: (error) => settle(() => reject(error)),
      });
      signal?.addEventListener('abort', abort);
      worker.postMessage({ type: 'call', id, kind, params });
    });
  }

  private receive(message: FromWorker): void {
    switch (message.type) {
      case 'result':
        this.pending.get(message.id)?.resolve(message.value);
        return;
      case 'error': {
        const { message: text, stack, forUser } = message.error;
        const error = forUser ? new UserError(text) : new Error(text);
        error.stack = stack ?? error.stack;
        this.pending.get(message.id)?.reject(error);
        return;
      }
      case 'progress':
      case 'state':
        this.options.onMessage(message);
    }
  }

  private async stop(reason: string): Promise<void> {
    const { worker } = this;
    this.worker = null;
    this.rejectAll(reason);
    await worker?.terminate();
  }

  private crashed(reason: string): void {
    this.worker = null;
    this.rejectAll('The model stopped unexpectedly.');
    const now = Date.now();
    this.crashes = [...this.crashes.filter((time) => now - time < CRASH_WINDOW_MS), now];
    const restarting = this.crashes.length <= CRASH_LIMIT;
    this.options.onCrash(reason, restarting);
    if (restarting) {
      this.start();
    }
  }

  private rejectAll(reason: string): void {
    for (const call of [...this.pending.values()]) {
      call.reject(new UserError(reason));
    }
  }

  /** What libraries print in the worker must not reach stdout: that is the protocol's. */
  private forward(stream: Readable): void {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
        this.options.onOutput(line);
      }
    });
  }
}
