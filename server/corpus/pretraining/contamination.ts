import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { UserError } from '../../util/errors.js';
import { sha256 } from '../../util/hash.js';

/** Words of an n-gram. Benchmark texts are short: longer n-grams would miss whole solutions. */
const WORDS = 10;
/** A benchmark text of fewer words than an n-gram counts whole, down to this many. */
const LEAST_WORDS = 7;

/** Fields of a benchmark's lines that hold the task, its solution or its tests. */
const FIELDS = [
  'prompt',
  'description',
  'canonical_solution',
  'test',
  'text',
  'code',
  'test_list',
] as const;

/** A benchmark file that was read, so that it can be told later which it was. */
export interface BenchmarkFile {
  name: string;
  sha256: string;
}

/**
 * Knows the texts of benchmarks, and which units share ten words in a row with them. Words are compared in lower
 * case, without marks, so that neither formatting nor comment signs hide a copy.
 */
export class Contamination {
  readonly files: BenchmarkFile[] = [];
  private readonly grams = new Set<string>();
  private readonly short = new Set<string>();

  /**
   * Adds the tasks, solutions and tests of a `.jsonl` or `.jsonl.gz` benchmark file.
   * @throws UserError where it cannot be read or holds no field that is known: nothing would be kept out
   */
  addFile(file: string): void {
    let texts = 0;
    try {
      const bytes = readFileSync(file);
      const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
      for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
        texts += this.addTask(JSON.parse(line) as Record<string, unknown>);
      }
      this.files.push({ name: basename(file), sha256: sha256(bytes) });
    } catch (error) {
      throw new UserError(`the benchmark ${file} cannot be read (${(error as Error).message}).`);
    }
    if (texts === 0) {
      throw new UserError(`${file} is no benchmark: no line has any of ${FIELDS.join(', ')}.`);
    }
  }

  add(text: string): void {
    const words = wordsOf(text);
    if (words.length >= LEAST_WORDS && words.length < WORDS) {
      this.short.add(words.join(' '));
    }
    for (let i = 0; i + WORDS <= words.length; i++) {
      this.grams.add(words.slice(i, i + WORDS).join(' '));
    }
  }

  /** Whether a text holds an n-gram of a benchmark, or is one of its short texts as a whole. */
  holds(text: string): boolean {
    const words = wordsOf(text);
    if (words.length < WORDS) {
      return this.short.has(words.join(' '));
    }
    for (let i = 0; i + WORDS <= words.length; i++) {
      if (this.grams.has(words.slice(i, i + WORDS).join(' '))) {
        return true;
      }
    }
    return false;
  }

  /** @returns how many texts the task has */
  private addTask(task: Record<string, unknown>): number {
    const texts = FIELDS.map((field) => task[field])
      .map((value): unknown => (Array.isArray(value) ? value.join('\n') : value))
      .filter((value) => typeof value === 'string');
    texts.forEach((text) => this.add(text));
    return texts.length;
  }
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
}
