import type { CorpusUnit } from '../corpus/unit.js';
import { SPECIAL_TOKENS } from '../inference/prompts.js';
import { viewOf } from '../inference/view.js';
import { configForSize, type ModelSize } from '../model/presets.js';
import { makeTokenizer, saveTokenizer } from '../model/tokenizer/load.js';
import { trainTokenizer } from '../model/tokenizer/train.js';
import { Qwen2Model } from '../model/transformer.js';
import { completedDoc } from './warmupDoc.js';

/** Bytes of code that a vocabulary entry should be seen in: a small workspace gets a small vocabulary. */
const BYTES_PER_TOKEN = 256;
const LEAST_VOCABULARY = 1024;
const LARGEST_VOCABULARY = 8192;

/**
 * Makes a model for a workspace in a folder: a tokenizer learnt from its training split, and weights that know
 * nothing yet.
 */
export function makeModel(
  folder: string,
  units: readonly CorpusUnit[],
  size: ModelSize,
  seed: number,
): void {
  const texts = units
    .filter((unit) => unit.split === 'train')
    .map((unit) => {
      const view = viewOf(unit);
      return `${view.code}\n${completedDoc(view, null)}`;
    });
  const json = trainTokenizer(texts, { vocabSize: vocabularyFor(texts), specials: SPECIAL_TOKENS });
  const { vocabSize, eosId } = makeTokenizer(json);
  const model = Qwen2Model.init(configForSize(size, vocabSize, eosId), seed);
  model.save(folder);
  model.dispose();
  saveTokenizer(folder, json);
}

function vocabularyFor(texts: readonly string[]): number {
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const wanted = 2 ** Math.round(Math.log2(Math.max(bytes, 1) / BYTES_PER_TOKEN));
  return Math.min(Math.max(wanted, LEAST_VOCABULARY), LARGEST_VOCABULARY);
}
