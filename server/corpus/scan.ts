import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import type { LanguageId } from '../languages/types.js';
import { UserError } from '../util/errors.js';
import { type Inspection, skipByName } from './inspect.js';
import { type JudgedUnit, judgeUnits } from './judge.js';
import { NearDuplicates } from './nearDuplicates.js';
import { ParsePool } from './parsePool.js';
import { type CorpusReport, type FileVerdict, tally } from './report.js';
import { type Split, splitFiles } from './split.js';
import type { CorpusUnit } from './unit.js';
import { type WalkEntry, walk } from './walk.js';

export interface ScanOptions {
  /** Decides which files are held out. */
  seed: number;
  /** The share of the units, in whole files, that is held out; 0.2 when left out. */
  heldOut?: number;
  /** Patterns of files to leave out, as in the editor's `files.exclude`. */
  exclude?: string[];
  /** Keeps the verdict on every file and unit. */
  list?: boolean;
  /** The longest that one file may take, in milliseconds. */
  fileLimitMs?: number;
  onProgress?: (done: number, total: number, file: string) => void;
  signal?: AbortSignal;
}

/** The code of a workspace, ready to learn from. */
export interface Corpus {
  /** Full path. */
  root: string;
  /** Accepted units, by file and in the order of the text. */
  units: CorpusUnit[];
  /** Parsed files whose text holds nothing that looks like a secret. */
  files: { path: string; language: LanguageId; text: string; split: Split }[];
  report: CorpusReport;
  /** With `list` only. */
  verdicts?: FileVerdict[];
}

interface ParsedFile {
  path: string;
  inspection: Extract<Inspection, { skip: null }>;
  units: JudgedUnit[];
}

const DEFAULT_HELD_OUT = 0.2;
const FILE_LIMIT_MS = 5_000;
const MAX_THREADS = 4;
/** Files judged between two chances for other work on this thread. */
const FILES_PER_BREATH = 20;

/**
 * Walks a folder, parses its source files in worker threads, and accepts or rejects every unit with a reason.
 * The same folder and seed give the same corpus.
 * @throws UserError when there is no such folder, or nothing in it
 * @throws the signal's reason when it is aborted
 */
export async function scanCorpus(dir: string, options: ScanOptions): Promise<Corpus> {
  const started = performance.now();
  const root = resolve(dir);
  checkFolder(root, dir);
  const entries = [...walk(root, options.exclude)];
  if (entries.length === 0) {
    throw new UserError(`${dir} holds no files; name the folder that your code is in.`);
  }
  const report: CorpusReport = {
    files: { seen: 0, parsed: 0, skipped: {} },
    units: { accepted: 0, rejected: {}, byLanguage: {} },
    seconds: 0,
    peakRssBytes: 0,
  };
  const verdicts: FileVerdict[] = [];
  const parsed: ParsedFile[] = [];
  const inspections = await inspectAll(root, entries, options);
  for (const [index, { path, count }] of entries.entries()) {
    const inspection = inspections[index];
    report.files.seen += count;
    if (inspection.skip === null) {
      report.files.parsed += 1;
      parsed.push({ path, inspection, units: judgeUnits(path, inspection) });
    } else {
      tally(report.files.skipped, inspection.skip, count);
      verdicts.push({ path, verdict: inspection.skip, count, split: null, units: [] });
    }
    if (index % FILES_PER_BREATH === 0) {
      await breathe();
      options.signal?.throwIfAborted();
    }
  }
  await rejectDuplicates(parsed, splitParsed(parsed, options), options.signal);
  // A file that only repeats others gives nothing to its split: the draw is made anew by what is left.
  const splits = splitParsed(parsed, options);
  const units = parsed.flatMap((file) => acceptUnits(file, splits, report));
  verdicts.push(...parsed.map((file) => verdictOf(file, splits)));
  verdicts.sort((a, b) => (a.path < b.path ? -1 : 1));
  report.seconds = Math.round(performance.now() - started) / 1000;
  report.peakRssBytes = process.resourceUsage().maxRSS * 1024;
  return {
    root,
    units,
    files: parsed
      .filter(({ inspection }) => !inspection.secret)
      .map(({ path, inspection: { language, text } }) => ({
        path,
        language,
        text,
        split: splits.get(path) ?? 'train',
      })),
    report,
    ...(options.list ? { verdicts } : {}),
  };
}

