import type { CorpusUnit } from '../../../server/corpus/unit.js';
import { promptsFor, SPECIAL_TOKENS, type Prompts } from '../../../server/inference/prompts.js';
import { viewOf } from '../../../server/inference/view.js';
import { Adapter } from '../../../server/model/adapter.js';
import { configForSize } from '../../../server/model/presets.js';
import { makeTokenizer } from '../../../server/model/tokenizer/load.js';
import type { Tokenizer } from '../../../server/model/tokenizer/tokenizer.js';
import { trainTokenizer } from '../../../server/model/tokenizer/train.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import type { Similarity } from '../../../server/similarity/similarity.js';
import { chrf } from '../../../server/inference/chrf.js';
import { exampleOf, type Example } from '../../../server/training/examples.js';
import { Policy } from '../../../server/training/policy.js';
import { makeSettings, type Settings } from '../../../server/training/settings.js';
import { completedDoc } from '../../../server/training/warmupDoc.js';

/** A unit with only what training reads. */
function fakeUnit(
  name: string,
  parameter: string,
  expression: string,
  doc: string | null,
): CorpusUnit {
  const signature = `function ${name}(${parameter})`;
  const body = `{ return ${expression}; }`;
  const at = { line: 0, character: 0 };
  const range = { start: at, end: at };
  return {
    name,
    qualifiedName: name,
    kind: 'function',
    language: 'javascript',
    range,
    signatureRange: range,
    bodyRange: range,
    docRange: null,
    parameters: [{ name: parameter, type: null, optional: false, rest: false }],
    returns: { type: null, value: true },
    docInsert: { position: at, indent: '' },
    signature,
    body,
    code: `${signature} ${body}`,
    doc,
    file: `${name}.js`,
    split: 'train',
  };
}

const UNITS: CorpusUnit[] = [
  fakeUnit('double', 'x', 'x * 2', '/** Doubles a number. */'),
  fakeUnit('negate', 'x', '-x', '/** Negates a number. */'),
  fakeUnit('square', 'x', 'x * x', null),
  fakeUnit('increment', 'n', 'n + 1', '/** Adds one to a number. */'),
  fakeUnit('isEmpty', 'list', 'list.length === 0', null),
  fakeUnit('first', 'list', 'list[0]', '/** Takes the first of a list. */'),
];

/** Characters in common: enough for rewards that differ, with no grammar to load. */
const FAKE_SIMILARITY: Similarity = {
  score: (a, b) => chrf(a, b),
  parses: (code) => code.trim() !== '',
};

export const SIMILARITIES = new Map([['javascript', FAKE_SIMILARITY] as const]);

export interface Tiny {
  tokenizer: Tokenizer;
  prompts: Prompts;
  settings: Settings;
  examples: Example[];
  docs: string[];
  policy: Policy;
}

/** A model of a few thousand parameters with its examples; the same for the same seed. */
export function tiny(own: Partial<Settings> = {}, lora = false, width = 16): Tiny {
  const texts = UNITS.map((unit) => `${unit.code}\n${viewOf(unit).doc ?? ''}`);
  const tokenizer = makeTokenizer(
    trainTokenizer(texts, { vocabSize: 300, specials: SPECIAL_TOKENS }),
  );
  const prompts = promptsFor(tokenizer);
  const settings = makeSettings(
    {
      steps: 4,
      warmupSteps: 8,
      unitsPerStep: 2,
      docsPerUnit: 3,
      codesPerDoc: 2,
      docCapMin: 40,
      warmupLearningRate: 0.03,
      docCapShare: 0.6,
      codeCapFactor: 1.3,
      codeCapExtra: 16,
      microBatchTokens: 160,
      warmupBatchTokens: 300,
      frozenShare: 0.3,
      // The tiny model never writes a whole doc: without R_doc there are rewards to learn from.
      validity: false,
      aboveTrivial: false,
      ...own,
    },
    'small',
    'nothing',
  );
  const config = {
    ...configForSize('tiny', tokenizer.vocabSize, tokenizer.eosId),
    hiddenSize: width,
    innerSize: 2 * width,
    layers: 1,
    heads: 2,
    kvHeads: 1,
    headSize: width / 2,
    contextLength: 256,
  };
  const model = Qwen2Model.init(config, 3);
  const adapter = lora ? Adapter.init(config, { rank: 2, alpha: 4 }, 5) : null;
  return {
    tokenizer,
    prompts,
    settings,
    examples: UNITS.map((unit) => exampleOf(unit, tokenizer, prompts, settings)),
    docs: UNITS.map((unit) => completedDoc(viewOf(unit), null)),
    policy: new Policy(model, adapter),
  };
}
