import type * as vscode from 'vscode';
import type { Client } from './client.js';

/** What commands need of the extension. */
export interface CommandContext {
  client: Client;
  log: vscode.LogOutputChannel;
}
