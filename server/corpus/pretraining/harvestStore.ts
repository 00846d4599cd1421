import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../store/atomic.js';
import { sha256 } from '../../util/hash.js';
import { emptyReport, harvest, type Harvested, type HarvestReport } from './harvest.js';
import { JsonLinesWriter, readJsonLines, type ViewOf } from './record.js';
import type { PermissiveLicence } from './licence.js';
import { openSnapshot } from './snapshot.js';
import { licenceOf, type Source } from './sources.js';

/** Raised when a change to the harvest makes what lies on disk stale. */
const HARVEST_VERSION = 3;

/** What is known of a harvested source; kept beside its units. */
export interface HarvestedSource {
  harvestVersion: number;
  name: string;
  /** The commit, or the release that the list names. */
  version: string | null;
  /** Null: no permissive licence was found, and nothing was read. */
  licence: PermissiveLicence | null;
  report: HarvestReport;
}

/**
 * The units of every source on disk, one file each, so that a source is read again only when its version or the
 * pipeline changed, and an interrupted run goes on where it was.
 */
export class HarvestStore {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  /** Harvests a source unless that was done before. */
  async ensure(source: Source, viewOf: ViewOf, signal: AbortSignal): Promise<HarvestedSource> {
    const snapshot = openSnapshot(source.path);
    const version = snapshot.commit ?? source.version;
    const known = this.about(source);
    const isCurrent = known?.harvestVersion === HARVEST_VERSION && known.version === version;
    // What was refused is looked at again: the list may say more about its licence now.
    if (isCurrent && known.licence !== null) {
      return known;
    }
    const about: HarvestedSource = {
      harvestVersion: HARVEST_VERSION,
      name: source.name,
      version,
      licence: licenceOf(source, snapshot),
      report: emptyReport(),
    };
    if (about.licence !== null) {
      const file = this.file(source, 'jsonl.gz');
      const writer = new JsonLinesWriter<Harvested>(`${file}.part`);
      for await (const unit of harvest(source, snapshot, viewOf, about.report, signal)) {
        await writer.write(unit);
      }
      await writer.close();
      renameSync(`${file}.part`, file);
    }
    writeFileAtomic(this.file(source, 'json'), `${JSON.stringify(about, null, 2)}\n`);
    return about;
  }

  /** The harvested units of a source, in its order. */
  units(source: Source): AsyncGenerator<Harvested> {
    return readJsonLines<Harvested>(this.file(source, 'jsonl.gz'));
  }

  private about(source: Source): HarvestedSource | null {
    const file = this.file(source, 'json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as HarvestedSource) : null;
  }

  private file(source: Source, extension: string): string {
    const readable = source.name.replace(/[^\w.-]+/g, '+');
    const key = sha256(JSON.stringify([source.name, source.path, source.folders])).slice(0, 8);
    return join(this.folder, `${readable}-${key}.${extension}`);
  }
}
