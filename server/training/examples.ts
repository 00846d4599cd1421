import type { CorpusUnit } from '../corpus/unit.js';
import type { Prompts } from '../inference/prompts.js';
import { viewOf, type UnitView } from '../inference/view.js';
import type { LanguageId } from '../languages/types.js';
import type { Tokenizer } from '../model/tokenizer/tokenizer.js';
import type { Similarity } from '../similarity/similarity.js';
import type { Settings } from './settings.js';

/** A unit ready for rollouts: its view, its prompt and its caps. */
export interface Example {
  unit: CorpusUnit;
  view: UnitView;
  documentPrompt: number[];
  /** Tokens of the whole code and of what follows the signature. */
  codeTokens: number;
  restTokens: number;
  /** The longest doc and the longest rest that may be sampled. */
  docCap: number;
  codeCap: number;
}

export interface Examples {
  train: Example[];
  heldOut: Example[];
  /** Units left out, by reason. */
  left: Record<string, number>;
}

/** Why most of the units left out are. */
export const TOO_LONG = 'longer than this machine trains on';

/**
 * Makes the examples of a corpus's units. Left out are units too long for this machine, and those that the similarity does
 * not find equal to themselves: a reward that cannot be reached teaches nothing.
 */
export function makeExamples(
  units: readonly CorpusUnit[],
  tokenizer: Tokenizer,
  prompts: Prompts,
  similarities: ReadonlyMap<LanguageId, Similarity>,
  settings: Settings,
): Examples {
  const examples: Examples = { train: [], heldOut: [], left: {} };
  const leave = (reason: string): void => {
    examples.left[reason] = (examples.left[reason] ?? 0) + 1;
  };
  for (const unit of units) {
    const example = exampleOf(unit, tokenizer, prompts, settings);
    if (example.codeTokens > settings.maxCodeTokens) {
      leave(TOO_LONG);
    } else if (example.view.rest.trim() === '') {
      leave('signature and body overlap');
    } else if (
      (similarities.get(unit.language)?.score(example.view.code, example.view.code) ?? 0) < 0.999
    ) {
      leave('not comparable');
    } else {
      (unit.split === 'train' ? examples.train : examples.heldOut).push(example);
    }
  }
  return examples;
}

/** A unit's view, prompt and caps under a tokenizer. */
export function exampleOf(
  unit: CorpusUnit,
  tokenizer: Tokenizer,
  prompts: Prompts,
  settings: Settings,
): Example {
  const view = viewOf(unit);
  const codeTokens = tokenizer.encode(view.code).length;
  const restTokens = tokenizer.encode(view.rest).length;
  return {
    unit,
    view,
    documentPrompt: prompts.document(view),
    codeTokens,
    restTokens,
    docCap: Math.round(Math.max(settings.docCapMin, settings.docCapShare * codeTokens)),
    codeCap: Math.round(settings.codeCapFactor * restTokens + settings.codeCapExtra),
  };
}
