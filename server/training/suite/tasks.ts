import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { extractUnits } from '../../corpus/extract.js';
import type { UnitText } from '../../corpus/unit.js';
import { renderPlainDoc } from '../../languages/docs/plain.js';
import { parseDoc } from '../../languages/docs/styles.js';
import { identifierPattern } from '../../inference/view.js';
import { loadParser } from '../../languages/parser.js';
import { UserError } from '../../util/errors.js';

/** A function to be written in Python, and what tells whether it was. */
export interface SuiteTask {
  id: string;
  /** Imports and helpers that the function may use. */
  before: string;
  signature: string;
  /** In the model's plain form. */
  doc: string;
  /** A whole solution; null where the suite has none. */
  canonical: string | null;
  /** Run after a solution: raises where it is wrong. */
  tests: string;
}

type Fields = Record<string, unknown>;

const QUOTED = /("""|''').*?\1/s;

/**
 * Reads a suite, `.jsonl` or `.jsonl.gz`, one task a line: HumanEval's fields (task_id, prompt, entry_point, test,
 * canonical_solution; MBXP's files have the same) or MBPP's (task_id, text, code, test_list, test_setup_code;
 * or those of its sanitized edition).
 * One line that is no such task refuses the whole file: a pass rate over the others would be that of another suite.
 * @throws UserError naming the line that is no such task, or a task of another language than Python
 */
export async function readSuite(file: string): Promise<SuiteTask[]> {
  let text: string;
  try {
    const bytes = readFileSync(file);
    text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (error) {
    throw new UserError(`the suite ${file} cannot be read (${(error as Error).message}).`);
  }
  const tasks: SuiteTask[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() !== '') {
      tasks.push(await readTask(line, `line ${i + 1} of ${file}`));
    }
  }
  if (tasks.length === 0) {
    throw new UserError(`${file} holds no task.`);
  }
  return tasks;
}

async function readTask(line: string, place: string): Promise<SuiteTask> {
  let fields: Fields;
  try {
    fields = JSON.parse(line) as Fields;
  } catch {
    throw new UserError(`${place} is no JSON; each line must be one task.`);
  }
  if (fields.language !== undefined && fields.language !== 'python') {
    throw new UserError(
      `${place} is a task in another language than Python, which is all that is run.`,
    );
  }
  const isMbpp = Array.isArray(fields.test_list);
  const task = isMbpp ? await mbppTask(fields, place) : await humanEvalTask(fields, place);
  if (task === null) {
    throw new UserError(`${place} has neither HumanEval's fields nor MBPP's.`);
  }
  return task;
}

async function humanEvalTask(fields: Fields, place: string): Promise<SuiteTask | null> {
  const { task_id: id, prompt, entry_point: name, test, canonical_solution: solution } = fields;
  if (typeof prompt !== 'string' || typeof name !== 'string' || typeof test !== 'string') {
    return null;
  }
  // The docstring's own indentation is that of the body.
  const indent = /^([ \t]+)\S[^\n]*\s*$/m.exec(prompt.trimEnd().split('\n').at(-1)!)?.[1] ?? '    ';
  const unit = await unitNamed(`${prompt.trimEnd()}\n${indent}pass\n`, name);
  if (unit === null) {
    throw new UserError(`${place} has a prompt that begins no function '${name}'.`);
  }
  return {
    id: String(id),
    before: beforeUnit(prompt, unit),
    signature: unit.signature,
    // A text that Python takes for no docstring says as well what is asked for.
    doc: docOf(unit.doc ?? QUOTED.exec(unit.code)?.[0] ?? ''),
    canonical: typeof solution === 'string' ? prompt + solution : null,
    // Bound first: a function may itself be called check.
    tests: `candidate_ = ${name}\n${test}\ncheck(candidate_)\n`,
  };
}

async function mbppTask(fields: Fields, place: string): Promise<SuiteTask | null> {
  const { task_id: id, code } = fields;
  // The sanitized edition calls them `prompt` and `test_imports`.
  const text = fields.text ?? fields.prompt;
  const setup = linesOf(fields.test_setup_code ?? fields.test_imports);
  const tests = linesOf(fields.test_list);
  if (typeof code !== 'string' || typeof text !== 'string' || tests === '') {
    return null;
  }
  const { units } = extractUnits(await loadParser('python'), code);
  const unit = units.find(({ name }) => calls(tests, name));
  if (unit === undefined) {
    throw new UserError(`${place} has tests that call no function of its code.`);
  }
  return {
    id: `MBPP/${String(id)}`,
    before: setup + importsOf(code),
    signature: unit.signature,
    doc: text,
    canonical: setup + code,
    tests,
  };
}

function calls(code: string, name: string): boolean {
  return new RegExp(`${identifierPattern(name).source}\\s*\\(`, 'u').test(code);
}

/** A docstring as the model reads docs: the first paragraph, up to the examples that it may run into. */
function docOf(docstring: string): string {
  const doc = parseDoc(docstring, 'python');
  return renderPlainDoc({ ...doc, summary: doc.summary.replace(/\s*>>>.*$/s, '') });
}

/** A text or a list of texts, each ended. */
function linesOf(field: unknown): string {
  const list = Array.isArray(field) ? field : [field];
  return list
    .filter((each): each is string => typeof each === 'string' && each !== '')
    .map((each) => `${each}\n`)
    .join('');
}

async function unitNamed(text: string, name: string): Promise<UnitText | null> {
  const { units } = extractUnits(await loadParser('python'), text);
  return units.findLast((unit) => unit.name === name) ?? null;
}

function beforeUnit(text: string, unit: UnitText): string {
  return text
    .split('\n')
    .slice(0, unit.range.start.line)
    .map((line) => `${line}\n`)
    .join('');
}

/** The import lines at the margin: the rest of a reference solution is the answer. */
function importsOf(code: string): string {
  return code
    .split(/\r?\n/)
    .filter((line) => /^(?:import|from)\s/.test(line))
    .map((line) => `${line.trim()}\n`)
    .join('');
}
