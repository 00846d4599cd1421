/**
 * The pre-tokenizer of Qwen2: cuts text into the pieces inside which tokens are merged.
 * As a pattern, tried in this order at each place:
 *   1 a contraction ('s 't 're 've 'm 'll 'd, any case)
 *   2 letters, with at most one character before them that is no letter, digit or line end
 *   3 digits, at most `maxDigits` of them
 *   4 other characters, with at most one space before and any line ends after
 *   5 white space up to the last line end in it
 *   6 white space, but for its last character where something follows
 *   7 white space
 * It is a hand-written scanner, because a regular expression with Unicode classes costs more than the
 * merging; the tests compare it with that expression.
 */

const LETTER = 1;
const NUMBER = 2;
const SPACE = 3;
const LINE_END = 4; // CR, LF; white space too
const OTHER = 5;

const SPACE_CODE = 0x20;
const APOSTROPHE = 0x27;

/** Class of each code point, filled in as they are met; 0 is not known yet. */
const classes = new Uint8Array(0x110000);

function classify(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  let kind = OTHER;
  if (character === '\n' || character === '\r') {
    kind = LINE_END;
  } else if (/^\p{L}$/u.test(character)) {
    kind = LETTER;
  } else if (/^\p{N}$/u.test(character)) {
    kind = NUMBER;
  } else if (/^\p{White_Space}$/u.test(character)) {
    kind = SPACE;
  }
  classes[codePoint] = kind;
  return kind;
}

/** The class of the code point at `at`, 0 at the end of the text. */
function classAt(text: string, at: number): number {
  if (at >= text.length) {
    return 0;
  }
  let code = text.charCodeAt(at);
  if (code >= 0xd800 && code < 0xdc00) {
    code = text.codePointAt(at) as number;
  }
  return classes[code] || classify(code);
}

/** UTF-16 units of the code point at `at`. */
function widthAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xd800 && code < 0xdc00 && (text.codePointAt(at) as number) > 0xffff ? 2 : 1;
}

function skipClass(text: string, from: number, kind: number): number {
  let at = from;
  while (classAt(text, at) === kind) {
    at += widthAt(text, at);
  }
  return at;
}

/** The end of a contraction that starts at an apostrophe, or `start`. */
function contractionEnd(text: string, start: number): number {
  const first = text.charCodeAt(start + 1) | 0x20; // lower case
  // s t m d
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) {
    return start + 2;
  }
  const second = text.charCodeAt(start + 2) | 0x20;
  const isPair =
    ((first === 0x72 || first === 0x76) && second === 0x65) || // re ve
    (first === 0x6c && second === 0x6c); // ll
  return isPair ? start + 3 : start;
}

/** The end of the piece that starts at `start`; `start` lies inside the text. */
export function pieceEnd(text: string, start: number, maxDigits: number): number {
  const code = text.charCodeAt(start);
  if (code === APOSTROPHE) {
    const end = contractionEnd(text, start);
    if (end > start) {
      return end;
    }
  }
  const kind = classAt(text, start);
  if (kind === LETTER) {
    return skipClass(text, start, LETTER);
  }
  if (kind === NUMBER) {
    let end = start;
    for (let digits = 0; digits < maxDigits && classAt(text, end) === NUMBER; digits++) {
      end += widthAt(text, end);
    }
    return end;
  }
  const second = start + widthAt(text, start);
  const secondKind = classAt(text, second);
  if (secondKind === LETTER && kind !== LINE_END) {
    return skipClass(text, second, LETTER);
  }
  if (kind === OTHER || (code === SPACE_CODE && secondKind === OTHER)) {
    return skipClass(text, skipClass(text, second, OTHER), LINE_END);
  }
  return whiteSpaceEnd(text, start);
}

function whiteSpaceEnd(text: string, start: number): number {
  let end = start;
  let afterLineEnd = start;
  for (;;) {
    const kind = classAt(text, end);
    if (kind !== SPACE && kind !== LINE_END) {
      break;
    }
    end++; // all white space is one UTF-16 unit
    if (kind === LINE_END) {
      afterLineEnd = end;
    }
  }
  if (afterLineEnd > start) {
    return afterLineEnd;
  }
  return end < text.length && end - start > 1 ? end - 1 : end;
}
