import * as vscode from 'vscode';
import { createClient } from './client.js';
import { registerCommands } from './commands.js';
import { StatusItem } from './statusItem.js';

/** Starts the language server without keeping the editor waiting. */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('BatCoder', { log: true });
  const status = new StatusItem();
  const client = createClient(context, log);
  client.onState((state) => status.show(state));
  context.subscriptions.push(log, status, client);
  registerCommands(context, { client, log });
  // VS Code tells nobody when starting fails.
  client.start().catch((error: unknown) => client.failed(error));
}
