import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { extractUnits } from '../../../server/corpus/extract.js';
import { loadParser } from '../../../server/languages/parser.js';
import { languageForFile } from '../../../server/languages/table.js';
import type { LanguageId } from '../../../server/languages/types.js';
import { loadSimilarity, type Metric } from '../../../server/similarity/similarity.js';
import { readSuite } from '../../../server/training/suite/tasks.js';
import { FUNCTIONS } from './functions.js';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const LANGUAGES = Object.keys(FUNCTIONS) as LanguageId[];

/** Real functions: those of the fixtures, and for Python the solutions of HumanEval. */
async function functionsOf(language: LanguageId): Promise<string[]> {
  const folder = join(FIXTURES, 'languages');
  const parser = await loadParser(language);
  const texts = readdirSync(folder)
    .filter((file) => languageForFile(file, '')?.id === language)
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  if (language === 'python') {
    const tasks = await readSuite(join(FIXTURES, 'suites/HumanEval.jsonl.gz'));
    texts.push(...tasks.map(({ canonical }) => canonical ?? ''));
  }
  return [
    FUNCTIONS[language],
    ...texts.flatMap((text) => extractUnits(parser, text).units.map(({ code }) => code)),
  ];
}

/** A digest of the bits of all scores, and their sum for people. */
async function scores(
  language: LanguageId,
  metric: Metric,
  strides: number[],
  most = Infinity,
): Promise<string> {
  const measure = await loadSimilarity(language, metric);
  const codes = (await functionsOf(language)).slice(0, most);
  const values = Float64Array.from(
    strides.flatMap((stride) =>
      codes.map((code, i) => measure.score(code, codes[(i + stride) % codes.length])),
    ),
  );
  const digest = createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex');
  return `${values.length} ${values.reduce((sum, value) => sum + value, 0).toFixed(6)} ${digest.slice(0, 16)}`;
}

/** They change when costs or graphs are meant to change, and at no other time. */
describe('the scores of real pairs, bit for bit', () => {
  test.each(LANGUAGES)('CSSG in %s', async (language) => {
    expect(await scores(language, 'cssg', [1, 3, 7])).toBe(GOLDEN[language]);
  });

  test.each(['codebleu', 'tsed', 'crystalbleu'] as const)('%s in Python', async (metric) => {
    expect(await scores('python', metric, [1], 60)).toBe(GOLDEN[metric]);
  });
});

const GOLDEN: Record<string, string> = {
  python: '573 220.122800 241051103990ca15',
  typescript: '69 30.355975 f0c310de6272eb5e',
  tsx: '12 3.078628 49c903764df47e33',
  javascript: '48 20.804021 8536bfe0fb2fd53f',
  go: '15 4.393076 5ea9f4eaf119a500',
  java: '24 10.442968 1585e60cbcc8f335',
  rust: '18 6.372136 f69afe2d6fbe6c0d',
  c: '18 10.019297 0fb16e20414031e1',
  cpp: '39 14.976061 243ecb1907bb2b90',
  ruby: '24 8.948751 f66c2ddc02404f13',
  php: '18 7.553221 522dde516ab7a02c',
  csharp: '36 16.936048 2b83e638940f9dc7',
  kotlin: '21 13.449707 955066eaee1851a6',
  scala: '24 12.051489 e7151cf90575b4c1',
  lua: '27 11.740656 6043b2e32a5ae91e',
  bash: '15 6.048101 d8a2781d347d4494',
  codebleu: '60 13.604762 185a01e081fc3dca',
  tsed: '60 19.329195 20028bc6f79a66c6',
  crystalbleu: '60 6.770603 08c9bb7b7ca646ce',
};
