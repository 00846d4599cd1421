import * as vscode from 'vscode';
import { DocumentCommand, EDITOR_COMMANDS, StopTrainingCommand } from '../server/protocol.js';
import type { CommandContext } from './context.js';
import { generateFromComment } from './generate.js';
import { trainOnWorkspace } from './train.js';

/** Every command of package.json, by its id. */
const COMMANDS: Record<string, (context: CommandContext) => Promise<void> | void> = {
  [EDITOR_COMMANDS.train]: trainOnWorkspace,
  'batcoder.stopTraining': stopTraining,
  'batcoder.documentFunction': documentFunction,
  'batcoder.generateFromComment': generateFromComment,
  [EDITOR_COMMANDS.showLog]: ({ log }) => log.show(),
  'batcoder.restartServer': ({ client }) => client.restart(),
};

/** Registers the table; what a command throws is shown once, with the way to the log. */
export function registerCommands(
  context: vscode.ExtensionContext,
  commandContext: CommandContext,
): void {
  for (const [id, run] of Object.entries(COMMANDS)) {
    const guarded = async () => {
      try {
        await run(commandContext);
      } catch (error) {
        if (!(error instanceof vscode.CancellationError)) {
          await showError(commandContext, error);
        }
      }
    };
    context.subscriptions.push(vscode.commands.registerCommand(id, guarded));
  }
}

async function showError({ log }: CommandContext, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  log.error(message);
  const shown = message.startsWith('BatCoder') ? message : `BatCoder: ${message}`;
  if (await vscode.window.showErrorMessage(shown, 'Show Log')) {
    log.show();
  }
}

async function stopTraining({ client }: CommandContext): Promise<void> {
  const { stopped } = await client.execute(StopTrainingCommand, []);
  if (!stopped) {
    void vscode.window.showInformationMessage('BatCoder: no training is running.');
  }
}

/** Documents the function under the cursor; the language client registered the command and shows the rest. */
async function documentFunction(): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    void vscode.window.showInformationMessage(
      'BatCoder: open a file and put the cursor on a function.',
    );
    return;
  }
  const { document, selection } = editor;
  await vscode.commands.executeCommand(
    DocumentCommand.command,
    document.uri.toString(),
    selection.active.line,
  );
}
