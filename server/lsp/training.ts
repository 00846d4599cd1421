import type { CancellationToken, WorkDoneProgressServerReporter } from 'vscode-languageserver';
import {
  type TrainingProgress,
  TrainingProgressed,
  type TrainOutcome,
  type TrainParams,
} from '../protocol.js';
import { UserError } from '../util/errors.js';
import type { ServerContext } from './feature.js';
import { tell } from './tell.js';

/** One training at a time: started, shown and stopped here, done in the worker. */
export class Training {
  private controller: AbortController | null = null;
  private reporter: WorkDoneProgressServerReporter | null = null;

  constructor(private readonly context: ServerContext) {
    context.onProgress((progress) => this.show(progress));
  }

  /** @throws UserError where training is not possible now */
  async run(params: TrainParams, token: CancellationToken): Promise<TrainOutcome> {
    const { connection, client, model, status, settings } = this.context;
    if (this.controller) {
      throw new UserError('BatCoder is training already: stop that training first.');
    }
    const controller = new AbortController();
    this.controller = controller;
    token.onCancellationRequested(() => controller.abort());
    this.context.docs.yieldBackground();
    const drawn = client.options.drawsTraining === true;
    try {
      const asked = { resume: false, ...(await settings.get()).training, ...params };
      if (!drawn && client.capabilities.window?.workDoneProgress) {
        this.reporter = await connection.window.createWorkDoneProgress();
        this.reporter.begin('BatCoder: training', 0, 'starting', true);
        this.reporter.token.onCancellationRequested(() => controller.abort());
      }
      status.training({ kind: 'training', phase: 'starting', fraction: 0, etaSeconds: null });
      const exclude = await settings.excludedFiles();
      const outcome = await model.call('train', { ...asked, exclude }, controller.signal);
      if (!drawn) {
        tell(connection, 'info', describe(outcome));
      }
      return outcome;
    } catch (error) {
      if (!drawn && error instanceof UserError) {
        tell(connection, 'error', error.message);
      }
      throw error;
    } finally {
      this.controller = null;
      this.reporter?.done();
      this.reporter = null;
      status.trainingEnded();
    }
  }

  /** @returns whether a training ran */
  stop(): boolean {
    this.controller?.abort();
    return this.controller !== null;
  }

  private show(progress: TrainingProgress): void {
    if (!this.controller) {
      return;
    }
    const { phase, fraction, etaSeconds, message } = progress;
    this.context.status.training({ kind: 'training', phase, fraction, etaSeconds });
    this.reporter?.report(Math.round(fraction * 100), message);
    void this.context.connection.sendNotification(TrainingProgressed.method, progress);
  }
}

/** The outcome in a sentence, for clients that do not show it themselves. */
function describe({ ended, before, after, adopted, steps }: TrainOutcome): string {
  const scores =
    before !== null && after !== null
      ? ` Held-out score ${before.toFixed(3)} → ${after.toFixed(3)}.`
      : '';
  const use = adopted ? ' The new model is in use.' : ' The model in use stays as it was.';
  return `BatCoder: training ${ended} after ${steps} steps.${scores}${use}`;
}
