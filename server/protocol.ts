/**
 * What the editor and the language server say to each other beyond the language server protocol.
 * Every message stands here once, with its direction and the reason for it. `extension/` imports this
 * file and nothing else of `server/`, so it imports nothing itself.
 */

/** A message that is answered. The type parameters hold what is sent and what comes back. */
export interface RequestMessage<Params, Result> {
  readonly method: string;
  /** Never set: carries the types. */
  readonly types?: (params: Params) => Result;
}

/** A message that is not answered. */
export interface NotificationMessage<Params> {
  readonly method: string;
  /** Never set: carries the type. */
  readonly types?: (params: Params) => void;
}

/** 0-based line and UTF-16 column. */
interface TextPosition {
  line: number;
  character: number;
}

interface TextRange {
  start: TextPosition;
  end: TextPosition;
}

/** A place in an open file. */
interface FilePlace {
  uri: string;
  position: TextPosition;
}

// --- what an editor tells in `initializationOptions`

/** All are optional: a plain language client need not send any. */
export interface InitializationOptions {
  /** The editor runs `command:` links in hovers; without it hovers point to the code action instead. */
  commandLinks?: boolean;
  /** The editor shows `batcoder/trainingProgress` and the outcome itself; else the server does, the standard way. */
  drawsTraining?: boolean;
  /** Settings for clients that do not answer `workspace/configuration`. */
  settings?: Partial<Settings>;
}

/** The section of the settings that the server asks for with `workspace/configuration`. */
export const SETTINGS_SECTION = 'batcoder';

/** As in `contributes.configuration` of package.json, where each is described. */
export interface Settings {
  hover: { enabled: boolean };
  ghostText: { enabled: boolean };
  /** Doc style by language id; a language that is not named gets the style of its file. */
  docStyle: Record<string, string>;
  /** `minutes` bound a training; `steps` 0 means as many as they allow. */
  training: { minutes: number; steps: number };
  /** 0: all cores; negative: all but so many. */
  threads: number;
  modelPath: string;
  /** What computes, by name; `auto`: BATCODER_BACKEND, else the best that works. */
  backend: string;
}

export const DEFAULT_SETTINGS: Settings = {
  hover: { enabled: true },
  ghostText: { enabled: true },
  docStyle: {},
  training: { minutes: 10, steps: 0 },
  threads: 0,
  modelPath: '',
  backend: 'auto',
};

/** The setting that names the program to run the server with: the client's alone. */
export const SERVER_NODE_SETTING = 'server.node';

// --- commands that the server runs for `workspace/executeCommand`, so that every language client has them

/** A command of the server; the type parameters hold its arguments and what it answers. */
export interface ServerCommand<Arguments extends readonly unknown[], Result> {
  readonly command: string;
  /** Never set: carries the types. */
  readonly types?: (...args: Arguments) => Result;
}

/**
 * Writes a doc for the function at a line of an open file; the edit comes by `workspace/applyEdit`. Where
 * there is none to give, a message says why. The same command serves hover links and code actions.
 */
export const DocumentCommand: ServerCommand<[uri: string, line: number], DocumentOutcome> = {
  command: 'batcoder.server.document',
};

/** Trains on the workspace; answered when the training ended. Cancelling the request stops the training. */
export const TrainCommand: ServerCommand<[params: TrainParams], TrainOutcome> = {
  command: 'batcoder.server.train',
};

/** Stops the training that runs, whoever started it, with its progress saved. */
export const StopTrainingCommand: ServerCommand<[], { stopped: boolean }> = {
  command: 'batcoder.server.stopTraining',
};

/** The training that was stopped, or whose process died, and that `resume` would go on with. */
export const ResumableCommand: ServerCommand<[], ResumableTraining | null> = {
  command: 'batcoder.server.resumableTraining',
};

/** Commands of the extension that hovers may link to. */
export const EDITOR_COMMANDS = {
  train: 'batcoder.trainOnWorkspace',
  showLog: 'batcoder.showLog',
} as const;

