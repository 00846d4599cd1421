import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { decodeSource } from '../corpus/read.js';
import { languageForFile } from '../languages/table.js';
import { LANGUAGE_IDS, type LanguageId } from '../languages/types.js';
import { loadSimilarity, METRICS, type Metric, type Similarity } from '../similarity/similarity.js';
import { UsageError, UserError } from '../util/errors.js';
import type { Command, Io } from './command.js';
import { readSource } from './readSource.js';

export const similarity: Command = {
  name: 'similarity',
  summary: 'tell how much one unit of code means what another does, from 0 to 1',
  usage: 'A B [--metric M] [--language L] [--json]  |  similarity --jsonl [--metric M] < PAIRS',
  example: 'batcoder similarity before.py after.py',
  options: [
    {
      name: 'metric',
      value: 'string',
      choices: METRICS,
      placeholder: 'M',
      summary: `the measure: ${METRICS.join(', ')} (default cssg)`,
    },
    {
      name: 'language',
      value: 'string',
      choices: LANGUAGE_IDS,
      placeholder: 'L',
      summary: `the language of both, where the file names do not tell: ${LANGUAGE_IDS.join(', ')}`,
    },
    {
      name: 'jsonl',
      summary:
        'read lines {"language", "a", "b"} from stdin and write a line {"score"} for each, in order',
    },
  ],
  positionals: { min: 0, max: 2 },
  async run(args, io) {
    const metric = (args.string('metric') ?? 'cssg') as Metric;
    if (args.flag('jsonl')) {
      if (args.positionals.length > 0 || io.json) {
        throw new UsageError('--jsonl reads its pairs from stdin: leave out the files and --json.');
      }
      return scoreLines(metric, io);
    }
    if (args.positionals.length !== 2) {
      throw new UsageError('give two files to compare, or --jsonl and pairs on stdin.');
    }
    const [a, b] = args.positionals.map((file) => ({
      file,
      text: decodeSource(readSource(resolve(io.cwd, file), file)),
    }));
    const language = languageOf(args.string('language') as LanguageId | undefined, a, b);
    const measure = await loadSimilarity(language, metric);
    for (const { file, text } of [a, b]) {
      if (!measure.parses(text)) {
        io.note(`${file} is no unit of ${language} without a syntax error, so the score is 0.`);
      }
    }
    const score = measure.score(a.text, b.text);
    io.print(score.toFixed(4));
    return { language, metric, score };
  },
};

interface CodeFile {
  file: string;
  text: string;
}

/** What was asked for, or what the names tell: one of them may tell nothing. */
function languageOf(asked: LanguageId | undefined, a: CodeFile, b: CodeFile): LanguageId {
  const told = [a, b].map(({ file, text }) => languageForFile(file, text)?.id);
  const language = asked ?? told[0] ?? told[1];
  if (language === undefined) {
    throw new UserError(`${a.file} does not tell its language; say it with --language.`);
  }
  if (asked === undefined && told[1] !== undefined && told[1] !== language) {
    throw new UserError(
      `${a.file} is ${language} and ${b.file} ${told[1]}; only code of one language is compared.`,
    );
  }
  return language;
}

async function scoreLines(metric: Metric, io: Io): Promise<{ pairs: number }> {
  const measures = new Map<LanguageId, Similarity>();
  let pairs = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (io.signal.aborted) {
      break;
    }
    if (line.trim() === '') {
      continue;
    }
    const pair = readPair(line, pairs + 1);
    let measure = measures.get(pair.language);
    if (measure === undefined) {
      measure = await loadSimilarity(pair.language, metric);
      measures.set(pair.language, measure);
    }
    io.print(JSON.stringify({ score: measure.score(pair.a, pair.b) }));
    pairs++;
  }
  return { pairs };
}

function readPair(line: string, number: number): { language: LanguageId; a: string; b: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new UserError(`pair ${number} on stdin is no JSON; each line must be one object.`);
  }
  const { language, a, b } = (value ?? {}) as Record<string, unknown>;
  const known = LANGUAGE_IDS.find((id) => id === language);
  if (known === undefined || typeof a !== 'string' || typeof b !== 'string') {
    throw new UserError(
      `pair ${number} on stdin needs "language" (${LANGUAGE_IDS.join(', ')}) and the strings "a" and "b".`,
    );
  }
  return { language: known, a, b };
}
