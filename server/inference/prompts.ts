import type { LanguageId } from '../languages/types.js';
import type { Tokenizer } from '../model/tokenizer/tokenizer.js';
import type { UnitView } from './view.js';
import { identifierWords } from './words.js';

/** The special tokens of models made here, in the order of their ids. */
export const SPECIAL_TOKENS = [
  '<|endoftext|>',
  '<|document|>',
  '<|generate|>',
  '<|code|>',
  '<|doc|>',
  '<|signature|>',
  '<|body|>',
  '<|fill|>',
] as const;

/** What a doc is asked for. */
export type DocumentedUnit = Pick<UnitView, 'language' | 'name' | 'code'>;

/** How a model is asked: by special tokens that it was trained on, or in words. */
export interface Prompts {
  readonly kind: 'tokens' | 'words';
  /** Code in, doc out. */
  document(unit: DocumentedUnit): number[];
  /**
   * Doc and signature in, the rest of the code out. An empty doc is allowed.
   * @param before the function that stands before it in the file; left out: none is shown
   */
  generate(language: LanguageId, doc: string, signature: string, before?: string): number[];
  /** What the model should answer to `document`, its end included. */
  docAnswer(doc: string): number[];
  /** What the model should answer to `generate`, its end included. */
  codeAnswer(rest: string): number[];
  /** The text of an answer, its end taken off. */
  readDoc(ids: ArrayLike<number>): string;
  readCode(ids: ArrayLike<number>): string;
  /** Each of these ids ends an answer. */
  readonly stopIds: number[];
  /** Whether a text so far holds the end of a code answer; null where only the stop ids end it. */
  readonly codeEnd: string | null;
}

/** The prompt form that fits a tokenizer: special tokens where it has them all, else words. */
export function promptsFor(tokenizer: Tokenizer): Prompts {
  const ids = SPECIAL_TOKENS.map((token) => tokenizer.tokenToId(token));
  return ids.every((id) => id !== undefined) ? tokenPrompts(tokenizer) : wordPrompts(tokenizer);
}

function tokenPrompts(tokenizer: Tokenizer): Prompts {
  const special = (token: (typeof SPECIAL_TOKENS)[number]): number => tokenizer.tokenToId(token)!;
  const eos = special('<|endoftext|>');
  const encode = (text: string): number[] => tokenizer.encode(text);
  return {
    kind: 'tokens',
    // The words of the name, spelt as in a sentence and next to the answer: a small model copies well, but has to learn
    // for each identifier what its tokens are in prose.
    document: ({ language, name, code }) => [
      special('<|document|>'),
      ...encode(`${language}\n`),
      special('<|code|>'),
      ...encode(code),
      special('<|signature|>'),
      ...identifierWords(name).flatMap((word) => encode(` ${word}`)),
      special('<|doc|>'),
    ],
    generate: (language, doc, signature, before) => [
      special(before === undefined ? '<|generate|>' : '<|fill|>'),
      ...encode(`${language}\n`),
      ...(before === undefined ? [] : [special('<|code|>'), ...encode(before)]),
      special('<|doc|>'),
      ...encode(doc),
      special('<|signature|>'),
      ...encode(signature),
      special('<|body|>'),
    ],
    docAnswer: (doc) => [...encode(doc), eos],
    codeAnswer: (rest) => [...encode(rest), eos],
    readDoc: (answer) => tokenizer.decode(withoutEnd(answer, [eos])),
    readCode: (answer) => tokenizer.decode(withoutEnd(answer, [eos])),
    stopIds: [eos],
    codeEnd: null,
  };
}

const FENCE_END = '\n```';

/** The same requests for a model of another make: as a chat where its tokenizer has the marks of one. */
function wordPrompts(tokenizer: Tokenizer): Prompts {
  const chatStart = tokenizer.tokenToId('<|im_start|>');
  const chatEnd = tokenizer.tokenToId('<|im_end|>');
  const stopIds = [tokenizer.eosId, ...(chatEnd === undefined ? [] : [chatEnd])];
  const end = chatEnd ?? tokenizer.eosId;
  const ask = (request: string, begun: string): number[] => {
    if (chatStart === undefined || chatEnd === undefined) {
      return tokenizer.encode(`${request}\n\n${begun}`);
    }
    const newline = tokenizer.encode('\n');
    return [
      chatStart,
      ...tokenizer.encode(`user\n${request}`),
      chatEnd,
      ...newline,
      chatStart,
      ...tokenizer.encode(`assistant\n${begun}`),
    ];
  };
  return {
    kind: 'words',
    document: ({ language, code }) =>
      ask(
        `\`\`\`${language}\n${code}\n\`\`\`\nDocument this function. First one sentence that says what it does. ` +
          'Then for each parameter a line `@param NAME what it is`. ' +
          'Then, only if it returns a value, a line `@returns what comes back`. No code, nothing else.',
        '',
      ),
    generate: (language, doc, signature, before) =>
      ask(
        (before === undefined
          ? ''
          : `A file has this function:\n\`\`\`${language}\n${before}\n\`\`\`\nThe next one follows.\n`) +
          `Write this function in ${language}.${doc === '' ? '' : `\n\n${doc}`}\n\nAnswer with the code alone.`,
        `\`\`\`${language}\n${signature}`,
      ),
    docAnswer: (doc) => [...tokenizer.encode(doc), end],
    codeAnswer: (rest) => [...tokenizer.encode(`${rest}${FENCE_END}`), end],
    readDoc: (answer) => tokenizer.decode(withoutEnd(answer, stopIds)).trim(),
    readCode: (answer) => beforeFence(tokenizer.decode(withoutEnd(answer, stopIds))),
    stopIds,
    codeEnd: FENCE_END,
  };
}

function withoutEnd(ids: ArrayLike<number>, ends: readonly number[]): number[] {
  const list = Array.from(ids);
  return list.length > 0 && ends.includes(list[list.length - 1]) ? list.slice(0, -1) : list;
}

function beforeFence(text: string): string {
  const end = text.indexOf(FENCE_END);
  return end < 0 ? text : text.slice(0, end);
}
