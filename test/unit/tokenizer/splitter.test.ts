import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pieceEnd } from '../../../server/model/tokenizer/splitter.js';
import { chunks, sources, UNICODE_CASES } from './support.js';

/** Qwen2's pattern; White_Space and ASCII case spelled out, as the library that defined it means them. */
function pattern(digits: string): RegExp {
  const s = '\\p{White_Space}';
  return new RegExp(
    `'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}` +
      `| ?[^${s}\\p{L}\\p{N}]+[\\r\\n]*|${s}*[\\r\\n]+|${s}+(?!\\P{White_Space})|${s}+`,
    'gu',
  );
}

function split(text: string, maxDigits: number): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = pieceEnd(text, start, maxDigits);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(..."aZ\u00e9漢1٣½ \t\n\r\u0085\u00a0\u2028.'_(🎉𝒳\ud800") }),
  fc.string({ unit: fc.constantFrom("'", 's', 'S', 'r', 'E', 'v', 'l', 'L', 'd', ' ', 'x', '7') }),
);

describe('pieceEnd', () => {
  it.each([
    [1, '\\p{N}'],
    [3, '\\p{N}{1,3}'],
  ])('cuts as the pattern does, with at most %i digits', (maxDigits, digits) => {
    const regex = pattern(digits);
    fc.assert(
      fc.property(anyText, (text) => {
        expect(split(text, maxDigits)).toEqual(text.match(regex) ?? []);
      }),
      { numRuns: 2000 },
    );
  });

  it('cuts real code as the pattern does', () => {
    const regex = pattern('\\p{N}');
    const texts = [
      ...UNICODE_CASES,
      ...chunks(sources('node_modules/web-tree-sitter', /\.(ts|js|cjs)$/, 500_000), 100),
    ];
    expect(texts.length).toBeGreaterThan(50);
    for (const text of texts) {
      expect(split(text, 1)).toEqual(text.match(regex) ?? []);
    }
  });
});
