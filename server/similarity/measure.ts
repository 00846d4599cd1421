/** How much one unit's code means what another's does. Deterministic and symmetric. */
export interface Similarity {
  /** In [0, 1]; 1 for equal code, 0 where either does not parse as one unit. */
  score(a: string, b: string): number;
  /** Whether the code is a function, method or several of them, without a syntax error. */
  parses(code: string): boolean;
}
