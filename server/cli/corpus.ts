import { resolve } from 'node:path';
import type { CorpusReport, FileVerdict } from '../corpus/report.js';
import { scanCorpus } from '../corpus/scan.js';
import { LANGUAGES } from '../languages/table.js';
import type { Command, Io } from './command.js';

const DEFAULT_SEED = 1;

export const corpus: Command = {
  name: 'corpus',
  summary: 'tell which files and units of a folder would be learnt, and why others not',
  usage: 'DIR [--list] [--exclude PATTERN] [--seed N] [--held-out SHARE] [--json]',
  example: 'batcoder corpus . --list',
  options: [
    { name: 'list', summary: 'print every file and every unit with its verdict' },
    {
      name: 'exclude',
      value: 'string',
      placeholder: 'PATTERN',
      repeat: true,
      summary: 'leave out files that match, as in files.exclude; may be given several times',
    },
    {
      name: 'seed',
      value: 'integer',
      min: 0,
      summary: `decides which files are held out (default ${DEFAULT_SEED})`,
    },
    {
      name: 'held-out',
      value: 'number',
      placeholder: 'SHARE',
      min: 0,
      max: 1,
      summary: 'the share of files that is held out (default 0.2)',
    },
  ],
  positionals: { min: 1, max: 1 },
  async run(args, io) {
    const progress = io.progress('Scanning');
    const { report, verdicts, units } = await scanCorpus(resolve(io.cwd, args.positionals[0]), {
      seed: args.number('seed') ?? DEFAULT_SEED,
      heldOut: args.number('held-out'),
      exclude: [...args.strings('exclude')],
      list: args.flag('list'),
      signal: io.signal,
      onProgress: (done, total, file) => progress.update(done, total, file),
    });
    progress.end();
    const heldOut = units.filter(({ split }) => split === 'held-out').length;
    verdicts?.forEach((verdict) => printVerdict(io, verdict));
    printReport(io, report, heldOut);
    return verdicts === undefined ? report : { ...report, list: verdicts };
  },
};

function printVerdict(io: Io, { path, verdict, count, split, units }: FileVerdict): void {
  const detail = split ?? (count > 1 ? `${verdict}, ${count} files` : verdict);
  io.print(`${path}  ${detail}`);
  for (const unit of units) {
    io.print(`  ${unit.line + 1}  ${unit.name}  ${unit.verdict}`);
  }
}

function printReport(io: Io, { files, units, seconds }: CorpusReport, heldOut: number): void {
  const counts = (record: Partial<Record<string, number>>) =>
    Object.entries(record)
      .sort(([, a], [, b]) => (b ?? 0) - (a ?? 0))
      .map(([reason, n]) => `${n} ${reason}`)
      .join(', ');
  const names = Object.fromEntries(
    Object.entries(units.byLanguage).map(([id, n]) => [
      LANGUAGES.find((language) => language.id === id)?.name ?? id,
      n,
    ]),
  );
  io.print(`Files: ${files.seen} seen, ${files.parsed} parsed`);
  io.print(`  skipped: ${counts(files.skipped) || 'none'}`);
  io.print(`Units: ${units.accepted} accepted (${heldOut} held out): ${counts(names) || 'none'}`);
  io.print(`  rejected: ${counts(units.rejected) || 'none'}`);
  io.print(`In ${seconds.toFixed(1)} s.`);
}
