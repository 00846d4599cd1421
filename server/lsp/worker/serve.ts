import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { UserError } from '../../util/errors.js';
import type { CallMessage, ErrorMessage, FromWorker, ToWorker, WorkerCalls } from './messages.js';

type Answer<K extends keyof WorkerCalls> = Promise<WorkerCalls[K]['result']>;
type Params<K extends keyof WorkerCalls> = WorkerCalls[K]['params'];

/** What the worker can do. Calls come one after another, but for a training: the others go on beside it. */
export interface Handlers {
  open(params: Params<'open'>): Answer<'open'>;
  document(params: Params<'document'>, signal: AbortSignal): Answer<'document'>;
  generate(params: Params<'generate'>, signal: AbortSignal): Answer<'generate'>;
  /** @param yieldToRequests to be awaited between micro-steps: returns when no request waits any more */
  train(
    params: Params<'train'>,
    signal: AbortSignal,
    yieldToRequests: () => Promise<void>,
  ): Answer<'train'>;
}

export type Send = (message: FromWorker) => void;

/** Answers the calls that come through the port; an error is an answer too, so a call never hangs. */
export function serveWorker(port: MessagePort, handlersFor: (send: Send) => Handlers): void {
  const send: Send = (message) => port.postMessage(message);
  const handlers = handlersFor(send);
  const running = new Map<number, AbortController>();
  let queue: Promise<void> = Promise.resolve();
  let waiting = 0;

  const yieldToRequests = async () => {
    await nextTurn(); // messages that have arrived are taken from the port here
    while (waiting > 0) {
      await queue;
    }
  };

  const answer = async (message: CallMessage, controller: AbortController) => {
    const { id } = message;
    try {
      controller.signal.throwIfAborted();
      const value = await run(message, controller.signal);
      send({ type: 'result', id, value });
    } catch (error) {
      send({ type: 'error', id, error: describe(error) });
    } finally {
      running.delete(id);
    }
  };

  const run = (message: CallMessage, signal: AbortSignal) => {
    switch (message.kind) {
      case 'open':
        return handlers.open(message.params);
      case 'document':
        return handlers.document(message.params, signal);
      case 'generate':
        return handlers.generate(message.params, signal);
      case 'train':
        return handlers.train(message.params, signal, yieldToRequests);
    }
  };

  port.on('message', (message: ToWorker) => {
    if (message.type === 'cancel') {
      running.get(message.id)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(message.id, controller);
    if (message.kind === 'train') {
      void queue.then(() => answer(message, controller));
      return;
    }
    waiting += 1;
    queue = queue
      .then(() => answer(message, controller))
      .finally(() => {
        waiting -= 1;
      });
  });
}

function describe(error: unknown): ErrorMessage {
  const { message, stack = null } = error instanceof Error ? error : new Error(String(error));
  return { message, stack, forUser: error instanceof UserError };
}
