import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from '../../store/json.js';
import { UserError, errorMessage } from '../../util/errors.js';
import { ByteLevelBpe } from './byteLevelBpe.js';
import { ForeignTokenizer } from './foreign.js';
import { describeTokenizer, type TokenizerJson } from './format.js';
import type { Tokenizer } from './tokenizer.js';

const TOKENIZER_FILE = 'tokenizer.json';
const CONFIG_FILE = 'tokenizer_config.json';
const DEFAULT_EOS = '<|endoftext|>';

/**
 * Loads the tokenizer of a model's folder: tokenizer.json, and tokenizer_config.json for the end token
 * (`<|endoftext|>` where it names none). Byte-level BPE of Qwen2's kind is run by our own encoder, any
 * other kind by Hugging Face's library.
 * @throws UserError naming the file where it is missing or no tokenizer
 */
export function loadTokenizer(folder: string): Promise<Tokenizer> {
  return Promise.resolve().then(() => loadTokenizerSync(folder));
}

function loadTokenizerSync(folder: string): Tokenizer {
  const file = join(folder, TOKENIZER_FILE);
  const json = readJson(file);
  const configFile = join(folder, CONFIG_FILE);
  const config = existsSync(configFile) ? readJson(configFile) : {};
  return makeTokenizer(json, config, file);
}

/**
 * A tokenizer from parsed files.
 * @param name what errors call it, usually the file's path
 */
export function makeTokenizer(
  json: unknown,
  config: unknown = {},
  name = TOKENIZER_FILE,
): Tokenizer {
  try {
    const description = describeTokenizer(json);
    const settings = asObject(config);
    const eosToken = tokenContent(settings.eos_token) ?? DEFAULT_EOS;
    return description
      ? new ByteLevelBpe(description, eosToken)
      : new ForeignTokenizer(asObject(json), settings, eosToken);
  } catch (error) {
    throw new UserError(
      `${name} is not a tokenizer that can be used: ${errorMessage(error)}. Get or make the file again.`,
      {
        cause: error,
      },
    );
  }
}

/** Writes tokenizer.json and tokenizer_config.json, as transformers reads them, into a model's folder. */
export function saveTokenizer(folder: string, json: TokenizerJson, eosToken = DEFAULT_EOS): void {
  writeJson(join(folder, TOKENIZER_FILE), json);
  writeJson(join(folder, CONFIG_FILE), {
    tokenizer_class: 'PreTrainedTokenizerFast',
    eos_token: eosToken,
    pad_token: eosToken,
    clean_up_tokenization_spaces: false,
  });
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Token settings are a string, or an added token's object. */
function tokenContent(value: unknown): string | null {
  if (typeof value === 'string') {
    return value;
  }
  const { content } = asObject(value);
  return typeof content === 'string' ? content : null;
}
