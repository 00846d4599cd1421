import type { CodeCandidate, CodeRequest } from './candidates.js';
import type { LoadedModel } from './loadedModel.js';
import { rankCodes } from './ranking.js';
import { attemptCodes, COLD, RETRIES } from './writeCodes.js';

export interface CodeAnswer {
  /** Best first, no two alike, each a whole unit without a syntax error. */
  candidates: CodeCandidate[];
  /** Why there are fewer than were asked for; null where there are not. */
  reason: string | null;
}

const TEMPERATURE = 0.8;
const MAX_TOKENS = 320;

/** What came of the attempts. */
interface Tally {
  attempts: number;
  broken: number;
  unfinished: number;
  alike: number;
}

/**
 * Writes code for a doc: the first candidate greedy and the others sampled, each ended where its unit ends. What is no
 * whole unit is sampled again, then withheld. Where a function stands before it, every other candidate is written
 * without a look at it: a small model may copy it, whatever the doc says.
 * @param count candidates to come back at most
 */
export async function generateCode(
  loaded: LoadedModel,
  request: CodeRequest,
  count: number,
  options: { seed?: number; signal?: AbortSignal } = {},
): Promise<CodeAnswer> {
  const { seed = 0, signal } = options;
  const found = new Map<string, Omit<CodeCandidate, 'score'>>();
  const tally: Tally = { attempts: 0, broken: 0, unfinished: 0, alike: 0 };
  const asked =
    request.before === undefined ? [request] : [request, { ...request, before: undefined }];
  for (let round = 0; found.size < count && round <= RETRIES; round++) {
    const again = round > 0 && found.size === 0 ? COLD : TEMPERATURE;
    const attempts = await attemptCodes(
      loaded,
      Array.from({ length: count - found.size }, (_, i) => ({
        ...asked[i % asked.length],
        temperature: round === 0 && i < asked.length ? 0 : again,
      })),
      { maxTokens: MAX_TOKENS, seed: seed + 1000 * round, signal },
    );
    for (const attempt of attempts) {
      tally.attempts++;
      if (attempt.rest === null) {
        if (attempt.fault === 'no room') {
          return {
            candidates: [],
            reason: 'The doc and the signature are too long for this model.',
          };
        }
        tally[attempt.fault]++;
        continue;
      }
      const code = request.signature + attempt.rest;
      const key = code.replace(/\s+/g, ' ');
      if (found.has(key)) {
        tally.alike++;
      } else {
        found.set(key, { code, body: attempt.rest });
      }
    }
  }
  return {
    candidates: await rankCodes(loaded, request, [...found.values()], signal),
    reason: shortage(found.size, count, tally),
  };
}

function shortage(found: number, wanted: number, tally: Tally): string | null {
  if (found >= wanted) {
    return null;
  }
  const { attempts, broken, unfinished, alike } = tally;
  const why = [
    broken > 0 ? `${broken} had a syntax error` : '',
    unfinished > 0 ? `${unfinished} did not come to an end` : '',
    alike > 0 ? `${alike} said the same again` : '',
  ].filter((part) => part !== '');
  const what = `of ${attempts} attempts ${why.join(', ')}`;
  return found === 0
    ? `No whole function came out: ${what}. Train longer, or write the signature under the comment.`
    : `Only ${found} different: ${what}.`;
}
