import type { UnitText } from './unit.js';

/**
 * The code of a unit with another body in place of its own: what a reconstruction is scored as.
 * Keeps what the signature and the text after the body (a closing `end`, a `;`) need to be whole.
 */
export function withBody(unit: UnitText, body: string): string {
  const at = unit.code.lastIndexOf(unit.body);
  return unit.code.slice(0, at) + body + unit.code.slice(at + unit.body.length);
}

/**
 * Takes one level of indentation off every line but the first, which a slice of a file has none of.
 * Lines that have less, for example inside a string over several lines, stay as they are.
 */
export function dedent(code: string, indent: string): string {
  return indent === '' ? code : code.replaceAll(`\n${indent}`, '\n');
}
