import type { CancellationToken } from 'vscode-languageserver';

/** The cancellation of a request as the signal that the rest of the server takes. */
export function abortSignal(...tokens: CancellationToken[]): AbortSignal {
  const controller = new AbortController();
  for (const token of tokens) {
    if (token.isCancellationRequested) {
      controller.abort();
    }
    token.onCancellationRequested(() => controller.abort());
  }
  return controller.signal;
}
