import { loadParser } from '../languages/parser.js';
import { generate } from '../model/generation.js';
import type { CodeCandidate, CodeRequest } from './candidates.js';
import type { LoadedModel } from './loadedModel.js';
import { rankCodes } from './ranking.js';
import { UnitEnd } from './unitEnd.js';

export interface CodeAnswer {
  /** Best first, no two alike, each a whole unit without a syntax error. */
  candidates: CodeCandidate[];
  /** Why there are fewer than were asked for; null where there are not. */
  reason: string | null;
}

const TEMPERATURE = 0.8;
/** Where nothing parsed, colder samples keep to what the model is sure of. */
const COLD = 0.5;
const TOP_P = 0.95;
const MAX_TOKENS = 320;
/** How often what is no whole unit is sampled again. */
const RETRIES = 3;

/** What came of the attempts. */
interface Tally {
  attempts: number;
  unfinished: number;
  broken: number;
  alike: number;
}

/**
 * Writes code for a doc: one greedy candidate and the others sampled, each ended where the syntax tree says that its
 * unit ends. What is no whole unit is sampled again, then withheld.
 * @param count candidates to come back at most
 */
export async function generateCode(
  loaded: LoadedModel,
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
  const parser = await loadParser(request.language);
  const found = new Map<string, Omit<CodeCandidate, 'score'>>();
  const tally: Tally = { attempts: 0, unfinished: 0, broken: 0, alike: 0 };
  const attempt = async (temperatures: readonly number[], rowSeed: number): Promise<void> => {
    const ends = temperatures.map(() => new UnitEnd(parser, request.signature));
    const { stopIds, codeEnd } = loaded.prompts;
    const generations = await generate(
      loaded.model,
      temperatures.map(() => prompt),
      {
        maxNewTokens: Math.min(MAX_TOKENS, room),
        temperature: temperatures,
        topP: TOP_P,
        seed: rowSeed,
        stopIds,
        stop: (row, ids) => {
          const text = loaded.tokenizer.decode(ids);
          return (codeEnd !== null && text.includes(codeEnd)) || ends[row].reached(text);
        },
        signal,
      },
    );
    signal?.throwIfAborted();
    generations.forEach(({ ids, finish }, row) => {
      tally.attempts++;
      const closed = finish === 'stop';
      const body = ends[row].rest(loaded.prompts.readCode(ids), closed);
      const code = request.signature + (body ?? '');
      const key = code.replace(/\s+/g, ' ');
      if (body === null) {
        tally[closed ? 'broken' : 'unfinished']++;
      } else if (found.has(key)) {
        tally.alike++;
      } else {
        found.set(key, { code, body, parses: true });
      }
    });
  };
  await attempt([0, ...Array<number>(count - 1).fill(TEMPERATURE)], seed);
  for (let retry = 1; found.size < count && retry <= RETRIES; retry++) {
    const temperature = found.size === 0 ? COLD : TEMPERATURE;
    await attempt(Array<number>(count - found.size).fill(temperature), seed + 1000 * retry);
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
