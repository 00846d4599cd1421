import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { extractUnits } from '../../../server/corpus/extract.js';
import type { UnitText } from '../../../server/corpus/unit.js';
import { assertAddsDocOnly, docInsertion } from '../../../server/inference/docEdit.js';
import { DocVocabulary } from '../../../server/inference/docVocabulary.js';
import { DocWriter, type DocFrame, type WrittenDoc } from '../../../server/inference/docWriter.js';
import { SPECIAL_TOKENS } from '../../../server/inference/prompts.js';
import { viewOf } from '../../../server/inference/view.js';
import { survivesStyles } from '../../../server/inference/writeDocs.js';
import { parsePlainDoc, renderPlainDoc } from '../../../server/languages/docs/plain.js';
import { parseDoc, renderDoc } from '../../../server/languages/docs/styles.js';
import { loadParser, type LanguageParser } from '../../../server/languages/parser.js';
import { languageForFile } from '../../../server/languages/table.js';
import type { LanguageId } from '../../../server/languages/types.js';
import { makeTokenizer } from '../../../server/model/tokenizer/load.js';
import { trainTokenizer } from '../../../server/model/tokenizer/train.js';
import { Random } from '../../../server/util/random.js';

const FIXTURES = new URL('../../fixtures/languages/', import.meta.url).pathname;
const files = readdirSync(FIXTURES).filter((name) => !name.endsWith('.expected'));
const HOSTILE =
  '*/ /* """ \'\'\' ``` <| |> @param x @returns @throws \\ \\u0041 ]]> <summary> :param x: Args: Returns: Raises:\n---\n--[[ ]] # Arguments\n{@link a} é ß 漢字 🙂 // ?> %>\r\n\t$x `a` (b) [c] {d} e: f - g';
const texts = [...files.map((name) => readFileSync(join(FIXTURES, name), 'utf8')), HOSTILE];
const tokenizer = makeTokenizer(
  trainTokenizer([...texts, ...Array<string>(20).fill(HOSTILE)], {
    vocabSize: 1500,
    specials: SPECIAL_TOKENS,
  }),
);
const stopIds = [tokenizer.eosId];
const vocabulary = new DocVocabulary(tokenizer, stopIds);

/** Writes a doc with tokens drawn evenly, or as `choose` says, from those that are allowed. */
function write(
  frame: DocFrame,
  language: LanguageId,
  random: Random,
  options: { room?: number; choose?: (allowed: Int32Array) => number } = {},
): { written: WrittenDoc | null; ids: readonly number[] } {
  const { room = 512, choose = (allowed) => allowed[random.int(allowed.length)] } = options;
  const writer = new DocWriter(frame, {
    tokenizer,
    vocabulary,
    stopIds,
    room,
    survives: (doc) => survivesStyles(doc, language),
  });
  let ids: readonly number[] = [];
  while (!writer.ended && ids.length < writer.limit) {
    const allowed = writer.allowed(ids);
    const longer = [...ids, choose(allowed)];
    ids = writer.amend(longer) ?? longer;
  }
  expect(ids.length).toBeLessThanOrEqual(room + 8);
  return { written: writer.result(), ids };
}

