import { extractUnits } from '../corpus/extract.js';
import { openEngine, type DocumentResult, type Engine } from '../inference/engine.js';
import { offsetAt } from '../inference/text.js';
import { loadParser } from '../languages/parser.js';
import { languageById } from '../languages/table.js';
import type { DocStyle } from '../languages/types.js';
import { writeFileAtomic } from '../store/atomic.js';
import { UsageError, UserError } from '../util/errors.js';
import { chosenModel } from './chosenModel.js';
import type { Command, Io } from './command.js';
import { readPlace, workspaceOf, type SourcePlace } from './fileLine.js';

export const document: Command = {
  name: 'document',
  summary: 'write docs for the undocumented functions of a file, or for the one at a line',
  usage: 'FILE[:LINE] [--write] [--style S] [--model DIR] [--json]',
  example: 'batcoder document src/main.py:12',
  options: [
    { name: 'write', summary: 'put the docs into the file; nothing else in it changes' },
    {
      name: 'style',
      value: 'string',
      placeholder: 'S',
      summary: "the doc style (default: that of the file's other docs)",
    },
    {
      name: 'model',
      value: 'string',
      placeholder: 'DIR',
      summary: 'a model in place of the one in use',
    },
  ],
  positionals: { min: 1, max: 1 },
  async run(args, io) {
    const place = readPlace(io.cwd, args.positionals[0]);
    const style = styleOf(args.string('style'), place);
    const engine = await openEngine(chosenModel(args, workspaceOf(place.file, io.cwd), io.cwd));
    try {
      const { results, withheld } = await documentPlace(engine, place, style, io);
      for (const result of results) {
        io.print(`${place.file}:${result.unit.range.start.line + 1}  ${result.unit.qualifiedName}`);
        io.print(result.comment);
        const spelt =
          result.spelt.length === 0 ? '' : `; from the name alone: ${result.spelt.join(', ')}`;
        io.print(`round trip ${(result.roundTrip ?? 0).toFixed(2)}${spelt}\n`);
      }
      for (const { name, reason } of withheld) {
        io.print(`${name}: withheld. ${reason}`);
      }
      if (args.flag('write') && results.length > 0) {
        writeFileAtomic(place.file, withDocs(place.text, results));
        io.print(`${results.length} docs written to ${place.file}`);
      }
      return {
        file: place.file,
        written: args.flag('write'),
        docs: results.map(({ unit, comment, doc, edit, roundTrip, spelt }) => ({
          name: unit.qualifiedName,
          line: unit.range.start.line,
          doc,
          comment,
          edit,
          roundTrip,
          spelt,
        })),
        withheld,
      };
    } finally {
      engine.dispose();
    }
  },
};

async function documentPlace(
  engine: Engine,
  place: SourcePlace,
  style: DocStyle | 'auto',
  io: Io,
): Promise<{ results: DocumentResult[]; withheld: { name: string; reason: string }[] }> {
  const { text, language } = place;
  if (place.line !== null) {
    const result = await engine.document({ text, language, line: place.line, style }, io.signal);
    return { results: [result], withheld: [] };
  }
  const { units } = extractUnits(await loadParser(language), text);
  const open = units.filter((unit) => unit.doc === null);
  const results: DocumentResult[] = [];
  const withheld: { name: string; reason: string }[] = [];
  const progress = io.progress('Documenting');
  for (const [index, unit] of open.entries()) {
    progress.update(index, open.length, unit.qualifiedName);
    try {
      const line = unit.signatureRange.start.line;
      results.push(await engine.document({ text, language, line, style }, io.signal));
    } catch (error) {
      if (!(error instanceof UserError)) {
        throw error;
      }
      withheld.push({ name: unit.qualifiedName, reason: error.message });
    }
  }
  progress.end(`${results.length} of ${open.length} undocumented functions`);
  return { results, withheld };
}

/** The file with all docs in it; from the last to the first, so that places before stay true. */
function withDocs(text: string, results: readonly DocumentResult[]): string {
  const edits = results
    .map(({ edit }) => ({ at: offsetAt(text, edit.position), newText: edit.newText }))
    .sort((a, b) => b.at - a.at);
  return edits.reduce(
    (made, { at, newText }) => made.slice(0, at) + newText + made.slice(at),
    text,
  );
}

function styleOf(style: string | undefined, { language }: SourcePlace): DocStyle | 'auto' {
  if (style === undefined) {
    return 'auto';
  }
  const { docStyles, name } = languageById(language);
  const known = docStyles.find((each) => each === style);
  if (known === undefined) {
    throw new UsageError(
      `${name} has no doc style '${style}': choose one of ${docStyles.join(', ')}.`,
    );
  }
  return known;
}
