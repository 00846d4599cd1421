import type { PretrainingRecord } from '../../../corpus/pretraining/record.js';
import { firstSentence } from '../../../inference/view.js';
import { identifierWords } from '../../../inference/words.js';
import { parsePlainDoc } from '../../../languages/docs/plain.js';
import type { Doc, LanguageId } from '../../../languages/types.js';
import { Bm25 } from './bm25.js';

/** What is asked with, and what is found by. */
type Described = Pick<PretrainingRecord, 'name' | 'signature'> & { doc: string | null };

/**
 * The name counts as often as this beside the signature that it stands in: of the tried forms (name; signature; whole
 * code; name once, twice and three times more) the best by all three measures.
 */
const NAME_WEIGHT = 3;

interface Pool {
  bySignature: Bm25;
  byDoc: Bm25;
  docs: string[];
  rests: string[];
}

/** The documented units of the training data, for what the nearest of them says. */
export class Neighbours {
  private readonly pools = new Map<LanguageId, Pool>();

  /** Reads the training split; units of other languages than those asked for are passed over. */
  static async read(
    records: AsyncIterable<PretrainingRecord>,
    languages: ReadonlySet<LanguageId>,
    signal?: AbortSignal,
  ): Promise<Neighbours> {
    const neighbours = new Neighbours();
    for await (const record of records) {
      signal?.throwIfAborted();
      if (record.doc !== null && languages.has(record.language)) {
        neighbours.add(record.language, { ...record, doc: record.doc });
      }
    }
    return neighbours;
  }

  /** The doc of the unit with the likest name and signature, its summary cut to a sentence; null where none is like it. */
  doc(language: LanguageId, unit: Described): Doc | null {
    const pool = this.pools.get(language);
    const index = pool?.bySignature.nearest(signatureWords(unit)) ?? null;
    if (pool === undefined || index === null) {
      return null;
    }
    const doc = parsePlainDoc(pool.docs[index]);
    return { ...doc, summary: firstSentence(doc.summary) };
  }

  /** What follows the signature of the unit with the likest doc and signature; null where none is like it. */
  rest(language: LanguageId, unit: Described): string | null {
    const pool = this.pools.get(language);
    const index = pool?.byDoc.nearest(docWords(unit)) ?? null;
    return pool === undefined || index === null ? null : pool.rests[index];
  }

  private add(language: LanguageId, unit: Described & { doc: string; rest: string }): void {
    let pool = this.pools.get(language);
    if (pool === undefined) {
      pool = { bySignature: new Bm25(), byDoc: new Bm25(), docs: [], rests: [] };
      this.pools.set(language, pool);
    }
    pool.bySignature.add(signatureWords(unit));
    pool.byDoc.add(docWords(unit));
    pool.docs.push(unit.doc);
    pool.rests.push(unit.rest);
  }
}

function signatureWords({ name, signature }: Described): string[] {
  const own = identifierWords(name);
  return [...Array.from({ length: NAME_WEIGHT }, () => own).flat(), ...identifierWords(signature)];
}

function docWords({ doc, signature }: Described): string[] {
  return [...identifierWords(doc ?? ''), ...identifierWords(signature)];
}
