import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { extractUnits } from '../../corpus/extract.js';
import { walk } from '../../corpus/walk.js';
import { loadParser } from '../../languages/parser.js';
import { languageForFile } from '../../languages/table.js';
import type { LanguageId } from '../../languages/types.js';
import { loadSimilarity } from '../../similarity/similarity.js';
import { readSuite } from '../../training/suite/tasks.js';
import { UserError } from '../../util/errors.js';
import type { Io, ParsedArgs } from '../command.js';
import { benchDiscrimination } from './discriminate.js';
import { measureRounds, median, since } from './rounds.js';

/** Lines of code. */
const SIZES = [10, 20, 40, 80, 160, 320];
/** A function counts to a size from so much below it to so much above. */
const NEAR = 0.15;
/** Of one size and language; where there are fewer functions, several are joined to one unit. */
const FEWEST = 20;
const MOST = 200;
/** To read in a round at least. */
const LINES = 4000;
/** Files larger than this hold no functions of people. */
const LARGEST_FILE = 2 ** 19;

/** Distinct real functions, all compared once in a round: both parsed anew, then with one of the two known already. */
export async function benchSimilarity(args: ParsedArgs, io: Io) {
  const answers = args.string('answers');
  if (answers !== undefined) {
    return benchDiscrimination(answers, args, io);
  }
  const from = args.string('from') ?? args.string('suite');
  if (from === undefined) {
    throw new UserError('bench similarity needs code: --from DIR, or a suite with --suite FILE.');
  }
  const languages = [];
  for (const [language, codes] of await realFunctions(resolve(io.cwd, from))) {
    languages.push(await benchLanguage(language, codes, args, io));
  }
  return { what: 'similarity', node: process.version, languages };
}

async function benchLanguage(
  language: LanguageId,
  codes: readonly string[],
  args: ParsedArgs,
  io: Io,
) {
  const measure = await loadSimilarity(language);
  const sizes = [];
  for (const size of SIZES) {
    const units = unitsOf(size, codes).filter((code) => measure.parses(code));
    if (units.length < 2) {
      continue;
    }
    // A new last line each round, or the graphs would be there already.
    let rounds = 0;
    const passes = Math.ceil(LINES / (units.length * size));
    const { seconds } = await measureRounds(args, io, () => {
      const fresh = Array.from({ length: passes }, (_, pass) => {
        const end = '\n'.repeat(1 + ((rounds * passes + pass) % 60));
        return units.map((code) => code + end);
      }).flat();
      rounds++;
      let start = performance.now();
      for (let i = 0; i + 1 < fresh.length; i += 2) {
        measure.score(fresh[i], fresh[i + 1]);
      }
      const both = since(start) / Math.floor(fresh.length / 2);
      const known = `${units[0]}\n\n`;
      start = performance.now();
      for (const code of fresh) {
        measure.score(known, `${code} `);
      }
      return { both, one: since(start) / fresh.length };
    });
    const result = {
      lines: units.reduce((sum, code) => sum + linesOf(code), 0) / units.length,
      characters: units.reduce((sum, code) => sum + code.length, 0) / units.length,
      units: units.length,
      pairsPerSecond: 1 / median(seconds.both),
      bestPairsPerSecond: 1 / Math.min(...seconds.both),
      pairsPerSecondOneKnown: 1 / median(seconds.one),
      rounds: seconds.both.length,
    };
    sizes.push(result);
    io.print(
      `${language}, ${result.lines.toFixed(0)} lines (${units.length} units): ` +
        `${result.pairsPerSecond.toFixed(0)} pairs/s (best ${result.bestPairsPerSecond.toFixed(0)}), ` +
        `${result.pairsPerSecondOneKnown.toFixed(0)} with one side known`,
    );
  }
  const exponent = fittedExponent(sizes.map((each) => [each.lines, 1 / each.pairsPerSecond]));
  io.print(`${language}: time grows as lines^${exponent.toFixed(2)}`);
  return { language, exponent, sizes };
}

/** Code without docs, by language: of a folder's files, or the solutions of a suite. */
async function realFunctions(from: string): Promise<Map<LanguageId, string[]>> {
  const found = new Map<LanguageId, string[]>();
  const add = async (language: LanguageId, text: string): Promise<void> => {
    const parser = await loadParser(language);
    const { units } = extractUnits(parser, text);
    found.set(language, [...(found.get(language) ?? []), ...units.map(({ code }) => code)]);
  };
  if (statSync(from, { throwIfNoEntry: false })?.isDirectory()) {
    for (const { path, skip } of walk(from)) {
      const language = skip === null ? languageForFile(path, '') : null;
      if (language && statSync(join(from, path)).size <= LARGEST_FILE) {
        await add(language.id, readFileSync(join(from, path), 'utf8'));
      }
    }
  } else {
    for (const { canonical } of await readSuite(from)) {
      await add('python', canonical ?? '');
    }
  }
  return found;
}

/** Functions of about a size; where they are few, units of several functions that reach it together. */
function unitsOf(size: number, codes: readonly string[]): string[] {
  const near = (code: string) => Math.abs(linesOf(code) / size - 1) <= NEAR;
  const own = codes.filter(near);
  if (own.length >= FEWEST) {
    return own.slice(0, MOST);
  }
  const small = codes.filter((code) => linesOf(code) <= size / 2 && /^\S/.test(code));
  for (let joined = '', i = 0; i < small.length && own.length < FEWEST; i++) {
    joined = `${joined}${small[i]}\n\n`;
    if (near(joined)) {
      own.push(joined);
      joined = '';
    } else if (linesOf(joined) > size) {
      joined = '';
    }
  }
  return own;
}

/** Lines that are not empty. */
function linesOf(code: string): number {
  return code.split('\n').filter((line) => line.trim() !== '').length;
}

/** The slope of the logarithms, by least squares. */
function fittedExponent(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)]);
  const mean = (of: number) => logs.reduce((sum, point) => sum + point[of], 0) / logs.length;
  const [x0, y0] = [mean(0), mean(1)];
  const over = logs.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0);
  return over / logs.reduce((sum, [x]) => sum + (x - x0) ** 2, 0);
}