describe.each(files)('whatever is drawn, a doc for %s', (file) => {
  const text = readFileSync(join(FIXTURES, file), 'utf8');
  const language = languageForFile(file, text)!;
  let parser: LanguageParser;
  let units: UnitText[];
  beforeAll(async () => {
    parser = await loadParser(language.id);
    units = extractUnits(parser, text).units;
  });

  test('names each parameter once, in order, and is read back in every style', () => {
    const random = new Random(11);
    let count = 0;
    for (const [index, unit] of units.entries()) {
      const view = viewOf(unit);
      const { written } = write(view, language.id, random);
      if (written === null) {
        continue;
      }
      count++;
      const { doc } = written;
      expect(doc.params.map(({ name }) => name)).toEqual(view.parameters);
      expect(doc.returns !== null).toBe(view.returnsValue);
      for (const part of [
        doc.summary,
        ...doc.params.map((param) => param.text),
        doc.returns ?? 'x',
      ]) {
        expect(part.trim()).not.toBe('');
        expect(part).not.toMatch(/\n|\*\/|"""|```|<\||@param|@return|\ufffd/);
      }
      expect(parsePlainDoc(renderPlainDoc(doc))).toEqual(doc);
      for (const style of language.docStyles) {
        const comment = renderDoc(doc, style, {
          language: language.id,
          parameters: unit.parameters,
          returnsType: unit.returns.type,
          indent: unit.docInsert.indent,
        });
        expect(parseDoc(comment, language.id)).toEqual(doc);
        if (unit.doc === null) {
          assertAddsDocOnly(parser, text, units, index, docInsertion(text, unit, comment));
        }
      }
    }
    expect(count).toBeGreaterThan(units.length / 3);
  });
});

describe('the frame', () => {
  const frame = { parameters: ['left', '{ a, b }', 'max_size2'], returnsValue: true };
  const run = (choose: (allowed: Int32Array) => number, room?: number) =>
    write(frame, 'typescript', new Random(1), { choose, room });
  /** Draws the tokens of a text, and ends it. */
  const script = (lines: readonly string[]) => {
    let ids = lines.flatMap((line, i) => tokenizer.encode((i === 0 ? '' : ' ') + line + '\n'));
    return (allowed: Int32Array) => {
      const [id, ...rest] = ids;
      if (!allowed.includes(id)) {
        expect.fail(`${JSON.stringify(tokenizer.decode([id]))} is not allowed`);
      }
      ids = rest;
      return id;
    };
  };

  test('gives the model the tokens that it saw in training', () => {
    const lines = [
      'Adds two numbers.',
      'the `first` one',
      'all of both',
      '16 at most',
      'their sum',
    ];
    const { written, ids } = run(script(lines));
    const plain = renderPlainDoc(written!.doc);
    expect(
      plain.split('\n').map((line) => line.replace(/^@returns |^@param (?:\{.*?\}|\w+) /, '')),
    ).toEqual(lines);
    expect(written!.spelt).toEqual([]);
    const whole = tokenizer.encode(`${plain}\n`);
    expect(ids).toEqual(whole);
  });

  test('begins anew, with another token, where a text says nothing', () => {
    const begun: number[] = [];
    let first = true;
    const { written } = run((allowed) => {
      if (first) {
        begun.push(allowed[0]);
      }
      const id = first ? allowed[0] : stopIds[0];
      first = !first;
      return id;
    });
    expect(new Set(begun).size).toBe(begun.length);
    expect(written).toBeNull();
  });

  test('spells what the model has no words for, and says so', () => {
    const summary = tokenizer.encode('Adds two numbers.\n');
    let at = 0;
    const { written } = run(
      (allowed) =>
        summary[at++] ??
        (allowed.includes(stopIds[0])
          ? stopIds[0]
          : allowed.find((id) => tokenizer.decode([id]).trim().length === 1)!),
    );
    expect(written!.doc.params.map(({ text }) => text)).toEqual([
      'the left',
      'the a b',
      'the max size2',
    ]);
    expect(written!.doc.returns).toBe('the result');
    expect(written!.spelt).toEqual(['left', '{ a, b }', 'max_size2', '@returns']);
  });

  test('keeps the whole sentences of a text that does not end', () => {
    const summary = tokenizer.encode('Adds two numbers. Then it');
    const more = tokenizer.encode(' and');
    let at = 0;
    const { written } = run(
      (allowed) => summary[at++] ?? (allowed.includes(more[0]) ? more[0] : allowed[0]),
    );
    expect(written!.doc.summary).toBe('Adds two numbers.');
  });

  test('holds in little room, or gives nothing', () => {
    for (let room = 0; room < 120; room += 7) {
      const { written } = write(frame, 'typescript', new Random(room), { room });
      if (written !== null) {
        expect(written.doc.params.map(({ name }) => name)).toEqual(frame.parameters);
        expect(written.doc.returns).not.toBeNull();
      }
    }
  });
});
