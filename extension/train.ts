import * as vscode from 'vscode';
import {
  ResumableCommand,
  TrainCommand,
  type TrainOutcome,
  type TrainParams,
} from '../server/protocol.js';
import type { CommandContext } from './context.js';

const RESUME = 'Resume Training';
const START_ANEW = 'Start Anew';

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
  const resume = await wantsToResume(context);
  if (resume !== undefined) {
    await train(context, { resume });
  }
}

/** Asks where an earlier training was left unfinished; undefined: neither is wanted. */
async function wantsToResume({ client }: CommandContext): Promise<boolean | undefined> {
  const earlier = await client.execute(ResumableCommand, []);
  if (earlier === null) {
    return false;
  }
  const began = new Date(earlier.startedAt).toLocaleString();
  const choice = await vscode.window.showInformationMessage(
    `BatCoder: the training that began on ${began} was stopped. Go on with it?`,
    RESUME,
    START_ANEW,
  );
  return choice === undefined ? undefined : choice === RESUME;
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
  const canResume = outcome.ended === 'stopped' && outcome.runFolder !== null;
  const offers = canResume ? [RESUME, 'Show Log'] : ['Show Log'];
  const choice = await vscode.window.showInformationMessage(describe(outcome), ...offers);
  if (choice === RESUME) {
    await train(context, { resume: true });
  } else if (choice) {
    log.show();
  }
}

/** What a training brought, in a few sentences. */
function describe(outcome: TrainOutcome): string {
  const { ended, before, after, adopted, steps, seconds, runFolder } = outcome;
  if (runFolder === null) {
    return 'BatCoder: training was stopped before it had learnt anything.';
  }
  const how = `BatCoder: training ${ENDED[ended]} after ${steps} ${steps === 1 ? 'step' : 'steps'} (${duration(seconds)}).`;
  if (before === null || after === null) {
    return how;
  }
  const use = adopted
    ? 'The new model is in use.'
    : 'That is not better than what was in use, which stays.';
  return `${how} Held-out score ${before.toFixed(3)} before, ${after.toFixed(3)} after. ${use}`;
}

/** Seconds as a person says them. */
export function duration(seconds: number): string {
  if (seconds < 60) {
    return `${Math.max(1, Math.round(seconds))} s`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
