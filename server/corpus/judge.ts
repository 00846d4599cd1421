import { isTestPath } from './fileFilter.js';
import type { Inspection } from './inspect.js';
import { LineIndex } from './lines.js';
import { codeTokens } from './nearDuplicates.js';
import type { RejectReason } from './report.js';
import { findSecret } from './secrets.js';
import type { Position, UnitText } from './unit.js';

/** A unit and what is held against it; near-duplicates are found later, over all files. */
export interface JudgedUnit {
  unit: UnitText;
  tokens: string[];
  rejected: RejectReason | null;
}

/** Fewer tokens than this in the body and there is nothing to learn: a getter, a delegate. */
const MIN_BODY_TOKENS = 4;
/** More than this and no model of ours reads the unit whole. */
const MAX_TOKENS = 1_500;

const TEST_MARK =
  /(?:@|#\[|\[)\s*(?:\w+\s*(?:\.|::)\s*)*(?:Test|test|ParameterizedTest|Fact|Theory)\b/;

/** Judges the units of a file, in the order of the text. */
export function judgeUnits(path: string, file: Extract<Inspection, { skip: null }>): JudgedUnit[] {
  const lines = new LineIndex(file.text);
  const test = isTestPath(path);
  const isSecret = (text: string) => file.secret && findSecret(text) !== null;
  let acceptedEnd: Position = { line: -1, character: 0 };
  return file.units.map((unit) => {
    const tokens = codeTokens(unit.code);
    const { start, end } = unit.range;
    const whole = file.text.slice(lines.offset(start), lines.offset(end));
    let rejected = reasonAgainst(unit, whole, tokens, test);
    if (rejected === null && isSecret(`${unit.doc ?? ''}\n${whole}`)) {
      rejected = 'secret';
    }
    if (rejected === null && isBefore(start, acceptedEnd)) {
      // Its code is learnt already as a part of the unit around it, whose variables it may need.
      rejected = 'nested';
    }
    if (rejected === null) {
      acceptedEnd = end;
    }
    return { unit, tokens, rejected };
  });
}

function reasonAgainst(
  unit: UnitText,
  whole: string,
  tokens: readonly string[],
  testFile: boolean,
): RejectReason | null {
  if (testFile || isTest(unit, whole)) {
    return 'test';
  }
  const bodyTokens = codeTokens(withoutComments(unit.body)).filter(
    (token) => !'{};'.includes(token),
  );
  if (bodyTokens.length === 0 || /^(?:pass|\.,\.,\.)$/.test(bodyTokens.join())) {
    return 'no-body';
  }
  if (bodyTokens.length < MIN_BODY_TOKENS) {
    return 'too-short';
  }
  return tokens.length > MAX_TOKENS ? 'too-long' : null;
}

function isTest(unit: UnitText, whole: string): boolean {
  const decorators = whole.slice(0, Math.max(0, whole.indexOf(unit.signature)));
  switch (unit.language) {
    case 'python':
      return /^test_/.test(unit.name) || /(?:^|\.)Test\w*\./.test(unit.qualifiedName);
    case 'rust':
      return TEST_MARK.test(decorators) || /(?:^|\.)tests?\./.test(unit.qualifiedName);
    default:
      return TEST_MARK.test(decorators);
  }
}

/** Enough to tell an empty body; a `#` or `//` inside a string does no harm here. */
function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\/|^\s*(?:\/\/|#|--).*$/gm, '');
}

function isBefore(a: Position, b: Position): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}
