import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PretrainingRecord } from '../../../server/corpus/pretraining/record.js';
import {
  type SequenceParts,
  type SequenceOptions,
  sequencesOf,
} from '../../../server/corpus/pretraining/sequences.js';
import { Shards, vocabularySample } from '../../../server/corpus/pretraining/shards.js';
import type { TokenSequence } from '../../../server/corpus/pretraining/tokenFile.js';
import { promptsFor, SPECIAL_TOKENS } from '../../../server/inference/prompts.js';
import { makeTokenizer } from '../../../server/model/tokenizer/load.js';
import { trainTokenizer } from '../../../server/model/tokenizer/train.js';
import { Random } from '../../../server/util/random.js';

const tokenizer = makeTokenizer(trainTokenizer([], { vocabSize: 264, specials: SPECIAL_TOKENS }));
const prompts = promptsFor(tokenizer);
const parts: SequenceParts = {
  document: (unit) => prompts.document(unit),
  generate: (...asked) => prompts.generate(...asked),
  docAnswer: (doc) => prompts.docAnswer(doc),
  codeAnswer: (rest) => prompts.codeAnswer(rest),
  encode: (text) => tokenizer.encode(text),
  special: (token) => tokenizer.tokenToId(token) as number,
  shortDoc: (doc) => doc.split('. ')[0],
};

function record(more: Partial<PretrainingRecord> = {}): PretrainingRecord {
  const signature = more.signature ?? 'def double(x):';
  const rest = more.rest ?? '\n    return x + x';
  return {
    language: 'python',
    name: 'double',
    signature,
    rest,
    code: signature + rest,
    doc: 'Doubles it. Fast.',
    source: 0,
    file: 'a.py',
    split: 'train',
    ...more,
  };
}

/** The text of a sequence with its special tokens, parted where the answer begins. */
function shown({ ids, answerStart }: TokenSequence): string {
  const text = (from: number, to: number) => {
    const pieces: string[] = [];
    let plain: number[] = [];
    for (const id of [...Array.from(ids).slice(from, to), -1]) {
      const token = id < 0 ? '' : tokenizer.idToToken(id);
      if (id < 0 || (SPECIAL_TOKENS as readonly string[]).includes(token ?? '')) {
        pieces.push(tokenizer.decode(plain), token ?? '');
        plain = [];
      } else {
        plain.push(id);
      }
    }
    return pieces.join('');
  };
  return `${text(0, answerStart)} => ${text(answerStart, ids.length)}`;
}

function sequences(records: PretrainingRecord[], more: Partial<SequenceOptions> = {}) {
  const shares = {
    cutShare: 0,
    generateShare: 1,
    fillShare: 1,
    calleesShare: 0,
    emptyDocShare: 0,
    plainShare: 1,
  };
  const options = { maxTokens: 1_024, ...shares, ...more };
  return [...sequencesOf(records, parts, options, new Random(1))];
}

