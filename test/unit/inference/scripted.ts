import type { LoadedModel } from '../../../server/inference/loadedModel.js';
import { promptsFor, SPECIAL_TOKENS } from '../../../server/inference/prompts.js';
import type { generate as decode } from '../../../server/model/generation.js';
import { makeTokenizer } from '../../../server/model/tokenizer/load.js';
import type { Tokenizer } from '../../../server/model/tokenizer/tokenizer.js';
import { trainTokenizer } from '../../../server/model/tokenizer/train.js';
import type { Qwen2Model } from '../../../server/model/transformer.js';

/** What a model writes at a temperature, over and over until it is stopped. */
type Script = (temperature: number, seed: number) => string;

interface ScriptedModel {
  config: { contextLength: number };
  tokenizer: Tokenizer;
  script: Script;
}

/** A model without weights. The test mocks server/model/generation.js with this file. */
export function scripted(script: Script): LoadedModel {
  const tokenizer = makeTokenizer(
    trainTokenizer(['function f(x) { return x * 2; }'], {
      vocabSize: 300,
      specials: SPECIAL_TOKENS,
    }),
  );
  const model: ScriptedModel = { config: { contextLength: 1024 }, tokenizer, script };
  return {
    name: 'scripted',
    dir: '',
    adapterDir: null,
    model: model as unknown as Qwen2Model,
    tokenizer,
    prompts: promptsFor(tokenizer),
    parameters: 0,
    dispose: () => undefined,
  };
}

/** Asks the hooks what the decoder asks them. */
export const generate: typeof decode = (model, prompts, options) => {
  const { tokenizer, script } = model as unknown as ScriptedModel;
  const { maxNewTokens, temperature = 1, seed = 0 } = options;
  const of = (all: number | readonly number[], row: number): number =>
    typeof all === 'number' ? all : all[row];
  const answers = prompts.map((_, row) => {
    const text = tokenizer.encode(script(of(temperature, row), seed));
    let ids: readonly number[] = [];
    while (ids.length < of(maxNewTokens, row)) {
      const next = text[ids.length % text.length];
      const allowed = options.allowed?.(row, ids) ?? null;
      const longer = [...ids, allowed === null || allowed.includes(next) ? next : allowed[0]];
      ids = options.amend?.(row, longer) ?? longer;
      if (options.stop?.(row, ids)) {
        return { ids: [...ids], logProbs: new Float32Array(), finish: 'stop' as const };
      }
    }
    return { ids: [...ids], logProbs: new Float32Array(), finish: 'length' as const };
  });
  return Promise.resolve(answers);
};
