import type { LanguageId } from '../../languages/types.js';
import { tally } from '../report.js';
import type { BenchmarkFile } from './contamination.js';
import type { HarvestedSource } from './harvestStore.js';
import type { PermissiveLicence } from './licence.js';
import type { PretrainingSplit } from './record.js';
import type { SelectionReport } from './select.js';
import type { Source } from './sources.js';
import type { Objective } from './tokenFile.js';

/** What a source gave. The fields of a `Source` are written as its list has them: a manifest is a list of sources. */
interface ManifestEntry {
  name: string;
  url: string;
  /** Commit, or the release of what is no repository. */
  version: string | null;
  licence: PermissiveLicence;
  split: PretrainingSplit;
  /** Left out where all are read. */
  folders?: readonly string[];
  units: number;
  documented: number;
  byLanguage: Partial<Record<LanguageId, { units: number; documented: number }>>;
}

/** What a token file holds. */
export interface TokenCounts {
  sequences: number;
  tokens: number;
  /** Tokens. */
  byObjective: Partial<Record<Objective, number>>;
  byLanguage: Partial<Record<LanguageId, number>>;
}

/** What docs/model/manifest.json tells: with it the same data can be made again. */
export interface Manifest {
  sources: ManifestEntry[];
  /** Named, but not used: no permissive licence was found. */
  refused: string[];
  /** Files whose texts were kept out; how many units that cost is `in-a-benchmark` of the rejected. */
  benchmarks: readonly BenchmarkFile[];
  /** Sources of each. */
  licences: Partial<Record<PermissiveLicence, number>>;
  totals: Partial<
    Record<PretrainingSplit, Partial<Record<LanguageId, { units: number; documented: number }>>>
  >;
  /** The token files; `workspace` has none. */
  tokens: Partial<Record<PretrainingSplit, TokenCounts>>;
  /** By reason, over all sources. */
  rejected: {
    files: Record<string, number>;
    units: Record<string, number>;
    docs: Record<string, number>;
  };
}

/** Puts together what each step reported. */
export function makeManifest(
  sources: readonly Source[],
  harvested: readonly HarvestedSource[],
  benchmarks: readonly BenchmarkFile[],
  selected: ReadonlyMap<string, SelectionReport>,
  tokens: Manifest['tokens'],
): Manifest {
  const manifest: Manifest = {
    sources: [],
    refused: [],
    benchmarks,
    licences: {},
    totals: {},
    tokens,
    rejected: { files: {}, units: {}, docs: {} },
  };
  sources.forEach((source, index) => {
    const { version, licence, report } = harvested[index];
    const selection = selected.get(source.name);
    if (licence === null || selection === undefined) {
      manifest.refused.push(source.name);
      return;
    }
    const { units, documented, byLanguage } = selection;
    manifest.sources.push({
      name: source.name,
      url: source.url,
      version,
      licence,
      split: source.split,
      ...(source.folders.length === 0 ? {} : { folders: source.folders }),
      units,
      documented,
      byLanguage,
    });
    tally(manifest.licences, licence);
    const totals = (manifest.totals[source.split] ??= {});
    for (const [language, counts] of Object.entries(byLanguage)) {
      const total = (totals[language as LanguageId] ??= { units: 0, documented: 0 });
      total.units += counts.units;
      total.documented += counts.documented;
    }
    addAll(manifest.rejected.files, report.files.rejected);
    addAll(manifest.rejected.units, report.units.rejected);
    addAll(manifest.rejected.units, selection.rejected);
    addAll(manifest.rejected.docs, report.docs);
    addAll(manifest.rejected.docs, { boilerplate: selection.boilerplateDocs });
  });
  return manifest;
}

function addAll(sums: Record<string, number>, counts: Partial<Record<string, number>>): void {
  for (const [reason, count] of Object.entries(counts)) {
    sums[reason] = (sums[reason] ?? 0) + (count ?? 0);
  }
}
