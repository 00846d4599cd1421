import {
  type Connection,
  type InitializeParams,
  type InitializeResult,
  TextDocuments,
  TextDocumentSyncKind,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { fileURLToPath } from 'node:url';
import type { InitializationOptions, TrainingProgress } from '../protocol.js';
import { codeAction } from './codeAction.js';
import { DocService } from './docs.js';
import { executeCommand } from './executeCommand.js';
import type { Feature, ServerContext } from './feature.js';
import { generate } from './generate.js';
import { hover } from './hover.js';
import { inlineCompletion } from './inlineCompletion.js';
import { ModelStatus } from './modelStatus.js';
import { SettingsStore } from './settings.js';
import { tell } from './tell.js';
import { UnitIndex } from './units.js';
import type { OpenParams } from './worker/messages.js';
import { ModelWorker } from './worker/modelWorker.js';

export interface ServerOptions {
  /** The bundle of the worker that owns the model. */
  workerFile: string;
  version: string;
}

const FEATURES: readonly Feature[] = [
  hover,
  codeAction,
  inlineCompletion,
  executeCommand,
  generate,
];

/** Runs the language server on a connection until the client ends it. */
export function startServer(connection: Connection, options: ServerOptions): void {
  const documents = new TextDocuments(TextDocument);
  const log = (line: string) => connection.console.info(line);
  const settings = new SettingsStore(connection);
  const status = new ModelStatus(connection);
  const progressListeners: ((progress: TrainingProgress) => void)[] = [];
  const modelListeners: (() => void)[] = [];
  let workspaceRoot: string | null = null;

  const openParams = (): OpenParams => {
    const { modelPath, threads, backend } = settings.latest;
    return { workspaceRoot, modelDir: modelPath === '' ? null : modelPath, threads, backend };
  };
  let openedWith = '';
  const model = new ModelWorker({
    file: options.workerFile,
    openParams() {
      const params = openParams();
      openedWith = JSON.stringify(params);
      return params;
    },
    onMessage(message) {
      if (message.type === 'progress') {
        progressListeners.forEach((listener) => listener(message.progress));
        return;
      }
      const { state } = message;
      status.set(state);
      if (state.kind === 'ready') {
        const millions = (state.parameters / 1e6).toFixed(1);
        log(
          `model ${state.model}: ${millions} million weights in ${state.weights}, on ${state.backend}: ${state.backendReason}`,
        );
      }
      modelListeners.forEach((listener) => listener());
    },
    onCrash(reason, restarting) {
      connection.console.error(`the model's thread stopped: ${reason}`);
      const what = restarting
        ? 'BatCoder: the model stopped unexpectedly and is being loaded again.'
        : 'BatCoder: the model stopped too often; use "BatCoder: Restart Server" to try again.';
      tell(connection, 'warning', `${what} The log says more ("BatCoder: Show Log").`);
      status.set(
        restarting ? { kind: 'starting' } : { kind: 'failed', message: 'it stopped too often' },
      );
    },
    onOutput: log,
  });
  const context: ServerContext = {
    connection,
    documents,
    settings,
    status,
    model,
    units: new UnitIndex(),
    docs: new DocService(model, status, settings, log),
    client: { capabilities: {}, options: {} },
    workspaceRoot: () => workspaceRoot,
    onProgress: (listener) => progressListeners.push(listener),
    onModelChange: (listener) => modelListeners.push(listener),
  };
  context.onModelChange(() => context.docs.clear());

  connection.onInitialize((params: InitializeParams): InitializeResult => {
    const given = (params.initializationOptions ?? {}) as InitializationOptions;
    context.client = { capabilities: params.capabilities, options: given };
    settings.initialize(given.settings, params.capabilities.workspace?.configuration === true);
    workspaceRoot = rootOf(params);
    return {
      capabilities: Object.assign(
        { textDocumentSync: TextDocumentSyncKind.Incremental },
        ...FEATURES.map((feature) => feature.capabilities),
      ) as InitializeResult['capabilities'],
      serverInfo: { name: 'batcoder', version: options.version },
    };
  });
  connection.onInitialized(async () => {
    await settings.get();
    log(
      `BatCoder ${options.version}, Node ${process.versions.node}, workspace ${workspaceRoot ?? 'none'}`,
    );
    model.start();
  });
  connection.onDidChangeConfiguration(async ({ settings: pushed }) => {
    await settings.changed(pushed);
    const isOpen = () => JSON.stringify(openParams()) === openedWith;
    if (!isOpen() && status.current.kind === 'training') {
      tell(connection, 'info', 'BatCoder: the change takes effect when the training has ended.');
    }
    await status.untilIdle();
    if (!isOpen()) {
      status.set({ kind: 'starting' });
      await model.restart();
    }
  });
  connection.onShutdown(() => model.dispose());
  for (const feature of FEATURES) {
    feature.register(context);
  }
  documents.onDidClose(({ document }) => context.units.forget(document.uri));
  documents.listen(connection);
  connection.listen();
}

/** The first folder of the workspace that is on this machine's disk: one model learns one workspace. */
function rootOf({ workspaceFolders, rootUri }: InitializeParams): string | null {
  const uris = [...(workspaceFolders ?? []).map((folder) => folder.uri), rootUri ?? ''];
  const local = uris.find((uri) => uri.startsWith('file:'));
  try {
    return local === undefined ? null : fileURLToPath(local);
  } catch {
    return null;
  }
}
