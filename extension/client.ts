import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import {
  type CancellationToken,
  ExecuteCommandRequest,
  LanguageClient,
  type LanguageClientOptions,
  type LSPAny,
  type ServerOptions,
  State,
  TransportKind,
} from 'vscode-languageclient/node';
import {
  DocumentCommand,
  EDITOR_COMMANDS,
  EDITOR_LANGUAGES,
  type InitializationOptions,
  type ModelState,
  type RequestMessage,
  SERVER_NODE_SETTING,
  type ServerCommand,
  SETTINGS_SECTION,
  StateChanged,
  type TrainingProgress,
  TrainingProgressed,
} from '../server/protocol.js';

/** What the status item shows: the model's state, or that there is no server to tell it. */
export type ViewState = ModelState | { kind: 'stopped'; message: string };

/** The language server as the rest of the extension sees it: typed messages and one state. */
export class Client implements vscode.Disposable {
  private readonly states = new vscode.EventEmitter<ViewState>();
  private readonly progress = new vscode.EventEmitter<TrainingProgress>();
  readonly onState = this.states.event;
  readonly onTrainingProgress = this.progress.event;
  private last: ViewState = { kind: 'starting' };

  constructor(
    private readonly language: LanguageClient,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.states.event((state) => {
      this.last = state;
    });
    language.onNotification(StateChanged.method, (state: ModelState) => this.states.fire(state));
    language.onNotification(TrainingProgressed.method, (progress: TrainingProgress) =>
      this.progress.fire(progress),
    );
    language.onDidChangeState(({ newState }) => {
      if (newState === State.Stopped) {
        this.states.fire({ kind: 'stopped', message: 'The language server is not running.' });
      } else if (newState === State.Starting) {
        this.states.fire({ kind: 'starting' });
      }
    });
  }

  get state(): ViewState {
    return this.last;
  }

  start(): Promise<void> {
    return this.language.start();
  }

  /** Also starts a server that never came up. */
  async restart(): Promise<void> {
    if (this.language.needsStop()) {
      await this.language.restart();
    } else {
      await this.language.start();
    }
  }

  /** Says that the server did not start. */
  failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.log.error(message);
    this.states.fire({ kind: 'stopped', message });
    void vscode.window
      .showErrorMessage(`BatCoder could not start its language server: ${message}`, 'Show Log')
      .then((choice) => choice && this.log.show());
  }

  request<Params, Result>(
    message: RequestMessage<Params, Result>,
    params: Params,
    token?: CancellationToken,
  ): Promise<Result> {
    return this.language.sendRequest<Result>(message.method, params, token);
  }

  /** Runs one of the server's commands. Cancelling the token cancels the command. */
  execute<Arguments extends readonly unknown[], Result>(
    { command }: ServerCommand<Arguments, Result>,
    args: Arguments,
    token?: CancellationToken,
  ): Promise<Result> {
    return this.language.sendRequest(
      ExecuteCommandRequest.type,
      { command, arguments: [...args] as LSPAny[] },
      token,
    ) as Promise<Result>;
  }

  dispose(): void {
    this.states.dispose();
    this.progress.dispose();
    void this.language.dispose();
  }
}

/** The program that a person wants the server to run in; undefined: VS Code's own Node. */
function serverNode(log: vscode.LogOutputChannel): string | undefined {
  const settings = vscode.workspace.getConfiguration(SETTINGS_SECTION);
  const path = settings.get<string>(SERVER_NODE_SETTING, '');
  // A relative path could name a file of the workspace.
  if (path !== '' && !isAbsolute(path)) {
    log.warn(
      `${SETTINGS_SECTION}.${SERVER_NODE_SETTING} is not a full path and is ignored: ${path}`,
    );
    return undefined;
  }
  return path || undefined;
}

export function createClient(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): Client {
  const module = context.asAbsolutePath('dist/server.js');
  const server: ServerOptions = {
    run: {
      module,
      transport: TransportKind.ipc,
      // Read at each start.
      get runtime() {
        return serverNode(log);
      },
    },
    debug: { module, transport: TransportKind.ipc, options: { execArgv: ['--inspect=6009'] } },
  };
  const initializationOptions: InitializationOptions = { commandLinks: true, drawsTraining: true };
  const options: LanguageClientOptions = {
    documentSelector: EDITOR_LANGUAGES.flatMap((language) => [
      { scheme: 'file', language },
      { scheme: 'untitled', language },
    ]),
    outputChannel: log,
    initializationOptions,
    synchronize: { configurationSection: SETTINGS_SECTION },
    markdown: {
      isTrusted: { enabledCommands: [DocumentCommand.command, ...Object.values(EDITOR_COMMANDS)] },
    },
    middleware: {
      // Writing a doc takes seconds: say so where the eye is not disturbed.
      executeCommand: (command, args, next) => {
        const run = () => Promise.resolve(next(command, args) as Promise<unknown>);
        const title = 'BatCoder: writing the doc';
        return command === DocumentCommand.command
          ? vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, run)
          : run();
      },
    },
  };
  return new Client(new LanguageClient('batcoder', 'BatCoder', server, options), log);
}
