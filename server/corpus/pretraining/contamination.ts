import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { UserError } from '../../util/errors.js';

/** Words of an n-gram. Benchmark texts are short: longer n-grams would miss whole solutions. */
const WORDS = 10;
/** A benchmark text of fewer words than an n-gram counts whole, down to this many. */
const LEAST_WORDS = 7;

/** Fields of a benchmark's lines that hold the task or its solution. */
const FIELDS = ['prompt', 'canonical_solution', 'text', 'code', 'description'] as const;

/**
 * Knows the texts of benchmarks, and which units share ten words in a row with them. Words are compared in lower
 * case, without marks, so that neither formatting nor comment signs hide a copy.
 */
export class Contamination {
  private readonly grams = new Set<string>();
  private readonly short = new Set<string>();

  /** Adds the task texts and solutions of a `.jsonl` or `.jsonl.gz` benchmark file. */
  addFile(file: string): void {
    let lines: string[];
    try {
      const bytes = readFileSync(file);
      lines = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').split('\n');
    } catch (error) {
      throw new UserError(`the benchmark ${file} cannot be read (${(error as Error).message}).`);
    }
    for (const line of lines.filter((each) => each.trim() !== '')) {
      const task = JSON.parse(line) as Record<string, unknown>;
      for (const field of FIELDS) {
        const text = task[field];
        if (typeof text === 'string') {
          this.add(text);
        }
      }
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
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
}
