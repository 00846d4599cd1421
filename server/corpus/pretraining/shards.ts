import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LanguageId } from '../../languages/types.js';
import { Random } from '../../util/random.js';
import {
  JsonLinesWriter,
  type PretrainingRecord,
  type PretrainingSplit,
  readJsonLines,
} from './record.js';

/** Records of a shard, about; a file's units are never parted. */
const SHARD_RECORDS = 50_000;

/** The chosen units on disk: `train-000.jsonl.gz` and so on, one record a line. */
export class Shards {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  /** Replaces what is there by these records. */
  async write(records: AsyncIterable<PretrainingRecord>): Promise<void> {
    for (const name of readdirSync(this.folder)) {
      rmSync(join(this.folder, name));
    }
    const open = new Map<
      PretrainingSplit,
      { writer: JsonLinesWriter<PretrainingRecord>; count: number; number: number; file: string }
    >();
    for await (const record of records) {
      const { split } = record;
      const file = `${record.source}:${record.file}`;
      let shard = open.get(split);
      if (shard === undefined || (shard.count >= SHARD_RECORDS && shard.file !== file)) {
        await shard?.writer.close();
        const number = shard === undefined ? 0 : shard.number + 1;
        const path = join(this.folder, `${split}-${String(number).padStart(3, '0')}.jsonl.gz`);
        shard = { writer: new JsonLinesWriter(path), count: 0, number, file };
        open.set(split, shard);
      }
      shard.count += 1;
      shard.file = file;
      await shard.writer.write(record);
    }
    for (const { writer } of open.values()) {
      await writer.close();
    }
  }

  /** The records of a split, in order. */
  async *read(split: PretrainingSplit): AsyncGenerator<PretrainingRecord> {
    for (const name of readdirSync(this.folder).sort()) {
      if (name.startsWith(`${split}-`)) {
        yield* readJsonLines<PretrainingRecord>(join(this.folder, name));
      }
    }
  }

  /** The same, the units of each file together. */
  async *files(split: PretrainingSplit): AsyncGenerator<PretrainingRecord[]> {
    let units: PretrainingRecord[] = [];
    for await (const record of this.read(split)) {
      const first = units[0];
      if (first !== undefined && (first.source !== record.source || first.file !== record.file)) {
        yield units;
        units = [];
      }
      units.push(record);
    }
    if (units.length > 0) {
      yield units;
    }
  }
}

/** How much of the vocabulary's sample each language gets, before what it has runs out. */
const SHARES: Partial<Record<LanguageId, number>> = {
  typescript: 3,
  javascript: 3,
  python: 4,
};

/**
 * Texts to learn a vocabulary from: code and docs of the training split, each language with its share of the
 * characters, so that the largest does not take all tokens.
 */
export async function vocabularySample(
  shards: Shards,
  chars: number,
  seed: number,
): Promise<string[]> {
  const available = new Map<LanguageId, number>();
  for await (const { language, code, doc } of shards.read('train')) {
    const size = code.length + (doc?.length ?? 0);
    available.set(language, (available.get(language) ?? 0) + size);
  }
  const whole = [...available.keys()].reduce((sum, language) => sum + (SHARES[language] ?? 1), 0);
  const random = new Random(seed);
  const texts: string[] = [];
  for await (const { language, code, doc } of shards.read('train')) {
    const budget = (chars * (SHARES[language] ?? 1)) / whole;
    if (random.next() < budget / (available.get(language) ?? 1)) {
      texts.push(code, ...(doc === null ? [] : [doc]));
    }
  }
  return texts;
}
