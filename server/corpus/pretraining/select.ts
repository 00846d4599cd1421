import { Random } from '../../util/random.js';
import type { LanguageId } from '../../languages/types.js';
import { codeTokens, NearDuplicates } from '../nearDuplicates.js';
import { tally } from '../report.js';
import type { Contamination } from './contamination.js';
import type { Harvested } from './harvest.js';
import type { PretrainingRecord, PretrainingSplit } from './record.js';

/** Why a harvested unit is in no shard. */
type SelectReject = 'near-duplicate' | 'in-a-benchmark' | 'over-the-cap';

/** What was kept of one source, and what was not. */
export interface SelectionReport {
  units: number;
  documented: number;
  byLanguage: Partial<Record<LanguageId, { units: number; documented: number }>>;
  rejected: Partial<Record<SelectReject, number>>;
  /** Docs dropped because the same words stand on many units. */
  boilerplateDocs: number;
}

export interface SelectOptions {
  seed: number;
  /** Characters of documented code that one source may give to training; half as much without doc. */
  capChars: number;
}

/** A source as the selection sees it. */
export interface SelectableSource {
  index: number;
  split: PretrainingSplit;
  units(): AsyncIterable<Harvested>;
}

/** The same summary on more units than this, in one source or in all, is boilerplate. */
const SAME_SUMMARY_IN_SOURCE = 3;
const SAME_SUMMARY_IN_ALL = 12;

/**
 * Chooses what is trained on: sources set aside go first, so that training loses what they hold too. Dropped are
 * near-duplicates of anything before, units that share text with a benchmark, and what is over a source's cap.
 */
export async function* select(
  sources: readonly SelectableSource[],
  contamination: Contamination,
  options: SelectOptions,
  report: (source: number, selection: SelectionReport) => void,
): AsyncGenerator<PretrainingRecord> {
  const seen = new NearDuplicates();
  const summaries = new Map<string, number>();
  const order: PretrainingSplit[] = ['workspace', 'evaluation', 'train'];
  const byOrder = [...sources].sort((a, b) => order.indexOf(a.split) - order.indexOf(b.split));
  for (const source of byOrder) {
    const selection: SelectionReport = {
      units: 0,
      documented: 0,
      byLanguage: {},
      rejected: {},
      boilerplateDocs: 0,
    };
    const fresh: Harvested[] = [];
    const own = new Map<string, number>();
    for await (const unit of source.units()) {
      // A workspace is kept whole, for what it is; training must still not see its like.
      const isKnown = seen.seenBefore(codeTokens(unit.code));
      if (isKnown && source.split !== 'workspace') {
        tally(selection.rejected, 'near-duplicate');
      } else if (contamination.holds(`${unit.doc ?? ''} ${unit.code}`)) {
        tally(selection.rejected, 'in-a-benchmark');
      } else {
        fresh.push(isBoilerplate(unit, own, summaries) ? { ...unit, doc: null } : unit);
        selection.boilerplateDocs += fresh.at(-1)?.doc === unit.doc ? 0 : 1;
      }
    }
    const kept =
      source.split === 'train' ? cap(fresh, options.capChars, options.seed + source.index) : fresh;
    if (kept.length < fresh.length) {
      tally(selection.rejected, 'over-the-cap', fresh.length - kept.length);
    }
    for (const unit of kept) {
      countUnit(selection, unit);
      yield { ...unit, source: source.index, split: source.split };
    }
    report(source.index, selection);
  }
}

function isBoilerplate(
  { doc }: Harvested,
  own: Map<string, number>,
  all: Map<string, number>,
): boolean {
  if (doc === null) {
    return false;
  }
  const summary = doc.split('\n', 1)[0].toLowerCase();
  const inSource = (own.get(summary) ?? 0) + 1;
  const inAll = (all.get(summary) ?? 0) + 1;
  own.set(summary, inSource);
  all.set(summary, inAll);
  return inSource > SAME_SUMMARY_IN_SOURCE || inAll > SAME_SUMMARY_IN_ALL;
}

/** Draws whole files by seed until the budget is spent; what is kept stays in its order. */
function cap(units: readonly Harvested[], capChars: number, seed: number): Harvested[] {
  const files = new Random(seed).shuffle([...new Set(units.map(({ file }) => file))]);
  const place = new Map(files.map((file, i) => [file, i]));
  const drawn = units
    .map((unit, index) => ({ unit, index, place: place.get(unit.file) ?? 0 }))
    .sort((a, b) => a.place - b.place || a.index - b.index);
  const left = { documented: capChars, undocumented: capChars / 2 };
  return drawn
    .filter(({ unit }) => {
      const kind = unit.doc === null ? 'undocumented' : 'documented';
      left[kind] -= unit.code.length;
      return left[kind] >= 0;
    })
    .sort((a, b) => a.index - b.index)
    .map(({ unit }) => unit);
}

function countUnit(selection: SelectionReport, { language, doc }: Harvested): void {
  const documented = doc === null ? 0 : 1;
  const byLanguage = (selection.byLanguage[language] ??= { units: 0, documented: 0 });
  selection.units += 1;
  selection.documented += documented;
  byLanguage.units += 1;
  byLanguage.documented += documented;
}
