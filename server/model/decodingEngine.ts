/** How a token is drawn. */
export interface DrawRequest {
  /** 0: greedy. */
  temperature: number;
  /** In [0, 1). */
  uniform: number;
  /** Only these ids; null: all. */
  allowed: Int32Array | null;
}

/** The next tokens of a sequence. */
export interface Feed {
  sequence: number;
  tokens: readonly number[];
  /** One draw after each of the last so many of the tokens. */
  draws: readonly DrawRequest[];
}

export interface Drawn {
  id: number;
  /** At temperature 1 and among all tokens; NaN where the model computes no finite logits. */
  logProb: number;
}

/**
 * Runs a model over sequences whose keys and values it keeps. The model must stay as it is while the engine is
 * in use.
 */
export interface DecodingEngine {
  /**
   * A new sequence. It begins with as many of the tokens as another sequence, open or closed, has at its beginning.
   * @param room how many tokens may follow these
   * @returns its number and how many of the tokens are in it; null where that must wait until others are closed
   */
  open(tokens: readonly number[], room: number): { sequence: number; length: number } | null;
  /** Forgets the tokens from `length` on. */
  truncate(sequence: number, length: number): void;
  /** Ends a sequence; what it holds may serve others until the memory is needed. */
  close(sequence: number): void;
  /**
   * Appends tokens to sequences, each at most once.
   * @returns for each feed what was drawn, in order
   */
  step(feeds: readonly Feed[], topP: number): Drawn[][];
  /** Gives the memory back. All sequences must be closed. */
  dispose(): void;
}
