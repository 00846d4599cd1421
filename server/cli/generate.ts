import { openEngine, type GenerateRequest } from '../inference/engine.js';
import { LANGUAGE_IDS, type LanguageId } from '../languages/types.js';
import { UsageError } from '../util/errors.js';
import { chosenModel } from './chosenModel.js';
import type { Command, ParsedArgs } from './command.js';
import { readPlace, workspaceOf } from './fileLine.js';

export const generate: Command = {
  name: 'generate',
  summary: 'write code for a doc: one given as text, or the comment at a line of a file',
  usage: '(--language L --doc TEXT [--signature S] | FILE:LINE) [-n K] [--model DIR] [--json]',
  example:
    "batcoder generate --language python --doc 'Adds two numbers.' --signature 'def add(a, b):'",
  options: [
    {
      name: 'language',
      value: 'string',
      choices: LANGUAGE_IDS,
      placeholder: 'L',
      summary: `one of ${LANGUAGE_IDS.join(', ')}`,
    },
    { name: 'doc', value: 'string', summary: 'what the code should do' },
    {
      name: 'signature',
      value: 'string',
      placeholder: 'S',
      summary: 'the signature of the function',
    },
    {
      name: 'count',
      short: 'n',
      value: 'integer',
      placeholder: 'K',
      min: 1,
      max: 32,
      summary: 'candidates at most (default 3)',
    },
    {
      name: 'model',
      value: 'string',
      placeholder: 'DIR',
      summary: 'a model in place of the one in use',
    },
  ],
  positionals: { min: 0, max: 1 },
  async run(args, io) {
    const { request, root } = requestOf(args, io.cwd);
    const engine = await openEngine(chosenModel(args, root, io.cwd));
    try {
      const result = await engine.generate(request, args.number('count') ?? 3, io.signal);
      for (const [index, { code, score }] of result.candidates.entries()) {
        io.print(`--- ${index + 1}: its own doc is like the one asked for by ${score.toFixed(2)}`);
        io.print(code);
      }
      if (result.reason !== null) {
        io.print(result.reason);
      }
      return result;
    } finally {
      engine.dispose();
    }
  },
};

function requestOf(args: ParsedArgs, cwd: string): { request: GenerateRequest; root: string } {
  const doc = args.string('doc');
  const [argument] = args.positionals;
  if ((doc === undefined) === (argument === undefined)) {
    throw new UsageError('Give either --doc with --language, or FILE:LINE.');
  }
  if (doc !== undefined) {
    const language = args.string('language') as LanguageId | undefined;
    if (language === undefined) {
      throw new UsageError('--doc needs --language.');
    }
    return { request: { language, doc, signature: args.string('signature') }, root: cwd };
  }
  const { file, text, language, line } = readPlace(cwd, argument);
  if (line === null) {
    throw new UsageError(`${argument} needs the line of a doc comment: ${argument}:LINE.`);
  }
  return { request: { text, language, line }, root: workspaceOf(file, cwd) };
}
