import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { trainTokenizer } from '../../../server/model/tokenizer/train.js';

const ROOT = join(import.meta.dirname, '../../..');

/** Real source files under a folder of the repository, in a fixed order, at most `bytes` in all. */
export function sources(folder: string, extension: RegExp, bytes: number): string[] {
  const texts: string[] = [];
  let total = 0;
  const base = join(ROOT, folder);
  if (!existsSync(base)) {
    return texts;
  }
  const names = readdirSync(base, { recursive: true, encoding: 'utf8' })
    .filter((name) => extension.test(name))
    .sort();
  for (const name of names) {
    const text = readFileSync(join(base, name), 'utf8');
    if (total + text.length <= bytes) {
      total += text.length;
      texts.push(text);
    }
  }
  return texts;
}

/** Cuts texts into chunks of some lines. */
export function chunks(texts: string[], lines: number): string[] {
  return texts.flatMap((text) => {
    const all = text.split('\n');
    const parts: string[] = [];
    for (let i = 0; i < all.length; i += lines) {
      parts.push(all.slice(i, i + lines).join('\n'));
    }
    return parts;
  });
}

export const SPECIALS = ['<|endoftext|>', '<|document|>', '<|code|>'];

/** A tokenizer of 4,000 tokens trained on TypeScript's own declaration files. */
export const json = trainTokenizer(sources('node_modules/typescript/lib', /\.d\.ts$/, 600_000), {
  vocabSize: 4000,
  specials: SPECIALS,
});

export const oracle = new HuggingFaceTokenizer(json, {});

export function oracleIds(tokenizer: HuggingFaceTokenizer, text: string): number[] {
  return tokenizer.encode(text, { add_special_tokens: false }).ids;
}

export const UNICODE_CASES = [
  '',
  ' ',
  '\n\n  \n x',
  "DON'T WE'LL I'M 'sX 'xyz can't''s 'Re'VE'll'",
  'e\u0301 vs \u00e9; \u1112\u1161\u11ab vs \ud55c',
  '👩‍👩‍👧‍👦 🇩🇪 𝒳𝓎 𐍈𐍉',
  '\u00a0nbsp\u2003em\u3000ideo\u2028line\u0085next\ufeffbom\u200bzw\u180e',
  '\ufeffstarts with a byte order mark',
  '\x00\x01\x7f\u0080\u00ff',
  '12345 67 ٣٤ ½ Ⅷ 𝟗 8',
  'tab\tand\r\ncrlf\rcr   trailing   ',
  'constructor __proto__ hasOwnProperty toString valueOf',
  '漢字かな交じり文 и кириллица עברית العربية हिन्दी',
  'a\tb  c   d    e\t\tf \t g',
];
