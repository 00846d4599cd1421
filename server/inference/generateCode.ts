import { generate } from '../model/generation.js';
import type { Similarity } from '../similarity/similarity.js';
import type { CodeCandidate, CodeRequest } from './candidates.js';
import type { LoadedModel } from './loadedModel.js';
import { rankCodes } from './ranking.js';

export interface CodeAnswer {
  /** Best first, no two alike, all of them parse. */
  candidates: CodeCandidate[];
  /** Why there are fewer than were asked for; null where there are not. */
  reason: string | null;
}

const TEMPERATURE = 0.8;
const TOP_P = 0.95;
const MAX_TOKENS = 320;
/** How often what does not parse is sampled again. */
const RETRIES = 3;

/**
 * Writes code for a doc: one greedy candidate and the others sampled, each cut where its unit ends. What does not
 * parse is sampled again, then withheld.
 * @param count candidates to come back at most
 */
export async function generateCode(
  loaded: LoadedModel,
  similarity: Similarity,
  request: CodeRequest,
  count: number,
  options: { seed?: number; signal?: AbortSignal } = {},
): Promise<CodeAnswer> {
  const { seed = 0, signal } = options;
  const prompt = loaded.prompts.generate(request.language, request.doc, request.signature);
  const room = loaded.model.config.contextLength - prompt.length;
  if (room < 8) {
    return { candidates: [], reason: 'The doc and the signature are too long for this model.' };
  }
  const found = new Map<string, Omit<CodeCandidate, 'score'>>();
  let tried = 0;
  const attempt = async (rows: number, temperature: number, rowSeed: number): Promise<void> => {
    if (rows === 0) {
      return;
    }
    const generations = await generate(
      loaded.model,
      Array.from({ length: rows }, () => prompt),
      {
        maxNewTokens: Math.min(MAX_TOKENS, room),
        temperature,
        topP: TOP_P,
        seed: rowSeed,
        stopIds: loaded.prompts.stopIds,
        signal,
      },
    );
    signal?.throwIfAborted();
    tried += rows;
    for (const { ids } of generations) {
      const body = wholeUnit(similarity, request.signature, loaded.prompts.readCode(ids));
      if (body !== null && body.trim() !== '') {
        const code = request.signature + body;
        found.set(code.replace(/\s+/g, ' '), { code, body, parses: true });
      }
    }
  };
  await attempt(1, 0, seed);
  await attempt(count - 1, TEMPERATURE, seed);
  for (let retry = 1; found.size < count && retry <= RETRIES; retry++) {
    await attempt(count - found.size, TEMPERATURE, seed + 1000 * retry);
  }
  const kept = [...found.values()].slice(0, count);
  return {
    candidates: await rankCodes(loaded, request, kept, signal),
    reason: shortage(kept.length, count, tried),
  };
}

/**
 * Cuts a continuation where its unit ends: the longest run of its lines that, with the signature, parses as one unit.
 * @returns null where no run does
 */
export function wholeUnit(
  similarity: Similarity,
  signature: string,
  continuation: string,
): string | null {
  const lines = continuation.trimEnd().split('\n');
  for (let count = lines.length; count > 0; count--) {
    const body = lines.slice(0, count).join('\n');
    if (similarity.parses(signature + body)) {
      return body;
    }
  }
  return null;
}

function shortage(found: number, wanted: number, tried: number): string | null {
  if (found >= wanted) {
    return null;
  }
  return found === 0
    ? `None of ${tried} attempts was code that parses. Train longer, or write the signature under the comment.`
    : `Only ${found} different codes out of ${tried} attempts parse.`;
}
