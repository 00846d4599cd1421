import type { CancellationToken } from 'vscode-languageserver';
import { type GenerateOutcome, type GenerateParams, GenerateRequest } from '../protocol.js';
import { UserError } from '../util/errors.js';
import { withLineEnds } from './docEdit.js';
import type { Feature, ServerContext } from './feature.js';
import { abortSignal } from './signal.js';
import { languageOf, MAX_TEXT } from './units.js';

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
  const language = document ? languageOf(document) : null;
  if (!document || !language) {
    return { kind: 'refused', reason: 'BatCoder does not know the language of this file.' };
  }
  if (document.getText().length > MAX_TEXT) {
    return {
      kind: 'refused',
      reason: 'This file is too long for BatCoder (more than a million characters).',
    };
  }
  const obstacle = context.status.obstacle();
  if (obstacle !== null) {
    return { kind: 'refused', reason: obstacle };
  }
  context.docs.yieldBackground();
  const { version } = document;
  const text = document.getText();
  try {
    const { range, candidates } = await context.model.call(
      'generate',
      {
        text,
        language: language.id,
        line: position.line,
        count: Math.min(MOST_CANDIDATES, Math.max(1, Math.trunc(count) || 1)),
      },
      signal,
    );
    const fitted = candidates.map((each) => ({
      ...each,
      newText: withLineEnds(each.newText, text),
    }));
    return { kind: 'code', range, candidates: fitted, version };
  } catch (error) {
    if (error instanceof UserError) {
      return { kind: 'refused', reason: error.message };
    }
    throw error;
  }
}
