/** Text to token ids and back. */
export interface Tokenizer {
  /**
   * The ids of a text. Special tokens written out in the text are not recognised: code is data.
   * Lone surrogates count as U+FFFD.
   */
  encode(text: string): number[];
  /** The text of ids. Special tokens and ids without a token are left out; broken UTF-8 becomes U+FFFD. */
  decode(ids: ArrayLike<number>): string;
  /** Decoding one id at a time, for text that is shown while it is made. */
  decodeStream(): DecodeStream;
  /** The id of a token as tokenizer.json spells it, special tokens too. */
  tokenToId(token: string): number | undefined;
  /** The token as tokenizer.json spells it. */
  idToToken(id: number): string | undefined;
  /** One more than the largest id. A model's embedding may have more rows, never fewer. */
  readonly vocabSize: number;
  /** The id that ends a text. */
  readonly eosId: number;
}

/** Joins the bytes of tokens; a character that is not complete yet is held back. */
export interface DecodeStream {
  /** The text that became certain with this id; often empty in the middle of a character. */
  push(id: number): string;
  /** What was held back: U+FFFD for an unfinished character. The stream can then be used anew. */
  end(): string;
}
