import type {
  ClientCapabilities,
  Connection,
  ServerCapabilities,
  TextDocuments,
} from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { InitializationOptions, TrainingProgress } from '../protocol.js';
import type { DocService } from './docs.js';
import type { ModelStatus } from './modelStatus.js';
import type { SettingsStore } from './settings.js';
import type { UnitIndex } from './units.js';
import type { ModelWorker } from './worker/modelWorker.js';

/** What features share. */
export interface ServerContext {
  connection: Connection;
  documents: TextDocuments<TextDocument>;
  settings: SettingsStore;
  units: UnitIndex;
  docs: DocService;
  model: ModelWorker;
  status: ModelStatus;
  /** Filled by `initialize`, before any other message. */
  client: { capabilities: ClientCapabilities; options: InitializationOptions };
  /** The folder that is learnt; null without one. Known after `initialize`. */
  workspaceRoot(): string | null;
  onProgress(listener: (progress: TrainingProgress) => void): void;
  /** After another model came into use: what the old one wrote is of no use. */
  onModelChange(listener: () => void): void;
}

/** One feature of the language server: what it announces, and the handlers it installs. */
export interface Feature {
  readonly capabilities: ServerCapabilities;
  register(context: ServerContext): void;
}
