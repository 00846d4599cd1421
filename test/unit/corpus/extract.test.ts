import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractUnits, TimeLimitError } from '../../../server/corpus/extract.js';
import { LineIndex } from '../../../server/corpus/lines.js';
import type { Position, Range, UnitText } from '../../../server/corpus/unit.js';
import { loadParser } from '../../../server/languages/parser.js';
import { languageForPath } from '../../../server/languages/table.js';
import { LANGUAGE_IDS, type LanguageId } from '../../../server/languages/types.js';

const FOLDER = join(import.meta.dirname, '..', '..', 'fixtures', 'languages');
const SAMPLES = readdirSync(FOLDER)
  .filter((name) => !name.endsWith('.expected'))
  .map((name) => ({
    id: languageForPath(name)?.id as LanguageId,
    text: readFileSync(join(FOLDER, name), 'utf8'),
  }));

async function unitsOf(id: LanguageId, text: string): Promise<UnitText[]> {
  return extractUnits(await loadParser(id), text).units;
}

const compare = (a: Position, b: Position) => a.line - b.line || a.character - b.character;
const within = (inner: Range, outer: Range) =>
  compare(outer.start, inner.start) <= 0 && compare(inner.end, outer.end) <= 0;

/** What must hold for the units of any text whatsoever. */
function checkInvariants(units: UnitText[], text: string): void {
  const lines = new LineIndex(text);
  const slice = ({ start, end }: Range) => text.slice(lines.offset(start), lines.offset(end));
  for (const [index, unit] of units.entries()) {
    for (const position of [unit.range.start, unit.range.end, unit.docInsert.position]) {
      expect(lines.position(lines.offset(position))).toEqual(position);
    }
    expect(within(unit.signatureRange, unit.range)).toBe(true);
    expect(within(unit.bodyRange, unit.range)).toBe(true);
    expect(compare(unit.signatureRange.end, unit.bodyRange.start)).toBeLessThanOrEqual(0);
    expect(slice(unit.signatureRange)).toBe(unit.signature);
    expect(slice(unit.bodyRange).endsWith(unit.body)).toBe(true);
    expect(unit.code.startsWith(unit.signature)).toBe(true);
    expect(unit.code.includes(unit.body)).toBe(true);
    if (unit.docRange !== null) {
      expect(slice(unit.docRange)).toBe(unit.doc);
    }
    // Two units lie one inside the other, or apart.
    for (const other of units.slice(0, index)) {
      const apart =
        compare(other.range.end, unit.range.start) <= 0 ||
        compare(unit.range.end, other.range.start) <= 0;
      const nested = within(unit.range, other.range) || within(other.range, unit.range);
      expect(apart || nested).toBe(true);
    }
  }
}

