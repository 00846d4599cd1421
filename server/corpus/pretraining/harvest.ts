import { languageForFile, languageForPath } from '../../languages/table.js';
import { loadParser } from '../../languages/parser.js';
import { renderPlainDoc } from '../../languages/docs/plain.js';
import type { LanguageId } from '../../languages/types.js';
import { extractUnits, TimeLimitError } from '../extract.js';
import { contentSkip, isGeneratedName, isTestPath, MAX_FILE_BYTES } from '../fileFilter.js';
import { decodeSource } from '../read.js';
import { tally } from '../report.js';
import { findSecret } from '../secrets.js';
import type { UnitText } from '../unit.js';
import { cleanDoc, type DocReject } from './docCleaning.js';
import { PRETRAINING_LANGUAGES, type PretrainingRecord, type ViewOf } from './record.js';
import { scrubCode } from './scrub.js';
import type { Snapshot } from './snapshot.js';
import type { Source } from './sources.js';

/** A harvested unit: the record but for what the selection sets. */
export type Harvested = Omit<PretrainingRecord, 'source' | 'split'>;

type FileReject =
  | 'not-a-pretraining-language'
  | 'vendored-or-built'
  | 'test'
  | 'over-size'
  | 'generated'
  | 'minified'
  | 'binary'
  | 'time-limit';

type UnitReject =
  | 'syntax-error'
  | 'too-short'
  | 'too-long'
  | 'empty-body'
  | 'nested'
  | 'test'
  | 'secret'
  | 'signature-overlaps';

/** What a harvest read and why it left things out. */
export interface HarvestReport {
  files: { read: number; rejected: Partial<Record<FileReject, number>> };
  units: {
    kept: number;
    documented: number;
    rejected: Partial<Record<UnitReject, number>>;
    byLanguage: Partial<Record<LanguageId, { units: number; documented: number }>>;
  };
  /** Docs that were dropped from units that were kept. */
  docs: Partial<Record<DocReject, number>>;
}

/** Other people's code, what a build puts out, and folders that hold no code of the project. */
const PASSED_OVER =
  /(?:^|\/)(?:node_modules|bower_components|vendor|vendored|_vendor|third[-_]?party|external|externals|extern|deps|Pods|dist|build|out|target|lib[-.](?:cov|esm|commonjs|cjs|umd)|esm\d*|cjs|umd|\.yarn|site-packages|__generated__|generated|docs?|website|locales?|i18n|l10n|migrations|snapshots?|__snapshots__)\//i;
const TESTS_BY_OTHER_NAMES =
  /(?:^|\/)(?:testing|test[-_]\w+|\w+[-_]tests?|[\w.]+\.(?:tests?|specs?)|unittests?|integration|benches|benchmarks?|perf|cypress|features|mocks?|testutils?|test-utils)\//i;

const PARSE_LIMIT_MS = 4_000;
const MIN_CODE_CHARS = 24;
const MIN_UNDOCUMENTED_CHARS = 60;
const MAX_CODE_CHARS = 8_000;
/** A body longer than this does something. */
const MAX_EMPTY_CHARS = 400;

/** Reads a source and hands out its units, those of a file together; the report is filled as it goes. */
export async function* harvest(
  source: Source,
  snapshot: Snapshot,
  viewOf: ViewOf,
  report: HarvestReport,
  signal: AbortSignal,
): AsyncGenerator<Harvested> {
  const paths: string[] = [];
  for (const { path, size } of snapshot.files) {
    const reject = rejectPath(path, size, source.folders);
    if (reject === null) {
      paths.push(path);
    } else if (reject !== 'not-a-pretraining-language') {
      tally(report.files.rejected, reject);
    }
  }
  for (const { path, bytes } of snapshot.read(paths)) {
    signal.throwIfAborted();
    yield* harvestFile(path, bytes, viewOf, report);
  }
}

/** An empty report, to be filled by {@link harvest}. */
export function emptyReport(): HarvestReport {
  return {
    files: { read: 0, rejected: {} },
    units: { kept: 0, documented: 0, rejected: {}, byLanguage: {} },
    docs: {},
  };
}

