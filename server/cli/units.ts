import { resolve } from 'node:path';
import { extractUnits } from '../corpus/extract.js';
import { decodeSource } from '../corpus/read.js';
import { loadParser } from '../languages/parser.js';
import { LANGUAGES, languageById, languageForFile } from '../languages/table.js';
import { LANGUAGE_IDS, type LanguageId } from '../languages/types.js';
import { UserError } from '../util/errors.js';
import type { Command } from './command.js';
import { readSource } from './readSource.js';

export const units: Command = {
  name: 'units',
  summary: 'list the functions and methods of one file with their exact ranges',
  usage: 'FILE [--language L] [--json]',
  example: 'batcoder units src/main.py --json',
  options: [
    {
      name: 'language',
      value: 'string',
      choices: LANGUAGE_IDS,
      placeholder: 'L',
      summary: `the language, where the file's name does not tell: ${LANGUAGE_IDS.join(', ')}`,
    },
  ],
  positionals: { min: 1, max: 1 },
  async run(args, io) {
    const file = args.positionals[0];
    const text = decodeSource(readSource(resolve(io.cwd, file), file));
    const chosen = args.string('language') as LanguageId | undefined;
    const language = chosen === undefined ? languageForFile(file, text) : languageById(chosen);
    if (language === null) {
      const known = LANGUAGES.map(({ name }) => name).join(', ');
      throw new UserError(`${file} is in none of ${known}; say which with --language.`);
    }
    const { units: found, hasErrors, rejected } = extractUnits(await loadParser(language.id), text);
    for (const unit of found) {
      const { start, end } = unit.range;
      const params = unit.parameters.map(({ name }) => name).join(', ');
      const doc = unit.doc === null ? '' : '  documented';
      io.print(
        `${start.line + 1}-${end.line + 1}  ${unit.kind}  ${unit.qualifiedName}(${params})${doc}`,
      );
    }
    for (const { name, range } of rejected) {
      io.print(`${range.start.line + 1}-${range.end.line + 1}  left out: ${name} (syntax error)`);
    }
    io.print(`${found.length} units${hasErrors ? '; the file has syntax errors' : ''}`);
    return {
      file,
      language: language.id,
      hasErrors,
      units: found.map((unit) => ({
        name: unit.name,
        qualifiedName: unit.qualifiedName,
        kind: unit.kind,
        language: unit.language,
        range: unit.range,
        signatureRange: unit.signatureRange,
        bodyRange: unit.bodyRange,
        docRange: unit.docRange,
        parameters: unit.parameters,
        returns: unit.returns,
        docInsert: unit.docInsert,
      })),
      rejected,
    };
  },
};
