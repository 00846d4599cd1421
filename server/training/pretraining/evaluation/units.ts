import { extractUnits } from '../../../corpus/extract.js';
import { MAX_CONTEXT_CHARS } from '../../../corpus/pretraining/sequences.js';
import {
  PRETRAINING_LANGUAGES,
  type PretrainingRecord,
} from '../../../corpus/pretraining/record.js';
import { firstSentence, type UnitView } from '../../../inference/view.js';
import { parsePlainDoc } from '../../../languages/docs/plain.js';
import { loadParser } from '../../../languages/parser.js';
import type { LanguageId } from '../../../languages/types.js';
import { wrappersOf } from '../../../similarity/wrappers.js';
import { Random } from '../../../util/random.js';

/** A documented unit of a source that was set aside. */
export interface EvaluationUnit extends UnitView {
  /** In plain form, whole. */
  doc: string;
  /** The first sentence of the doc: what a summary is compared with. */
  summary: string;
  /** The code of the unit before it in its file; left out where there is none or it is long. */
  before?: string;
  source: number;
  file: string;
}

export interface DrawnUnits {
  units: EvaluationUnit[];
  /** Documented units of the split, by language: how many there are, and how many of them are too long. */
  population: Map<LanguageId, { documented: number; tooLong: number }>;
}

/**
 * Draws documented units by seed, as many of each language as far as there are enough: the units come by language.
 * @param fits whether a unit is short enough for the model
 */
export async function drawUnits(
  records: AsyncIterable<PretrainingRecord>,
  count: number,
  seed: number,
  fits: (record: PretrainingRecord) => boolean,
): Promise<DrawnUnits> {
  const pools = new Map<LanguageId, { record: PretrainingRecord; before: string | undefined }[]>();
  let last: PretrainingRecord | null = null;
  const population: DrawnUnits['population'] = new Map();
  for await (const record of records) {
    if (record.doc !== null) {
      const counts = population.get(record.language) ?? { documented: 0, tooLong: 0 };
      population.set(record.language, counts);
      counts.documented += 1;
      if (fits(record)) {
        const pool = pools.get(record.language) ?? [];
        pools.set(record.language, pool);
        pool.push({ record, before: last === null ? undefined : codeBefore(last, record) });
      } else {
        counts.tooLong += 1;
      }
    }
    last = record;
  }
  const languages = PRETRAINING_LANGUAGES.filter((language) => pools.has(language));
  const quotas = shareOut(
    count,
    languages.map((language) => pools.get(language)!.length),
  );
  const units: EvaluationUnit[] = [];
  for (const [i, language] of languages.entries()) {
    const drawn = new Random(seed).shuffle(pools.get(language)!).slice(0, quotas[i]);
    for (const { record, before } of drawn) {
      units.push({ ...(await unitOf(record)), before });
    }
  }
  return { units, population };
}

/** The code of the last record, where it stands in the same file and does not hold the next one. */
function codeBefore(last: PretrainingRecord, next: PretrainingRecord): string | undefined {
  const { source, file, code } = last;
  const near = source === next.source && file === next.file && code.length <= MAX_CONTEXT_CHARS;
  return near && !code.includes(next.signature) ? code : undefined;
}

/** Parts a number among takers as evenly as what each can take allows. */
export function shareOut(count: number, limits: readonly number[]): number[] {
  const shares = limits.map(() => 0);
  for (let left = count; left > 0; ) {
    const open = limits.flatMap((limit, i) => (shares[i] < limit ? [i] : []));
    if (open.length === 0) {
      break;
    }
    const each = Math.max(1, Math.floor(left / open.length));
    for (const i of open.slice(0, left)) {
      const more = Math.min(each, limits[i] - shares[i]);
      shares[i] += more;
      left -= more;
    }
  }
  return shares;
}

/**
 * Reads a record's parameters and return, which it does not hold, from its code.
 * @throws Error where its code is no unit of its name any more
 */
export async function unitOf(record: PretrainingRecord): Promise<EvaluationUnit> {
  const { language, name, code, signature, rest, source, file } = record;
  const parser = await loadParser(language);
  for (const [before, after] of wrappersOf(language)) {
    const { units } = extractUnits(parser, before + code + after);
    const unit = units.find((each) => each.name === name);
    if (unit !== undefined) {
      const doc = record.doc ?? '';
      return {
        language,
        name,
        code,
        signature,
        rest,
        parameters: unit.parameters.map((parameter) => parameter.name),
        returnsValue: unit.returns.value,
        doc,
        summary: firstSentence(parsePlainDoc(doc).summary),
        source,
        file,
      };
    }
  }
  throw new Error(`${name} of ${file} is not found in its own code.`);
}
