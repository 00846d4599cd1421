// One hand-checked golden for each language: test/fixtures/languages/<file>.expected.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { extractUnits } from '../../../server/corpus/extract.js';
import { LineIndex } from '../../../server/corpus/lines.js';
import type { Range, Unit, UnitText } from '../../../server/corpus/unit.js';
import { loadParser } from '../../../server/languages/parser.js';
import { LANGUAGES, languageForPath } from '../../../server/languages/table.js';

const FOLDER = join(import.meta.dirname, '..', '..', 'fixtures', 'languages');
const FILES = readdirSync(FOLDER).filter((name) => !name.endsWith('.expected'));

function where({ start, end }: Range): string {
  return `${start.line + 1}:${start.character}-${end.line + 1}:${end.character}`;
}

function parameters({ parameters: list }: Unit): string {
  return list
    .map(({ name, type, optional, rest }) => {
      const typed = type === null ? '' : `: ${type}`;
      return `${rest ? '...' : ''}${name}${optional ? '?' : ''}${typed}`;
    })
    .join(', ');
}

/** A unit in a few lines that a person can check against the source. */
function describeUnit(unit: UnitText): string {
  const { position, indent } = unit.docInsert;
  const { type, value } = unit.returns;
  return [
    `${unit.kind} ${unit.qualifiedName}(${parameters(unit)}) -> ${type ?? '?'}, ${value ? 'a value' : 'nothing'}`,
    `  at ${where(unit.range)}, doc to ${position.line + 1}:${position.character} after ${JSON.stringify(indent)}`,
    `  signature ${JSON.stringify(unit.signature)}`,
    `  body ${JSON.stringify(unit.body)}`,
    `  doc ${JSON.stringify(unit.doc)}`,
  ].join('\n');
}

describe('units of every language', () => {
  it('has a fixture for each', () => {
    const covered = new Set(FILES.map((name) => languageForPath(name)?.id));
    expect(LANGUAGES.filter(({ id }) => !covered.has(id)).map(({ id }) => id)).toEqual([]);
  });

  it.each(FILES)('%s', async (name) => {
    const language = languageForPath(name);
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const { units, hasErrors } = extractUnits(await loadParser(language?.id ?? 'c'), text);
    expect(hasErrors).toBe(false);
    const lines = new LineIndex(text);
    const slice = ({ start, end }: Range) => text.slice(lines.offset(start), lines.offset(end));
    for (const unit of units) {
      expect(slice(unit.signatureRange)).toBe(unit.signature);
      expect(slice(unit.bodyRange).endsWith(unit.body)).toBe(true);
      expect(unit.docRange === null ? null : slice(unit.docRange)).toBe(unit.doc);
    }
    const golden = join(FOLDER, `${name}.expected`);
    const found = `${units.map(describeUnit).join('\n')}\n`;
    if (!existsSync(golden)) {
      writeFileSync(golden, found);
      expect.fail(`${name}.expected was not there: it is written now, check it by hand`);
    }
    expect(found).toBe(readFileSync(golden, 'utf8'));
  });
});
