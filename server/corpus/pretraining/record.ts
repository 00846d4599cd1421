import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { LanguageId } from '../../languages/types.js';
import type { UnitText } from '../unit.js';

/**
 * Where a source's units go. `train` teaches the model; `evaluation` measures it and is never trained on;
 * `workspace` is set aside for proofs that training on a workspace helps, and is in no token file.
 */
export const SPLITS = ['train', 'evaluation', 'workspace'] as const;
export type PretrainingSplit = (typeof SPLITS)[number];

/** What the built-in model speaks: units of other languages in a source are passed over. */
export const PRETRAINING_LANGUAGES: readonly LanguageId[] = [
  'typescript',
  'tsx',
  'javascript',
  'python',
  'go',
  'java',
  'rust',
  'ruby',
  'php',
  'csharp',
];

/** One unit of a public source, cleaned: a line of the JSONL shards. */
export interface PretrainingRecord {
  language: LanguageId;
  name: string;
  /** The unit at the left margin, without its doc; ends with `rest`. */
  code: string;
  signature: string;
  /** What follows the signature: the body with the white space before it. */
  rest: string;
  /** In the model's plain form; null where there is none that is fit to learn from. */
  doc: string | null;
  /** Index among the sources that are used. */
  source: number;
  /** Path inside the source. Units of one file stand together, in the order of the file. */
  file: string;
  split: PretrainingSplit;
}

/** Moves a unit to the left margin and parts it where its body begins. */
export type ViewOf = (unit: UnitText) => { code: string; signature: string; rest: string };

/** Reads a `.jsonl.gz` file one value a line. */
export async function* readJsonLines<T>(file: string): AsyncGenerator<T> {
  const input = createReadStream(file).pipe(createGunzip());
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (line !== '') {
      yield JSON.parse(line) as T;
    }
  }
}

/** Writes a `.jsonl.gz` file one value a line. */
export class JsonLinesWriter<T> {
  private readonly gzip = createGzip({ level: 4 });
  private readonly done: Promise<void>;

  constructor(file: string) {
    const output = createWriteStream(file);
    this.gzip.pipe(output);
    this.done = finished(output);
    // Reported by `close`; without a handler before that, it would end the process.
    this.done.catch(() => undefined);
  }

  async write(value: T): Promise<void> {
    if (!this.gzip.write(`${JSON.stringify(value)}\n`)) {
      await once(this.gzip, 'drain');
    }
  }

  async close(): Promise<void> {
    this.gzip.end();
    await this.done;
  }
}
