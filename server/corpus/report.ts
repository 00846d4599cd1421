import type { LanguageId } from '../languages/types.js';

/** Why a file was left out. */
export type SkipReason =
  | 'ignored'
  | 'excluded'
  | 'vendored'
  | 'generated'
  | 'minified'
  | 'binary'
  | 'over-size'
  | 'unsupported-language'
  | 'unreadable'
  | 'symlink'
  | 'not-a-file'
  | 'time-limit'
  | 'parser-failure';

/** Why a unit was left out. */
export type RejectReason =
  | 'syntax-error'
  | 'no-body'
  | 'test'
  | 'nested'
  | 'too-short'
  | 'too-long'
  | 'secret'
  | 'near-duplicate';

/** What `batcoder corpus --json` prints. */
export interface CorpusReport {
  files: { seen: number; parsed: number; skipped: Partial<Record<SkipReason, number>> };
  units: {
    accepted: number;
    rejected: Partial<Record<RejectReason, number>>;
    byLanguage: Partial<Record<LanguageId, number>>;
  };
  seconds: number;
  /** The most memory the process held so far. */
  peakRssBytes: number;
}

/** What became of one file, or of a folder that was skipped whole, and of the units in it. */
export interface FileVerdict {
  path: string;
  verdict: 'parsed' | SkipReason;
  /** How many files a skipped folder holds; 1 for a file. */
  count: number;
  split: 'train' | 'held-out' | null;
  units: { name: string; line: number; verdict: 'accepted' | RejectReason }[];
}

/** Adds to a count that may not be there yet. */
export function tally<Key extends string>(
  counts: Partial<Record<Key, number>>,
  key: Key,
  by = 1,
): void {
  counts[key] = (counts[key] ?? 0) + by;
}