describe('sequencesOf', () => {
  it('makes both directions of a documented unit, and a fill-in after another unit', () => {
    const first = record({ signature: 'def half(x):', rest: '\n    return x / 2', doc: null });
    const made = sequences([first, record()]);
    expect(made.map((sequence) => `${sequence.objective}: ${shown(sequence)}`)).toEqual([
      'document: <|document|>python\n<|code|>def double(x):\n    return x + x<|signature|> double<|doc|> => Doubles it<|endoftext|>',
      'generate: <|generate|>python\n<|doc|>Doubles it. Fast.<|signature|>def double(x):<|body|> => \n    return x + x<|endoftext|>',
      'fill: <|fill|>python\n<|code|>def half(x):\n    return x / 2<|doc|>Doubles it. Fast.<|signature|>def double(x):<|body|> => \n    return x + x<|endoftext|>',
      'code:  => <|code|>python\ndef half(x):\n    return x / 2<|endoftext|>',
    ]);
  });

  it('puts several undocumented units of a file into one sequence, while they fit', () => {
    const units = Array.from({ length: 5 }, () => record({ doc: null }));
    expect(sequences(units)).toHaveLength(1);
    const parted = sequences(units, { maxTokens: 80 });
    expect(parted.length).toBeGreaterThan(1);
    expect(parted.every(({ ids }) => ids.length <= 80)).toBe(true);
  });

  it('writes a body from the signature alone where asked', () => {
    const made = sequences([record({ doc: null })], { emptyDocShare: 1 });
    expect(made.map(shown)).toEqual([
      '<|generate|>python\n<|doc|><|signature|>def double(x):<|body|> => \n    return x + x<|endoftext|>',
    ]);
  });

  it('cuts the code of a long unit at a line, but never its doc; a cut answer has no end', () => {
    const rest = '\n    x = x + 1'.repeat(60);
    const [document, generate] = sequences([record({ rest })], { maxTokens: 300 });
    expect(document.ids.length).toBeLessThanOrEqual(300);
    expect(shown(document)).toMatch(
      /x \+ 1<\|signature\|> double<\|doc\|> => Doubles it<\|endoftext\|>$/,
    );
    expect(generate.ids.length).toBe(300);
    expect(shown(generate)).not.toContain('endoftext');
  });

  it('asks for docs from the first lines where its share says so', () => {
    const long = record({ rest: '\n    x = x + 1'.repeat(60) });
    const [whole] = sequences([long]);
    const [cut] = sequences([long], { cutShare: 1 });
    expect(cut.answerStart).toBeLessThanOrEqual(128);
    expect(whole.answerStart).toBeGreaterThan(700);
    expect(shown(cut)).toMatch(
      /x \+ 1<\|signature\|> double<\|doc\|> => Doubles it<\|endoftext\|>$/,
    );
  });

  it('names callees in the docs that code is asked for with, and in no doc that is an answer', () => {
    const unit = record({ rest: '\n    return add(x, x)' });
    const other = record({ doc: null });
    const calleesShare = 1;
    const made = sequences([other, unit], { calleesShare, plainShare: 0 });
    expect(made.map(shown).map((text) => /add`?\.<\|sig/.test(text))).toEqual([false, true, true]);
    expect(shown(made[0])).toMatch(/<\|doc\|> => Doubles it<\|endoftext\|>$/);
    const plain = sequences([other, unit], { plainShare: 0 });
    expect(made.map(({ objective }) => objective)).toEqual(plain.map(({ objective }) => objective));
  });

  it('leaves out what its shares leave out', () => {
    const units = [record({ doc: null }), record()];
    const none = { generateShare: 0, fillShare: 0, plainShare: 0 };
    expect(sequences(units, none).map(({ objective }) => objective)).toEqual(['document']);
  });

  it('is the same for the same seed', () => {
    const units = Array.from({ length: 20 }, (_, i) => record({ doc: i % 2 ? null : 'Some doc.' }));
    const options = { fillShare: 0.5, emptyDocShare: 0.5, plainShare: 0.25 };
    expect(sequences(units, options)).toEqual(sequences(units, options));
  });
});

describe('Shards', () => {
  it('gives back the records of a split, those of a file together', async () => {
    const shards = new Shards(mkdtempSync(join(tmpdir(), 'shards-')));
    const written = [
      record({ file: 'a.py' }),
      record({ file: 'a.py', doc: null }),
      record({ file: 'a.py', source: 1 }),
      record({ split: 'evaluation' }),
      record({ file: 'b.py', source: 1 }),
    ];
    const all = async function* () {
      yield* await Promise.resolve(written);
    };
    await shards.write(all());
    await shards.write(all());
    const files: PretrainingRecord[][] = [];
    for await (const units of shards.files('train')) {
      files.push(units);
    }
    expect(files).toEqual([[written[0], written[1]], [written[2]], [written[4]]]);
    expect(await vocabularySample(shards, 1e9, 1)).toContain('Doubles it. Fast.');
    expect(await vocabularySample(shards, 0, 1)).toEqual([]);
  });
});
