import { Worker } from 'node:worker_threads';
import { assetPath } from '../util/assets.js';
import type { InspectJob, Inspection } from './inspect.js';

/** Beyond its own time limit, a worker that does not answer is hung; this covers its start as well. */
const GRACE_MS = 15_000;

/** Worker threads that look into files; a hung or crashed one is ended and replaced. */
export class ParsePool {
  private readonly idle: Worker[] = [];
  private readonly all = new Set<Worker>();
  private readonly waiting: ((worker: Worker) => void)[] = [];
  private closed = false;

  /**
   * @param size how many threads at most
   * @param script the built worker; replaced in tests
   */
  constructor(
    private readonly size: number,
    private readonly script = assetPath('parse-worker.js'),
    private readonly graceMs = GRACE_MS,
  ) {}

  /** Looks into a file; never fails, as that would be a property of the file. */
  async inspect(job: InspectJob): Promise<Inspection> {
    const worker = await this.take();
    const { promise, settle } = answerOf(worker, job.limitMs + this.graceMs);
    worker.postMessage(job);
    const answer = await promise;
    settle();
    if (answer === 'hung' || answer === 'crashed') {
      this.all.delete(worker);
      await worker.terminate();
      this.next();
      return { skip: answer === 'hung' ? 'time-limit' : 'parser-failure' };
    }
    this.idle.push(worker);
    this.next();
    return answer;
  }

  /** Ends all threads. Jobs that still wait are never answered. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.all].map((worker) => worker.terminate()));
  }

  private take(): Promise<Worker> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.next();
    });
  }

  /** Gives a free thread, or a new one where there may be more, to the job that waited longest. */
  private next(): void {
    const full = this.idle.length === 0 && this.all.size >= this.size;
    if (this.closed || full || this.waiting.length === 0) {
      return;
    }
    this.waiting.shift()?.(this.idle.pop() ?? this.start());
  }

  private start(): Worker {
    const worker = new Worker(this.script, { resourceLimits: { maxOldGenerationSizeMb: 512 } });
    // A crash is answered where the job waits; without a listener it would end the process.
    worker.on('error', () => this.all.delete(worker));
    this.all.add(worker);
    return worker;
  }
}

function answerOf(worker: Worker, limitMs: number) {
  let settle = () => {};
  const promise = new Promise<Inspection | 'hung' | 'crashed'>((resolve) => {
    const timer = setTimeout(() => resolve('hung'), limitMs);
    const onMessage = (inspection: Inspection) => resolve(inspection);
    const onCrash = () => resolve('crashed');
    worker.once('message', onMessage);
    worker.once('error', onCrash);
    worker.once('exit', onCrash);
    settle = () => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      worker.off('error', onCrash);
      worker.off('exit', onCrash);
    };
  });
  return { promise, settle: () => settle() };
}