// --- the state of the model

/** What the status item shows. */
export type ModelState =
  | { kind: 'starting' }
  | {
      kind: 'ready';
      model: string;
      /** Number of weights. */
      parameters: number;
      /** In what form the model's folder holds them, in words. */
      weights: string;
      /** The adapter in use, or null for the base model. */
      adapter: string | null;
      backend: string;
      /** Why that one, and what it computes on: for the log. */
      backendReason: string;
      /** Whether nothing of this workspace has been learnt yet. */
      builtIn: boolean;
    }
  | { kind: 'training'; phase: string; fraction: number; etaSeconds: number | null }
  /** Nothing will work until the server is restarted. */
  | { kind: 'failed'; message: string };

/** Server to client, on every change: the status item needs it without asking. */
export const StateChanged: NotificationMessage<ModelState> = { method: 'batcoder/state' };

// --- training

export interface TrainParams {
  /** Both as in the settings, which hold where these are left out. */
  minutes?: number;
  steps?: number;
  /** Go on with the last training, which was stopped. */
  resume?: boolean;
}

/** A training to go on with. */
export interface ResumableTraining {
  /** When it began: ISO 8601. */
  startedAt: string;
}

/** How a training ended. */
export interface TrainOutcome {
  /** `stopped` can be resumed; `cipher`: the docs were becoming a private code, so it ended early. */
  ended: 'finished' | 'stopped' | 'cipher';
  /** Mean held-out score in [0,1] before and after; null where the run ended before it was measured. */
  before: number | null;
  after: number | null;
  /** Whether the result is in use now. */
  adopted: boolean;
  steps: number;
  seconds: number;
  /** Where the run's metrics and checkpoints are; null where it was stopped before there were any. */
  runFolder: string | null;
}

export interface TrainingProgress {
  phase: string;
  /** Of the whole run, in [0,1]. */
  fraction: number;
  message: string;
  /** Measured, not guessed; null until enough was seen. */
  etaSeconds: number | null;
  step: number | null;
}

/**
 * Server to client while a training runs. Progress that a server starts by the standard way is shown in
 * the status bar without percent or a cancel button; the client draws this one itself.
 */
export const TrainingProgressed: NotificationMessage<TrainingProgress> = {
  method: 'batcoder/trainingProgress',
};

// --- documenting and generating

/** What came of a wish to document a function. */
export type DocumentOutcome =
  | {
      kind: 'inserted';
      /** Qualified name of the function. */
      name: string;
      /** How much of the code can be rebuilt from the doc, in [0,1]; null where it was not measured. */
      roundTrip: number | null;
    }
  | { kind: 'refused'; reason: string };

export interface GenerateParams extends FilePlace {
  /** The most candidates to come back. */
  count: number;
}

export interface CodeCandidate {
  /** Replaces `range` of the outcome. */
  newText: string;
  /** How well the code's own doc matches the one asked for, in [0,1]. */
  score: number;
}

export type GenerateOutcome =
  | {
      kind: 'code';
      range: TextRange;
      candidates: CodeCandidate[];
      /** Why there are fewer than asked for, or none. */
      reason: string | null;
      version: number;
    }
  | { kind: 'refused'; reason: string };

/** Client to server: code for the doc comment at a place, best first. The standard has no request for it. */
export const GenerateRequest: RequestMessage<GenerateParams, GenerateOutcome> = {
  method: 'batcoder/generate',
};

// --- languages

/** The editor's ids of the languages that BatCoder knows; a test holds it equal to the language table. */
export const EDITOR_LANGUAGES: readonly string[] = [
  'typescript',
  'typescriptreact',
  'javascript',
  'javascriptreact',
  'python',
  'go',
  'java',
  'rust',
  'c',
  'cpp',
  'cuda-cpp',
  'ruby',
  'php',
  'csharp',
  'kotlin',
  'scala',
  'lua',
  'shellscript',
];