function checkFolder(root: string, dir: string): void {
  const stats = statSync(root, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new UserError(`there is no folder ${dir}.`);
  }
  if (!stats.isDirectory()) {
    throw new UserError(`${dir} is a file; name the folder that it is in.`);
  }
}

async function inspectAll(
  root: string,
  entries: readonly WalkEntry[],
  { onProgress, signal, fileLimitMs = FILE_LIMIT_MS }: ScanOptions,
): Promise<Inspection[]> {
  const size = Math.max(1, Math.min(MAX_THREADS, availableParallelism() - 1));
  const pool = new ParsePool(size);
  let done = 0;
  try {
    return await Promise.all(
      entries.map(async ({ path, skip }) => {
        const known = skip ?? skipByName(path);
        const inspection =
          known === null
            ? await pool.inspect({ file: join(root, path), path, limitMs: fileLimitMs })
            : { skip: known };
        signal?.throwIfAborted();
        done += 1;
        onProgress?.(done, entries.length, path);
        return inspection;
      }),
    );
  } finally {
    await pool.close();
  }
}

function splitParsed(parsed: readonly ParsedFile[], options: ScanOptions): Map<string, Split> {
  const files = parsed.map(({ path, units }) => ({
    path,
    units: units.filter(({ rejected }) => rejected === null).length,
  }));
  return splitFiles(files, options.seed, options.heldOut ?? DEFAULT_HELD_OUT);
}

/** Train files first, so that no held-out unit is nearly one that was trained on. */
async function rejectDuplicates(
  parsed: readonly ParsedFile[],
  splits: ReadonlyMap<string, Split>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const seen = new NearDuplicates();
  for (const split of ['train', 'held-out'] as const) {
    const files = parsed.filter(({ path }) => splits.get(path) === split);
    for (const [index, { units }] of files.entries()) {
      for (const judged of units) {
        if (judged.rejected === null && seen.seenBefore(judged.tokens)) {
          judged.rejected = 'near-duplicate';
        }
      }
      if (index % FILES_PER_BREATH === 0) {
        await breathe();
        signal?.throwIfAborted();
      }
    }
  }
}

function acceptUnits(
  { path, inspection, units }: ParsedFile,
  splits: ReadonlyMap<string, Split>,
  { units: counts }: CorpusReport,
): CorpusUnit[] {
  inspection.rejected.forEach(({ reason }) => tally(counts.rejected, reason));
  return units.flatMap(({ unit, rejected }) => {
    if (rejected !== null) {
      tally(counts.rejected, rejected);
      return [];
    }
    counts.accepted += 1;
    tally(counts.byLanguage, unit.language);
    return [{ ...unit, file: path, split: splits.get(path) ?? 'train' }];
  });
}

function verdictOf(
  { path, inspection, units }: ParsedFile,
  splits: ReadonlyMap<string, Split>,
): FileVerdict {
  const judged = units.map(({ unit, rejected }) => ({
    name: unit.qualifiedName,
    line: unit.range.start.line,
    verdict: rejected ?? ('accepted' as const),
  }));
  const broken = inspection.rejected.map(({ name, range, reason }) => ({
    name,
    line: range.start.line,
    verdict: reason,
  }));
  return {
    path,
    verdict: 'parsed',
    count: 1,
    split: splits.get(path) ?? null,
    units: [...judged, ...broken].sort((a, b) => a.line - b.line),
  };
}