function rejectPath(path: string, size: number, folders: readonly string[]): FileReject | null {
  const language = languageForPath(path);
  if (language === null || !PRETRAINING_LANGUAGES.includes(language.id)) {
    return 'not-a-pretraining-language';
  }
  if (folders.length > 0 && !folders.some((folder) => path.startsWith(`${folder}/`))) {
    return 'vendored-or-built';
  }
  if (isTestPath(path) || TESTS_BY_OTHER_NAMES.test(path)) {
    return 'test';
  }
  if (PASSED_OVER.test(path)) {
    return 'vendored-or-built';
  }
  if (isGeneratedName(path) || /\.d\.[cm]?ts$/.test(path)) {
    return 'generated';
  }
  return size > MAX_FILE_BYTES ? 'over-size' : null;
}

async function* harvestFile(
  path: string,
  bytes: Uint8Array,
  viewOf: ViewOf,
  report: HarvestReport,
): AsyncGenerator<Harvested> {
  const text = decodeSource(bytes).replace(/\r\n?/g, '\n');
  const skip = contentSkip(path, bytes, text);
  const language = languageForFile(path, text);
  if (skip !== null || language === null) {
    tally(report.files.rejected, skip as FileReject);
    return;
  }
  const parser = await loadParser(language.id);
  let units: UnitText[];
  try {
    const found = extractUnits(parser, text, PARSE_LIMIT_MS);
    units = found.units;
    if (found.rejected.length > 0) {
      tally(report.units.rejected, 'syntax-error', found.rejected.length);
    }
  } catch (error) {
    if (!(error instanceof TimeLimitError)) {
      throw error;
    }
    tally(report.files.rejected, 'time-limit');
    return;
  }
  report.files.read += 1;
  let outerEnd = { line: -1, character: 0 };
  for (const unit of units) {
    const doc = docOf(unit, report);
    const { start, end } = unit.range;
    const isInside =
      start.line < outerEnd.line ||
      (start.line === outerEnd.line && start.character < outerEnd.character);
    const isTest = /(?:^|\.)tests?\.|(?:^|\.)test_\w+$/.test(unit.qualifiedName);
    const made = isTest
      ? 'test'
      : isInside && doc === null
        ? 'nested'
        : recordOf(unit, doc, path, viewOf);
    if (typeof made === 'string') {
      tally(report.units.rejected, made);
      continue;
    }
    if (!isInside) {
      outerEnd = end;
    }
    count(report, made);
    yield made;
  }
}

function docOf(unit: UnitText, report: HarvestReport): string | null {
  if (unit.doc === null) {
    return null;
  }
  const doc = cleanDoc(unit, unit.doc);
  if (typeof doc === 'string') {
    tally(report.docs, doc);
    return null;
  }
  return renderPlainDoc(doc);
}

function recordOf(
  unit: UnitText,
  doc: string | null,
  file: string,
  viewOf: ViewOf,
): Harvested | UnitReject {
  const view = viewOf(unit);
  if (view.code.length > MAX_CODE_CHARS) {
    return 'too-long';
  }
  const least = doc === null ? MIN_UNDOCUMENTED_CHARS : MIN_CODE_CHARS;
  if (view.code.length < least || (doc === null && !view.code.trim().includes('\n'))) {
    return 'too-short';
  }
  if (isEmptyBody(view.rest)) {
    return 'empty-body';
  }
  if (view.code !== view.signature + view.rest) {
    return 'signature-overlaps';
  }
  if (findSecret(unit.code) !== null || (doc !== null && findSecret(doc) !== null)) {
    return 'secret';
  }
  const signature = scrubCode(view.signature);
  const rest = scrubCode(view.rest);
  return {
    language: unit.language,
    name: unit.name,
    code: signature + rest,
    signature,
    rest,
    doc,
    file,
  };
}

/** A body that does nothing, or only says that it is not there. */
function isEmptyBody(rest: string): boolean {
  if (rest.length > MAX_EMPTY_CHARS) {
    return false;
  }
  const plain = rest.replace(/(?:\/\/|#).*$|\/\*[\s\S]*?\*\//gm, '');
  return /^[\s{}:;=>()]*(?:(?:pass|end|\.\.\.|return(?: None| null)?|raise NotImplementedError\b.*|throw new [\w.]*(?:NotImplemented|NotSupported|UnsupportedOperation)\w*\(.*\)|throw new Error\(.*not (?:yet )?implemented.*\)|(?:unimplemented|todo)!\(.*\))[\s{};]*)*$/i.test(
    plain,
  );
}

function count(report: HarvestReport, { language, doc }: Harvested): void {
  const documented = doc === null ? 0 : 1;
  const byLanguage = (report.units.byLanguage[language] ??= { units: 0, documented: 0 });
  report.units.kept += 1;
  report.units.documented += documented;
  byLanguage.units += 1;
  byLanguage.documented += documented;
}