describe('extracting units', () => {
  it.each(LANGUAGE_IDS)('does not throw on random text read as %s', async (id) => {
    const parser = await loadParser(id);
    const piece = fc.oneof(
      fc.constantFrom(
        ...'(){}[]<>;:,.=\'"`#/*-\n\t @$',
        'function',
        'def',
        'fn',
        'class',
        '=>',
        'end',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.constantFrom('😀', '\uD800', '\0', '\r\n', '\uFEFF', '/**', '*/', '"""', "'''", '\r'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = pieces.join('');
        checkInvariants(extractUnits(parser, text).units, text);
      }),
      { numRuns: 40 },
    );
  });

  it.each(SAMPLES)('keeps its invariants when $id source is cut about', async ({ id, text }) => {
    const parser = await loadParser(id);
    const edit = fc.record({
      at: fc.nat({ max: text.length }),
      length: fc.nat({ max: 30 }),
      insert: fc.constantFrom(
        '',
        '{',
        '}',
        '(',
        ')',
        ' ',
        '\n',
        '"',
        '/*',
        '*/',
        '#',
        'x',
        '😀',
        ';',
      ),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (edits) => {
        let mutated = text;
        for (const { at, length, insert } of edits) {
          mutated = mutated.slice(0, at) + insert + mutated.slice(at + length);
        }
        checkInvariants(extractUnits(parser, mutated).units, mutated);
      }),
      { numRuns: 30 },
    );
  });

  it('is not moved by text in front of the file', async () => {
    const moved = async (prefix: string) =>
      (await unitsOf('python', `${prefix}def f(a):\n    "d"\n    return a\n`))[0].range.start;
    expect(await moved('')).toEqual({ line: 0, character: 0 });
    expect(await moved('x = "😀"; \r\n')).toEqual({ line: 1, character: 0 });
    expect(await moved('# é\n\n')).toEqual({ line: 2, character: 0 });
  });

  it('counts columns in UTF-16 units', async () => {
    const [unit] = await unitsOf('javascript', 'const s = "😀"; const f = () => "é😀";');
    expect(unit.range.start.character).toBe(16);
    expect(unit.range.end.character).toBe(38);
  });

  it('rejects what overlaps a syntax error, and keeps the rest', async () => {
    const parser = await loadParser('typescript');
    const text =
      'function good() { return 1; }\nfunction bad() { return (1; }\nfunction fine() { return 2; }\n';
    const { units, rejected, hasErrors } = extractUnits(parser, text);
    expect(hasErrors).toBe(true);
    expect(units.map(({ name }) => name)).toEqual(['good', 'fine']);
    expect(rejected.map(({ name, reason }) => [name, reason])).toEqual([['bad', 'syntax-error']]);
  });

  it('reads 50 000 nested parentheses, or says that it takes too long', async () => {
    const parser = await loadParser('javascript');
    const text = `function f() { return ${'('.repeat(50_000)}1${')'.repeat(50_000)}; }`;
    try {
      expect(extractUnits(parser, text, 4_000).units).toHaveLength(1);
    } catch (error) {
      expect(error).toBeInstanceOf(TimeLimitError);
    }
    expect(await unitsOf('javascript', 'function g() {}')).toHaveLength(1);
  });

  it('stops at the time limit', async () => {
    const parser = await loadParser('javascript');
    const text = 'function f() { return [1, 2, 3]; }\n'.repeat(50_000);
    expect(() => extractUnits(parser, text, 1)).toThrow(TimeLimitError);
  });

  describe('the place for a new doc', () => {
    const insert = async (id: LanguageId, text: string) => {
      const { position, indent } = (await unitsOf(id, text))[0].docInsert;
      return [position.line, position.character, indent];
    };

    it('is the first line of a Python body', async () => {
      expect(await insert('python', 'def f(\n    a,\n    b,\n):\n    return a\n')).toEqual([
        4,
        4,
        '    ',
      ]);
      expect(await insert('python', '@d(\n  1)\ndef f(a):\n\treturn a\n')).toEqual([3, 1, '\t']);
      expect(await insert('python', 'class A:\n  def f(a):\n\n    # why\n    return a\n')).toEqual([
        3,
        4,
        '    ',
      ]);
      expect(await insert('python', 'def f(a): return a\n')).toEqual([0, 10, '    ']);
    });

    it('is above decorators, attributes, exports, template lines and overloads elsewhere', async () => {
      expect(await insert('typescript', 'class A {\n  @x\n  @y() m() {}\n}')).toEqual([1, 2, '  ']);
      expect(
        await insert(
          'typescript',
          'const x = 1;\nexport function f(a: 1): 1;\nexport function f(a: 2): 2;\nexport function f(a) {}\n',
        ),
      ).toEqual([1, 0, '']);
      expect(await insert('rust', '#[a]\n#[b]\npub fn f() {}\n')).toEqual([0, 0, '']);
      expect(await insert('cpp', 'int x;\ntemplate <class T>\nT f(T a) { return a; }\n')).toEqual([
        1,
        0,
        '',
      ]);
      expect(
        await insert('java', 'class A {\n    @Override\n    int f() { return 1; }\n}'),
      ).toEqual([1, 4, '    ']);
    });
  });

  describe('docs', () => {
    const docOf = async (id: LanguageId, text: string) => (await unitsOf(id, text))[0].doc;

    it.each<[LanguageId, string, string | null]>([
      ['typescript', '/** a */\n\n@x()\n// note\nexport class A { /** b */ m() {} }', '/** b */'],
      ['javascript', '/** a */\n// eslint-disable-next-line\nfunction f() {}', '/** a */'],
      ['javascript', '/** @file about */\n\nfunction f() {}', null],
      ['javascript', '/** a */\n\nfunction f() {}', '/** a */'],
      ['javascript', '/* a */\nfunction f() {}', null],
      ['javascript', 'x = 1; /** of x */\nfunction f() {}', null],
      ['go', '// a\n\nfunc f() {}', null],
      ['go', '// a\n\n// b\n// c\nfunc f() {}', '// b\n// c'],
      ['go', 'var x = 1 // of x\nfunc f() {}', null],
      ['rust', '/// a\n#[inline]\nfn f() {}', '/// a'],
      ['rust', '// a\nfn f() {}', null],
      ['c', '/// a\r\n/// b\r\nint f() { return 1; }', '/// a\r\n/// b'],
      ['cpp', '/// a\ntemplate <class T>\nT f() { return T(); }', '/// a'],
      ['bash', '#!/bin/sh\nf() { :; }', null],
      ['bash', '#!/bin/sh\n# a\nf() { :; }', '# a'],
      ['python', 'def f():\n    b"bytes"\n    return 1\n', null],
    ])('of %s: %j', async (id, text, doc) => {
      expect(await docOf(id, text)).toBe(doc);
    });
  });
});
