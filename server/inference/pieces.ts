import { generate } from '../model/generation.js';
import type { LoadedModel } from './loadedModel.js';

/** How a piece of a doc is decoded. */
export interface PieceOptions {
  /** 0: greedy. */
  temperature: number;
  maxTokens: number;
  seed: number;
  signal?: AbortSignal;
}

/**
 * Lets the model go on from each context up to the end of the line.
 * @returns the line's text, white space taken off; empty where the model stopped at once, ran over the cap, or wrote
 * a tag of its own
 */
export async function writeLines(
  { model, tokenizer, prompts }: LoadedModel,
  contexts: readonly number[][],
  options: PieceOptions,
): Promise<string[]> {
  if (contexts.length === 0) {
    return [];
  }
  const generations = await generate(model, contexts, {
    maxNewTokens: options.maxTokens,
    temperature: options.temperature,
    topP: 0.95,
    seed: options.seed,
    stopIds: prompts.stopIds,
    // A leading newline is not yet the end of a line that has begun.
    stop: (_row, ids) => tokenizer.decode(ids).trimStart().includes('\n'),
    signal: options.signal,
  });
  options.signal?.throwIfAborted();
  return generations.map(({ ids, finish }) => {
    const line = prompts.readDoc(ids).trimStart().split('\n')[0].trim();
    return finish === 'length' || line.startsWith('@') ? '' : line;
  });
}
