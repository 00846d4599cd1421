import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import type { DecodeStream, Tokenizer } from './tokenizer.js';

/** A tokenizer of a kind that our own encoder does not know, run by Hugging Face's library. */
export class ForeignTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly eosId: number;
  private readonly full: HuggingFaceTokenizer;
  /** The same without its added tokens, so that none is recognised in text. */
  private readonly plain: HuggingFaceTokenizer;

  /** @throws Error where the library cannot read it, or the end token is not there */
  constructor(json: object, config: object, eosToken: string) {
    this.full = new HuggingFaceTokenizer(json, config);
    this.plain = new HuggingFaceTokenizer({ ...json, added_tokens: [] }, config);
    const eosId = this.full.token_to_id(eosToken);
    if (eosId === undefined) {
      throw new Error(`token ${JSON.stringify(eosToken)} is not in the vocabulary`);
    }
    this.eosId = eosId;
    let largest = -1;
    for (const id of this.full.get_vocab().values()) {
      largest = Math.max(largest, id);
    }
    this.vocabSize = largest + 1;
  }

  encode(text: string): number[] {
    return text === '' ? [] : this.plain.encode(text, { add_special_tokens: false }).ids;
  }

  decode(ids: ArrayLike<number>): string {
    const known = Array.from(ids).filter((id) => this.full.id_to_token(id) !== undefined);
    // The library refuses an empty list.
    return known.length === 0
      ? ''
      : this.full.decode(known, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  }

  /** Decodes all ids anew at each step: for files of other kinds only. */
  decodeStream(): DecodeStream {
    let ids: number[] = [];
    let given = '';
    const rest = (text: string) => {
      const added = text.startsWith(given) ? text.slice(given.length) : '';
      given += added;
      return added;
    };
    return {
      push: (id) => {
        ids.push(id);
        // A character that is not complete yet shows as U+FFFD at the end.
        return rest(this.decode(ids).replace(/\ufffd+$/, ''));
      },
      end: () => {
        const last = rest(this.decode(ids));
        ids = [];
        given = '';
        return last;
      },
    };
  }

  tokenToId(token: string): number | undefined {
    return this.full.token_to_id(token);
  }

  idToToken(id: number): string | undefined {
    return this.full.id_to_token(id);
  }
}
