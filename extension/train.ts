import * as vscode from 'vscode';
import { TrainCommand, type TrainOutcome, type TrainParams } from '../server/protocol.js';
import type { CommandContext } from './context.js';

const RESUME = 'Resume Training';

/** How a training ended, by `ended`. */
const ENDED: Record<TrainOutcome['ended'], string> = {
  finished: 'finished',
  stopped: 'was stopped, with its progress saved,',
  cipher: 'ended early, because its docs were turning into a private code,',
};

/** Trains with a notification that shows percent and time left, and whose Cancel stops the training. */
export async function trainOnWorkspace(context: CommandContext): Promise<void> {
  if (!vscode.workspace.workspaceFolders?.some((folder) => folder.uri.scheme === 'file')) {
    void vscode.window.showInformationMessage(
      'BatCoder: open a folder of code first; it learns from that.',
    );
    return;
  }
  await train(context, {});
}

async function train(context: CommandContext, params: TrainParams): Promise<void> {
  const { client, log } = context;
  const outcome = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: 'BatCoder: training on this workspace',
      cancellable: true,
    },
    async (progress, token) => {
      let shown = 0;
      const listening = client.onTrainingProgress(({ fraction, message, etaSeconds }) => {
        const percent = Math.floor(fraction * 100);
        const left = etaSeconds === null ? '' : ` · ${duration(etaSeconds)} left`;
        progress.report({
          increment: Math.max(0, percent - shown),
          message: token.isCancellationRequested
            ? 'stopping …'
            : `${percent} % · ${message}${left}`,
        });
        shown = Math.max(shown, percent);
      });
      try {
        return await client.execute(TrainCommand, [params], token);
      } finally {
        listening.dispose();
      }
    },
  );
  log.info(describe(outcome));
  const offers = outcome.ended === 'stopped' ? [RESUME, 'Show Log'] : ['Show Log'];
  const choice = await vscode.window.showInformationMessage(describe(outcome), ...offers);
  if (choice === RESUME) {
    await train(context, { resume: true });
  } else if (choice) {
    log.show();
  }
}

/** What a training brought, in one or two sentences. */
function describe({ ended, before, after, adopted, steps, seconds }: TrainOutcome): string {
  const how = `BatCoder: training ${ENDED[ended]} after ${steps} ${steps === 1 ? 'step' : 'steps'} (${duration(seconds)}).`;
  const score =
    before !== null && after !== null
      ? ` Held-out score ${before.toFixed(3)} before, ${after.toFixed(3)} after.`
      : '';
  const use = adopted ? ' The new model is in use.' : ' The model in use stays as it was.';
  return how + score + use;
}

/** Seconds as a person says them. */
export function duration(seconds: number): string {
  if (seconds < 60) {
    return `${Math.max(1, Math.round(seconds))} s`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
