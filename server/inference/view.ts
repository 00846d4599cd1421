import { MAX_CONTEXT_CHARS } from '../corpus/pretraining/sequences.js';
import type { Position, UnitText } from '../corpus/unit.js';
import { parseDoc } from '../languages/docs/parse.js';
import { renderPlainDoc } from '../languages/docs/plain.js';
import type { Doc, LanguageId } from '../languages/types.js';

/** A unit as the model sees it: without its doc, moved to the left margin, and cut where the body begins. */
export interface UnitView {
  language: LanguageId;
  name: string;
  /** `signature + rest`. */
  code: string;
  signature: string;
  /** All that follows the signature, the white space before the body included. */
  rest: string;
  parameters: string[];
  returnsValue: boolean;
  /** The doc that the unit has, in the model's plain form; null where there is none or it says nothing. */
  doc: string | null;
}

/** The model's view of a unit. */
export function viewOf(unit: UnitText): UnitView {
  const lines = dedent(unit.code, unit.range.start.character);
  const signature = dedent(unit.signature, unit.range.start.character);
  const start = Math.max(lines.indexOf(signature), 0);
  return {
    language: unit.language,
    name: unit.name,
    code: lines,
    signature,
    rest: lines.slice(start + signature.length),
    parameters: unit.parameters.map((parameter) => parameter.name),
    returnsValue: unit.returns.value,
    doc: unit.doc === null ? null : trainableDoc(unit, unit.doc),
  };
}

/**
 * The last function of a file that ends before a place, as the model sees it: what its author wrote last tells names
 * and habits. Undefined where there is none or it is long.
 * @param units of the file, in its order
 */
export function codeBefore(units: readonly UnitText[], place: Position): string | undefined {
  const before = units.findLast(
    ({ range: { end } }) =>
      end.line < place.line || (end.line === place.line && end.character <= place.character),
  );
  const code = before && viewOf(before).code;
  return code !== undefined && code.length <= MAX_CONTEXT_CHARS ? code : undefined;
}

/**
 * Takes the indentation of a unit's own place off its lines.
 * @param column of the unit's start; no line loses more than every line after the first can spare
 */
export function dedent(text: string, column: number): string {
  const [first, ...others] = text.split('\n');
  let spare = column;
  for (const line of others) {
    if (line.trim() !== '') {
      spare = Math.min(spare, line.length - line.trimStart().length);
    }
  }
  return [first, ...others.map((line) => (line.trim() === '' ? '' : line.slice(spare)))].join('\n');
}

/** Puts the indentation of a place in front of all lines but the first. */
export function indentRest(text: string, indent: string): string {
  return text.replace(/\n(?=[^\n])/g, `\n${indent}`);
}

/** A human doc as a target: its first sentence, the parameters that the unit has, in order, and the return. */
function trainableDoc(unit: UnitText, comment: string): string | null {
  const doc = parseDoc(comment, unit.language);
  const summary = firstSentence(doc.summary);
  if (!/\p{L}+\s+\S*\p{L}/u.test(summary)) {
    return null;
  }
  const params: Doc['params'] = [];
  for (const { name } of unit.parameters) {
    const written = doc.params.find((param) => param.name === name);
    if (written !== undefined && written.text !== '') {
      params.push({ name, text: firstSentence(written.text) });
    }
  }
  const returns = unit.returns.value && doc.returns ? firstSentence(doc.returns) : null;
  return renderPlainDoc({ summary, params, returns });
}

/** Up to the first full stop that ends a sentence; abbreviations such as `e.g.` do not. */
export function firstSentence(text: string): string {
  const end = /(?<!\b(?:e\.g|i\.e|cf|vs|etc))[.!?](?=\s+[\p{Lu}`'"({[])/u.exec(text);
  return end === null ? text : text.slice(0, end.index + 1);
}

/** The whole code of a unit with another rest: what stands before the signature stays. */
export function rebuild(view: UnitView, rest: string): string {
  return view.code.slice(0, view.code.length - view.rest.length) + rest;
}

/** Finds an identifier as a whole word. */
export function identifierPattern(name: string): RegExp {
  const literal = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}_$])${literal}(?![\\p{L}\\p{N}_$])`, 'u');
}
