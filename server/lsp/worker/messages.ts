import type { Position, Range } from '../../corpus/unit.js';
import type { DocStyle, LanguageId } from '../../languages/types.js';
import type {
  CodeCandidate,
  ModelState,
  TrainingProgress,
  TrainOutcome,
  TrainParams,
} from '../../protocol.js';

/** What the main thread and the worker that owns the model say to each other. */

export interface OpenParams {
  workspaceRoot: string | null;
  modelDir: string | null;
  /** As in the settings. */
  threads: number;
  /** A backend's name, or `auto`. */
  backend: string;
}

interface DocumentParams {
  text: string;
  language: LanguageId;
  /** A line of the function's signature. */
  line: number;
  style: DocStyle | 'auto';
}

interface DocumentAnswer {
  comment: string;
  edit: { position: Position; newText: string };
  roundTrip: number | null;
}

interface GenerateCodeParams {
  text: string;
  language: LanguageId;
  /** A line of the doc comment, or of the signature that it belongs to. */
  line: number;
  count: number;
}

interface GenerateCodeAnswer {
  range: Range;
  candidates: CodeCandidate[];
  /** Why there are fewer than asked for, or none. */
  reason: string | null;
}

interface TrainCallParams extends Required<TrainParams> {
  /** Patterns of files to leave out, as in the editor's `files.exclude`. */
  exclude: string[];
}

/** Every call by name: what goes in and what comes back. */
export interface WorkerCalls {
  open: { params: OpenParams; result: ModelState };
  document: { params: DocumentParams; result: DocumentAnswer };
  generate: { params: GenerateCodeParams; result: GenerateCodeAnswer };
  train: { params: TrainCallParams; result: TrainOutcome };
}

export type CallKind = keyof WorkerCalls;

export type CallMessage = {
  [K in CallKind]: { type: 'call'; id: number; kind: K; params: WorkerCalls[K]['params'] };
}[CallKind];

export type ToWorker = CallMessage | { type: 'cancel'; id: number };

/** How an error crosses the threads; `forUser` says that the message is meant to be shown as it is. */
export interface ErrorMessage {
  message: string;
  stack: string | null;
  forUser: boolean;
}

export type FromWorker =
  | { type: 'result'; id: number; value: WorkerCalls[CallKind]['result'] }
  | { type: 'error'; id: number; error: ErrorMessage }
  | { type: 'progress'; progress: TrainingProgress }
  /** The model in use changed, for example because a training was adopted. */
  | { type: 'state'; state: ModelState };
