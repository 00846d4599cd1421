/** tokenizer.json, the format of Hugging Face tokenizers, as far as byte-level BPE needs it. */

interface AddedToken {
  id: number;
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
}

interface BpeModelJson {
  type: 'BPE';
  dropout: number | null;
  unk_token: string | null;
  continuing_subword_prefix: string | null;
  end_of_word_suffix: string | null;
  fuse_unk: boolean;
  byte_fallback: boolean;
  ignore_merges: boolean;
  vocab: Record<string, number>;
  /** "left right", or [left, right] in newer files. */
  merges: (string | [string, string])[];
}

export interface TokenizerJson {
  version: string;
  truncation: null;
  padding: null;
  added_tokens: AddedToken[];
  normalizer: Step | null;
  pre_tokenizer: Step | null;
  post_processor: Step | null;
  decoder: Step | null;
  model: BpeModelJson;
}

/** A normalizer, pre-tokenizer, post-processor or decoder: a type and its own fields. */
interface Step {
  type: string;
  [field: string]: unknown;
}

/** Everything of a file that the own encoder needs. */
export interface BpeDescription {
  nfc: boolean;
  maxDigits: number;
  ignoreMerges: boolean;
  vocab: Map<string, number>;
  merges: [string, string][];
  added: AddedToken[];
}

/** The pattern for splitting, with digits one by one (Qwen2) or in groups of up to three (Llama 3). */
function splitPattern(digits: string): string {
  return [
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
    '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+',
    digits,
    ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*',
    '\\s*[\\r\\n]+',
    '\\s+(?!\\S)',
    '\\s+',
  ].join('|');
}

const MAX_DIGITS_OF_PATTERN: ReadonlyMap<string, number> = new Map([
  [splitPattern('\\p{N}'), 1],
  [splitPattern('\\p{N}{1,3}'), 3],
]);

const BYTE_LEVEL: Step = {
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: false,
  use_regex: false,
};

/** A tokenizer.json of our own kind: Qwen2's splitting, no normalizer, so that decoding is exact. */
export function makeTokenizerJson(
  tokens: readonly string[],
  merges: readonly [string, string][],
  specials: readonly string[],
): TokenizerJson {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map((content, i) => ({
      id: tokens.length + i,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        {
          type: 'Split',
          pattern: { Regex: splitPattern('\\p{N}') },
          behavior: 'Isolated',
          invert: false,
        },
        BYTE_LEVEL,
      ],
    },
    post_processor: BYTE_LEVEL,
    decoder: BYTE_LEVEL,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      // fromEntries defines its keys: the token "__proto__" must not set a prototype.
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map(([left, right]) => `${left} ${right}`),
    },
  };
}

/**
 * Reads a parsed tokenizer.json.
 * @returns null where it is a sound file of another kind than our own encoder knows
 * @throws Error where it is no tokenizer at all
 */
export function describeTokenizer(json: unknown): BpeDescription | null {
  if (!isRecord(json) || !isRecord(json.model)) {
    throw new Error('it has no "model" object');
  }
  const { model } = json;
  const nfc = isNfcOnly(json.normalizer);
  const maxDigits = knownSplit(json.pre_tokenizer);
  const plain =
    (model.type === 'BPE' || model.type === undefined) &&
    !model.dropout &&
    !model.continuing_subword_prefix &&
    !model.end_of_word_suffix &&
    model.byte_fallback !== true;
  const byteDecoder = isRecord(json.decoder) && json.decoder.type === 'ByteLevel';
  if (!plain || !byteDecoder || nfc === null || maxDigits === null) {
    return null;
  }
  return {
    nfc,
    maxDigits,
    ignoreMerges: model.ignore_merges === true,
    vocab: readVocab(model.vocab),
    merges: readMerges(model.merges),
    added: readAddedTokens(json.added_tokens),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;
}

/** True for NFC, false for no normalizer, null for any other. */
function isNfcOnly(normalizer: unknown): boolean | null {
  if (normalizer === null || normalizer === undefined) {
    return false;
  }
  return isRecord(normalizer) && normalizer.type === 'NFC' ? true : null;
}

/** The digits that a piece may hold where the steps are a known Split and then ByteLevel, else null. */
function knownSplit(preTokenizer: unknown): number | null {
  if (
    !isRecord(preTokenizer) ||
    preTokenizer.type !== 'Sequence' ||
    !Array.isArray(preTokenizer.pretokenizers)
  ) {
    return null;
  }
  const steps: unknown[] = preTokenizer.pretokenizers;
  const [split, byteLevel] = steps;
  const isKnown =
    steps.length === 2 &&
    isRecord(split) &&
    split.type === 'Split' &&
    split.behavior === 'Isolated' &&
    split.invert !== true &&
    isRecord(split.pattern) &&
    typeof split.pattern.Regex === 'string' &&
    isRecord(byteLevel) &&
    byteLevel.type === 'ByteLevel' &&
    byteLevel.add_prefix_space !== true &&
    byteLevel.use_regex === false;
  return isKnown
    ? (MAX_DIGITS_OF_PATTERN.get((split.pattern as { Regex: string }).Regex) ?? null)
    : null;
}

function readVocab(vocab: unknown): Map<string, number> {
  if (!isRecord(vocab)) {
    throw new Error('its "model.vocab" is no object');
  }
  const byToken = new Map<string, number>();
  for (const [token, id] of Object.entries(vocab)) {
    if (!isId(id)) {
      throw new Error(`the id of token ${JSON.stringify(token)} is not a non-negative integer`);
    }
    byToken.set(token, id);
  }
  return byToken;
}

function readMerges(merges: unknown): [string, string][] {
  if (!Array.isArray(merges)) {
    throw new Error('its "model.merges" is no list');
  }
  return merges.map((merge: unknown, i): [string, string] => {
    const pair: unknown[] =
      typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
    const [left, right] = pair;
    if (pair.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      throw new Error(`merge ${i} is not a pair of tokens`);
    }
    return [left, right];
  });
}

function readAddedTokens(added: unknown): AddedToken[] {
  if (added === undefined || added === null) {
    return [];
  }
  if (!Array.isArray(added)) {
    throw new Error('its "added_tokens" is no list');
  }
  return added.map((token: unknown, i) => {
    if (!isRecord(token) || typeof token.content !== 'string' || !isId(token.id)) {
      throw new Error(`added token ${i} lacks a content or an id`);
    }
    return token as unknown as AddedToken;
  });
}
