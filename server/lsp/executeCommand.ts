import type { CancellationToken, ExecuteCommandParams } from 'vscode-languageserver';
import { LSPErrorCodes, ResponseError } from 'vscode-languageserver';
import {
  DocumentCommand,
  type DocumentOutcome,
  ResumableCommand,
  type ResumableTraining,
  StopTrainingCommand,
  TrainCommand,
  type TrainParams,
} from '../protocol.js';
import { resumableRun } from '../store/runs.js';
import { UserError } from '../util/errors.js';
import type { Feature, ServerContext } from './feature.js';
import { abortSignal } from './signal.js';
import { tell } from './tell.js';
import { Training } from './training.js';
import { unitOnLine } from './units.js';

/** The commands of protocol.ts. */
export const executeCommand: Feature = {
  capabilities: {
    executeCommandProvider: {
      commands: [DocumentCommand, TrainCommand, StopTrainingCommand, ResumableCommand].map(
        ({ command }) => command,
      ),
    },
  },
  register(context) {
    const training = new Training(context);
    context.connection.onExecuteCommand((params, token) => run(context, training, params, token));
  },
};

/** A request that no client that follows protocol.ts sends. */
const INVALID_PARAMS = -32602;

async function run(
  context: ServerContext,
  training: Training,
  { command, arguments: given = [] }: ExecuteCommandParams,
  token: CancellationToken,
): Promise<unknown> {
  switch (command) {
    case DocumentCommand.command: {
      const [uri, line] = given as unknown[];
      if (typeof uri !== 'string' || !Number.isInteger(line)) {
        throw new ResponseError(INVALID_PARAMS, `${command} takes a file's uri and a line number.`);
      }
      return documentFunction(context, uri, line as number, token);
    }
    case TrainCommand.command:
      return training.run(trainParams(given[0]), token).catch(forClient);
    case StopTrainingCommand.command:
      return { stopped: training.stop() };
    case ResumableCommand.command:
      return resumableTraining(context);
    default:
      throw new ResponseError(INVALID_PARAMS, `BatCoder has no command ${command}.`);
  }
}

/** The message as it is: anything else would reach the client wrapped in a sentence about the request. */
function forClient(error: unknown): never {
  throw error instanceof UserError
    ? new ResponseError(LSPErrorCodes.RequestFailed, error.message)
    : error;
}

function trainParams(given: unknown): TrainParams {
  const { minutes, steps, resume } = (given ?? {}) as TrainParams;
  const isPositive = (value: unknown): value is number => typeof value === 'number' && value > 0;
  return {
    ...(isPositive(minutes) ? { minutes } : {}),
    ...(isPositive(steps) ? { steps: Math.ceil(steps) } : {}),
    resume: resume === true,
  };
}

function resumableTraining(context: ServerContext): ResumableTraining | null {
  const root = context.workspaceRoot();
  const run = root === null ? null : resumableRun(root);
  return run && { startedAt: run.startedAt };
}

/** Writes the doc into the file, or says why not. */
async function documentFunction(
  context: ServerContext,
  uri: string,
  line: number,
  token: CancellationToken,
): Promise<DocumentOutcome> {
  try {
    return await insertDoc(context, uri, line, abortSignal(token));
  } catch (error) {
    if (!(error instanceof UserError)) {
      throw error;
    }
    tell(context.connection, 'info', error.message);
    return { kind: 'refused', reason: error.message };
  }
}

async function insertDoc(
  context: ServerContext,
  uri: string,
  line: number,
  signal: AbortSignal,
): Promise<DocumentOutcome> {
  const document = context.documents.get(uri);
  const file = document && (await context.units.of(document));
  const unit = file && unitOnLine(file.units, line);
  if (!document || !unit) {
    throw new UserError('There is no function here: put the cursor on its first line.');
  }
  if (unit.doc !== null) {
    throw new UserError(`${unit.name} has a doc already.`);
  }
  let doc = await context.docs.document({ file, unit }, signal);
  if (document.version !== file.version) {
    // Typed on meanwhile: the doc still fits if the function is the same; it is checked in the file of now.
    const now = await context.units.of(document);
    const same = now?.units.find((each) => each.qualifiedName === unit.qualifiedName);
    const place = now && same && { file: now, unit: same };
    if (!place || same.doc !== null || !context.docs.cached(place)) {
      throw new UserError(`${unit.name} was changed while its doc was being written; try again.`);
    }
    doc = await context.docs.document(place, signal);
  }
  const { position, newText } = doc.edit;
  const edits = [{ range: { start: position, end: position }, newText }];
  const versioned = context.client.capabilities.workspace?.workspaceEdit?.documentChanges === true;
  const { applied } = await context.connection.workspace.applyEdit({
    label: `Document ${unit.name}`,
    edit: versioned
      ? { documentChanges: [{ textDocument: { uri, version: document.version }, edits }] }
      : { changes: { [uri]: edits } },
  });
  if (!applied) {
    throw new UserError(`The editor did not take the doc of ${unit.name}; try again.`);
  }
  return { kind: 'inserted', name: unit.qualifiedName, roundTrip: doc.roundTrip };
}
