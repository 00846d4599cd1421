import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ByteLevelBpe } from '../../../server/model/tokenizer/byteLevelBpe.js';
import { ForeignTokenizer } from '../../../server/model/tokenizer/foreign.js';
import {
  loadTokenizer,
  makeTokenizer,
  saveTokenizer,
} from '../../../server/model/tokenizer/load.js';
import { json, oracle, oracleIds } from './support.js';

const folder = mkdtempSync(join(tmpdir(), 'batcoder-tokenizer-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** GPT-2's own splitting: a kind that our encoder does not know. */
const gpt2 = {
  ...json,
  pre_tokenizer: {
    type: 'ByteLevel',
    add_prefix_space: false,
    trim_offsets: false,
    use_regex: true,
  },
};

describe('loadTokenizer', () => {
  it('reads what saveTokenizer wrote', async () => {
    saveTokenizer(folder, json);
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer).toBeInstanceOf(ByteLevelBpe);
    expect(tokenizer.encode('let x = 1;')).toEqual(oracleIds(oracle, 'let x = 1;'));
    expect(tokenizer.eosId).toBe(3997);
  });

  it('takes the end token from the configuration, as a string or an object', () => {
    expect(makeTokenizer(json, { eos_token: '<|code|>' }).eosId).toBe(3999);
    expect(makeTokenizer(json, { eos_token: { content: '<|code|>' } }).eosId).toBe(3999);
    expect(() => makeTokenizer(json, { eos_token: '</s>' })).toThrow(
      /"<\/s>" is not in the vocabulary/,
    );
  });

  it('names the file that is missing, is no JSON, or is no tokenizer', async () => {
    const file = join(folder, 'tokenizer.json');
    await expect(loadTokenizer(join(folder, 'none'))).rejects.toThrow(/none.*does not exist/);
    writeFileSync(file, '{"model": {');
    await expect(loadTokenizer(folder)).rejects.toThrow(`${file} is not valid JSON`);
    for (const broken of [
      [],
      { ...json, model: { ...json.model, merges: ['a b c'] } },
      { ...json, model: { ...json.model, merges: ['Q ZZZZ'] } },
      { ...json, model: { ...json.model, vocab: { a: -1 } } },
      { ...json, model: { ...json.model, vocab: { a: 0 }, merges: [] } },
      { ...json, added_tokens: [{ content: 'x' }] },
    ]) {
      writeFileSync(file, JSON.stringify(broken));
      await expect(loadTokenizer(folder)).rejects.toThrow(`${file} is not a tokenizer`);
    }
  });
});

describe('a file of another kind', () => {
  const foreign = makeTokenizer(gpt2);

  it("is run by Hugging Face's library", () => {
    expect(foreign).toBeInstanceOf(ForeignTokenizer);
    expect(foreign.vocabSize).toBe(4000);
    expect(foreign.eosId).toBe(3997);
    const text = "it's  12345 values\n\n\tof 漢字 🎉";
    expect(foreign.decode(foreign.encode(text))).toBe(text);
    expect(foreign.encode('')).toEqual([]);
    expect(foreign.idToToken(foreign.tokenToId('<|code|>') as number)).toBe('<|code|>');
  });

  it('recognises no special token in text, leaves them out of decoding', () => {
    const ids = foreign.encode('a <|endoftext|> b');
    expect(ids).not.toContain(foreign.eosId);
    expect(foreign.decode([foreign.eosId, ...ids, 999_999])).toBe('a <|endoftext|> b');
    expect(foreign.decode([])).toBe('');
    expect(foreign.decode([foreign.eosId])).toBe('');
  });

  it('streams without broken characters', () => {
    const text = 'x 漢字 🎉 y';
    const stream = foreign.decodeStream();
    const pieces = foreign.encode(text).map((id) => stream.push(id));
    expect(pieces.join('')).not.toContain('\ufffd');
    expect(pieces.join('') + stream.end()).toBe(text);
    expect(stream.push(foreign.encode('a')[0]) + stream.end()).toBe('a');
  });
});
