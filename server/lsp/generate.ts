import type { CancellationToken } from 'vscode-languageserver';
import { type GenerateOutcome, type GenerateParams, GenerateRequest } from '../protocol.js';
import { UserError } from '../util/errors.js';
import type { Feature, ServerContext } from './feature.js';
import { askedLine } from './ghostPlace.js';
import { abortSignal } from './signal.js';

/** Code for the doc comment at a place: the request behind "Generate Code from Comment". */
export const generate: Feature = {
  capabilities: {},
  register(context) {
    context.connection.onRequest(
      GenerateRequest.method,
      (params: GenerateParams, token: CancellationToken) =>
        answer(context, params, abortSignal(token)),
    );
  },
};

const MOST_CANDIDATES = 10;

async function answer(
  context: ServerContext,
  { uri, position, count }: GenerateParams,
  signal: AbortSignal,
): Promise<GenerateOutcome> {
  const document = context.documents.get(uri);
  const file = document && (await context.units.of(document));
  if (!file) {
    return {
      kind: 'refused',
      reason: 'BatCoder does not know the language of this file, or the file is too long for it.',
    };
  }
  const obstacle = context.status.obstacle();
  if (obstacle !== null) {
    return { kind: 'refused', reason: obstacle };
  }
  context.docs.yieldBackground();
  try {
    const { range, candidates, reason } = await context.model.call(
      'generate',
      {
        text: file.text,
        language: file.language.id,
        line: askedLine(file, position),
        count: Math.min(MOST_CANDIDATES, Math.max(1, Math.trunc(count) || 1)),
      },
      signal,
    );
    return { kind: 'code', range, candidates, reason, version: file.version };
  } catch (error) {
    if (error instanceof UserError) {
      return { kind: 'refused', reason: error.message };
    }
    throw error;
  }
}
