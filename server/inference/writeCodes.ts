import { loadParser } from '../languages/parser.js';
import { generate } from '../model/generation.js';
import type { CodeRequest } from './candidates.js';
import type { LoadedModel } from './loadedModel.js';
import { withRetries } from './retries.js';
import { UnitEnd } from './unitEnd.js';

/** Where greedy code did not parse, cold samples keep to what the model is sure of. */
export const COLD = 0.5;
const TOP_P = 0.95;
/** How often what is no whole unit is sampled again. */
export const RETRIES = 3;
/** Less room is not worth an attempt. */
const LEAST_ROOM = 8;

export interface CodeOptions {
  /** Tokens of a code after its signature, at most: for all or each. */
  maxTokens: number | readonly number[];
  seed: number;
  signal?: AbortSignal;
}

/** What came of one attempt: what follows the signature, ended where its unit ends; else what was wrong. */
export type CodeAttempt =
  | { rest: string }
  | { rest: null; fault: 'broken' | 'unfinished' | 'no room' };

/** One attempt each, all decoded together; a row ends where the syntax tree says that its unit ends. */
export async function attemptCodes(
  loaded: LoadedModel,
  requests: readonly (CodeRequest & { temperature: number })[],
  options: CodeOptions,
): Promise<CodeAttempt[]> {
  const { model, tokenizer, prompts } = loaded;
  const { maxTokens } = options;
  const rows = await Promise.all(
    requests.map(async ({ language, doc, signature, before, temperature }, index) => {
      const wanted = typeof maxTokens === 'number' ? maxTokens : maxTokens[index];
      const { contextLength } = model.config;
      let prompt = prompts.generate(language, doc, signature, before);
      if (before !== undefined && contextLength - prompt.length < wanted) {
        prompt = prompts.generate(language, doc, signature);
      }
      const room = contextLength - prompt.length;
      const cap = Math.min(room, wanted);
      const end = new UnitEnd(await loadParser(language), signature);
      return { index, prompt, room, cap, temperature, end };
    }),
  );
  const live = rows.filter(({ room }) => room >= LEAST_ROOM);
  const attempts = rows.map((): CodeAttempt => ({ rest: null, fault: 'no room' }));
  if (live.length === 0) {
    return attempts;
  }
  const generations = await generate(
    model,
    live.map(({ prompt }) => prompt),
    {
      maxNewTokens: live.map(({ cap }) => cap),
      temperature: live.map(({ temperature }) => temperature),
      topP: TOP_P,
      seed: options.seed,
      stopIds: prompts.stopIds,
      stop: (row, ids) => {
        const text = tokenizer.decode(ids);
        const fenced = prompts.codeEnd !== null && text.includes(prompts.codeEnd);
        return fenced || live[row].end.reached(text);
      },
      signal: options.signal,
    },
  );
  options.signal?.throwIfAborted();
  generations.forEach(({ ids, finish }, i) => {
    const closed = finish === 'stop';
    const rest = live[i].end.rest(prompts.readCode(ids), closed);
    attempts[live[i].index] =
      rest === null ? { rest, fault: closed ? 'broken' : 'unfinished' } : { rest };
  });
  return attempts;
}

/**
 * Writes one code for each request, greedily; what is no whole unit is sampled again, then withheld.
 * @returns what follows each signature (the whole code where it is empty), in the order of the requests; null: withheld
 */
export async function writeCodes(
  loaded: LoadedModel,
  requests: readonly CodeRequest[],
  options: CodeOptions,
): Promise<(string | null)[]> {
  const { maxTokens, seed, signal } = options;
  return withRetries(requests.length, RETRIES, async (open, round) => {
    const attempts = await attemptCodes(
      loaded,
      open.map((i) => ({ ...requests[i], temperature: round === 0 ? 0 : COLD })),
      {
        maxTokens: typeof maxTokens === 'number' ? maxTokens : open.map((i) => maxTokens[i]),
        seed: seed + 1000 * round,
        signal,
      },
    );
    return attempts.map(({ rest }) => rest);
  });
}
