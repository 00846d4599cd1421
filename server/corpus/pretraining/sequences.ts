import type { LanguageId } from '../../languages/types.js';
import { sha256 } from '../../util/hash.js';
import { Random } from '../../util/random.js';
import { withCallees } from './docCallees.js';
import type { PretrainingRecord } from './record.js';
import type { TokenSequence } from './tokenFile.js';

/** What sequences are made with: the prompt forms of the model, and its tokenizer. */
export interface SequenceParts {
  /** Code in, doc out. */
  document(unit: Pick<PretrainingRecord, 'language' | 'name' | 'code'>): number[];
  /** Doc and signature in, the rest of the code out; `before` is the unit that stands before it. */
  generate(language: LanguageId, doc: string, signature: string, before?: string): number[];
  docAnswer(doc: string): number[];
  codeAnswer(rest: string): number[];
  encode(text: string): number[];
  /** The id of a special token. */
  special(
    token: '<|code|>' | '<|doc|>' | '<|signature|>' | '<|body|>' | '<|fill|>' | '<|endoftext|>',
  ): number;
  /** What the model should write for a doc: its first sentences. */
  shortDoc(doc: string): string;
}

export interface SequenceOptions {
  /** Longer sequences are cut: code in a prompt at a line, an answer anywhere, then without its end token. */
  maxTokens: number;
  /** Share of docs asked for from the first lines of long code: these say most, and more docs fit into a token. */
  cutShare: number;
  /** Share of documented units that also make code from their doc. */
  generateShare: number;
  /** Share of documented units that also make a fill-in, where a unit stands before them in the file. */
  fillShare: number;
  /** Share of docs that code is asked for with that also name what the code calls: {@link withCallees}. */
  calleesShare: number;
  /** Share of units without doc that make body-from-signature. */
  emptyDocShare: number;
  /** Share of units without doc that stand as plain code. */
  plainShare: number;
}

/** Docs are the shortest answers and what people see first: all are taken, of the rest a part. */
export const DEFAULT_SHARES = {
  cutShare: 0.75,
  generateShare: 0.6,
  fillShare: 0.2,
  calleesShare: 0.33,
  emptyDocShare: 0.15,
  plainShare: 0.35,
} as const;

/** Room that a prompt leaves for its answer, in tokens. */
const LEAST_ANSWER = 64;
/** Tokens of a prompt whose code is cut short. */
const CUT_PROMPT = 128;
/** A longer unit before is not shown: characters. */
export const MAX_CONTEXT_CHARS = 1_600;

/**
 * The sequences of one file's units: documented ones both ways and sometimes as a fill-in; the others as plain code,
 * several in one sequence as they stand in the file, or as body from signature.
 */
export function* sequencesOf(
  units: readonly PretrainingRecord[],
  parts: SequenceParts,
  options: SequenceOptions,
  random: Random,
): Generator<TokenSequence> {
  const plain: PretrainingRecord[] = [];
  for (const [i, unit] of units.entries()) {
    if (unit.doc !== null) {
      yield* documented(unit, unit.doc, units[i - 1], parts, options, random);
      continue;
    }
    const draw = random.next();
    if (draw < options.emptyDocShare) {
      const prompt = parts.generate(unit.language, '', unit.signature);
      yield* answered(unit, 'generate', prompt, parts.codeAnswer(unit.rest), options);
    } else if (draw < options.emptyDocShare + options.plainShare) {
      plain.push(unit);
    }
  }
  yield* plainCode(plain, parts, options.maxTokens);
}

function* documented(
  unit: PretrainingRecord,
  doc: string,
  before: PretrainingRecord | undefined,
  parts: SequenceParts,
  options: SequenceOptions,
  random: Random,
): Generator<TokenSequence> {
  const answer = parts.docAnswer(parts.shortDoc(doc));
  const room = options.maxTokens - answer.length;
  const cut = random.next() < options.cutShare;
  const prompt = fittingPrompt(unit, parts, cut ? Math.min(room, CUT_PROMPT) : room);
  yield* answered(unit, 'document', prompt, answer, options);

  const rest = parts.codeAnswer(unit.rest);
  const told = toldDoc(doc, unit, options.calleesShare);
  if (random.next() < options.generateShare) {
    const asked = parts.generate(unit.language, told, unit.signature);
    yield* answered(unit, 'generate', asked, rest, options);
  }

  const draw = random.next();
  if (before !== undefined && before.code.length <= MAX_CONTEXT_CHARS && draw < options.fillShare) {
    const asked = parts.generate(unit.language, told, unit.signature, before.code);
    yield* answered(unit, 'fill', asked, rest, options);
  }
}

/** The doc that a unit's code is asked for with. Its draws hang on the unit alone, so that the share moves no other. */
function toldDoc(doc: string, unit: PretrainingRecord, calleesShare: number): string {
  const random = new Random(parseInt(sha256(unit.code).slice(0, 8), 16));
  return random.next() < calleesShare ? withCallees(doc, unit, random) : doc;
}

/** The prompt for a doc; code that does not fit is cut after a line. */
function fittingPrompt(unit: PretrainingRecord, parts: SequenceParts, room: number): number[] {
  let code = unit.code;
  for (;;) {
    const prompt = parts.document({ ...unit, code });
    if (prompt.length <= room || code === '') {
      return prompt;
    }
    const keep = Math.floor((code.length * room) / prompt.length) - 8;
    const line = code.lastIndexOf('\n', keep);
    code = keep <= 0 ? '' : code.slice(0, line > keep / 2 ? line : keep);
  }
}

function* answered(
  { language }: PretrainingRecord,
  objective: TokenSequence['objective'],
  prompt: number[],
  answer: number[],
  { maxTokens }: SequenceOptions,
): Generator<TokenSequence> {
  if (prompt.length + Math.min(LEAST_ANSWER, answer.length) <= maxTokens) {
    const ids = [...prompt, ...answer].slice(0, maxTokens);
    yield { ids, answerStart: prompt.length, objective, language };
  }
}

function* plainCode(
  units: readonly PretrainingRecord[],
  parts: SequenceParts,
  maxTokens: number,
): Generator<TokenSequence> {
  const between = parts.encode('\n\n');
  let ids: number[] = [];
  let language: LanguageId | null = null;
  const flush = function* (): Generator<TokenSequence> {
    if (language !== null) {
      ids = [...ids, parts.special('<|endoftext|>')].slice(0, maxTokens);
      yield { ids, answerStart: 0, objective: 'code', language };
    }
    language = null;
  };
  for (const unit of units) {
    const code = parts.encode(unit.code);
    if (language !== unit.language || ids.length + between.length + code.length + 1 > maxTokens) {
      yield* flush();
      ids = [parts.special('<|code|>'), ...parts.encode(`${unit.language}\n`), ...code];
      language = unit.language;
    } else {
      ids.push(...between, ...code);
    }
  }
  yield* flush();
}
