import type { Doc, LanguageId } from '../languages/types.js';

/** A doc of a unit, and how much of the code can be rebuilt from it. */
export interface DocCandidate {
  doc: Doc;
  plain: string;
  /** Similarity of the code made from this doc to the unit's, in [0, 1]. */
  roundTrip: number;
  /** Names of the parts (`@returns` for the return) that the model had no words for: spelt from the identifier. */
  spelt: string[];
}

/** What code is asked for. */
export interface CodeRequest {
  language: LanguageId;
  /** Plain form. */
  doc: string;
  /** Empty: the model writes it too. */
  signature: string;
  /** The function that stands before it in the file, as the model sees one; left out where there is none. */
  before?: string;
  /** The text of the file that the code is for, whose names it may use; left out where there is none. */
  file?: string;
}

/** A code that fits a doc. */
export interface CodeCandidate {
  /** Signature and body. */
  code: string;
  /** What follows the signature; the whole code where none was given. */
  body: string;
  /** chrF of the doc that the model gives this code to the doc that was asked for, in [0, 1]. */
  score: number;
}
