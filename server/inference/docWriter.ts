import { oneLine, renderPlainDoc } from '../languages/docs/plain.js';
import type { Doc } from '../languages/types.js';
import type { Tokenizer } from '../model/tokenizer/tokenizer.js';
import type { DocVocabulary } from './docVocabulary.js';
import { readsAsProse } from './prose.js';
import { SPELT_RETURN, speltText } from './words.js';

/** The parts that a doc has after its summary. */
export interface DocFrame {
  /** Names of the parameters, in order. */
  parameters: readonly string[];
  returnsValue: boolean;
}

export interface WrittenDoc {
  doc: Doc;
  /** Names of the parts (`@returns` for the return) that the model had no words for: spelt from the identifier. */
  spelt: string[];
}

export interface DocWriterOptions {
  tokenizer: Tokenizer;
  vocabulary: DocVocabulary;
  stopIds: readonly number[];
  /** Tokens that the whole doc may take. */
  room: number;
  /** Whether a doc with this text in one of its parts would be read again as it was meant. */
  survives: (doc: Doc) => boolean;
}

const RETURNS = '@returns';
/** Tokens of the summary and of any other part, at most. */
const SUMMARY_TOKENS = 64;
const PART_TOKENS = 32;
/** A part for which there is less room is spelt. */
const LEAST_TOKENS = 4;
/** How often a part that says nothing is written again. */
const RETRIES = 4;

/** A line of a doc. */
interface Part {
  /** Of the parameter, or `@returns`; empty for the summary. */
  name: string;
  /** What its line begins with. */
  head: string;
  /** Tokens of its text, at most. */
  cap: number;
  /** What stands in for its text where the model has none. */
  spelt: string | null;
}

/**
 * Writes one doc within a frame while the model draws tokens: the summary up to the end of its line, then
 * `@param NAME` for each parameter in order and `@returns` where a value comes back, which are given to the model, and
 * after each the model's own text. So a doc names every parameter once and invents none, whatever the weights say. At
 * each part's end the doc so far is tokenised anew as one text, as the model saw docs in training. A part that says
 * nothing is taken back and begun with another token, a bounded number of times; then it is spelt from its name.
 */
export class DocWriter {
  /** The summary said nothing, however often it was begun. */
  private failed = false;
  private done = false;
  private readonly doc: Doc = { summary: '', params: [], returns: null };
  private readonly spelt: string[] = [];
  private readonly parts: readonly Part[];
  /** Tokens of the longest doc. */
  readonly limit: number;
  private at = 0;
  /** Where the text of the part begins among the ids. */
  private start = 0;
  private refused = new Set<number>();

  constructor(
    frame: DocFrame,
    private readonly options: DocWriterOptions,
  ) {
    const parts = partsOf(frame);
    // A token each for the line's end.
    const fixed = parts.reduce(
      (sum, { head }) => sum + options.tokenizer.encode(head).length + 2,
      0,
    );
    const wanted = parts.reduce((sum, { cap }) => sum + cap, 0);
    const share = Math.min(1, (options.room - fixed) / wanted);
    this.parts = parts.map((part) => ({ ...part, cap: Math.floor(part.cap * share) }));
    this.limit = Math.min(options.room, fixed + wanted);
    this.done = this.failed = this.parts[0].cap < LEAST_TOKENS;
  }

  get ended(): boolean {
    return this.done;
  }

  /** The tokens that may come next. */
  allowed(ids: readonly number[]): Int32Array {
    const { vocabulary } = this.options;
    return ids.length === this.start
      ? vocabulary.first(this.at > 0, this.refused)
      : vocabulary.next(this.textOf(ids));
  }

  /**
   * Takes in the token that was drawn last.
   * @returns the ids to go on from, where they are not those given
   */
  amend(ids: readonly number[]): readonly number[] | null {
    const { stopIds } = this.options;
    const part = this.parts[this.at];
    const text = this.textOf(ids);
    const closed = stopIds.includes(ids[ids.length - 1]) || text.includes('\n');
    if (!closed && ids.length - this.start < part.cap) {
      return null;
    }
    const line = oneLine(closed ? text : wholeSentences(text));
    if (this.accepts(part, line)) {
      put(this.doc, part, line);
      return this.advance();
    }
    this.refused.add(ids[this.start]);
    if (this.refused.size <= RETRIES) {
      return ids.slice(0, this.start);
    }
    return this.giveUp(part);
  }

  /** The doc; null where the model had no summary for it. What was not reached is spelt. */
  result(): WrittenDoc | null {
    if (!this.done && this.at === 0) {
      return null;
    }
    while (!this.done) {
      this.giveUp(this.parts[this.at]);
    }
    return this.failed ? null : { doc: this.doc, spelt: this.spelt };
  }

  private accepts(part: Part, text: string): boolean {
    if (!readsAsProse(text, part.name === '' ? 2 : 1)) {
      return false;
    }
    const doc: Doc = { summary: 'Does it.', params: [], returns: null };
    // With a plain name: what is wrong with the own one is no fault of the text.
    put(doc, part.name === '' || part.name === RETURNS ? part : { ...part, name: 'value' }, text);
    return this.options.survives(doc);
  }

  private giveUp(part: Part): readonly number[] | null {
    if (part.spelt === null) {
      this.done = this.failed = true;
      return null;
    }
    put(this.doc, part, part.spelt);
    this.spelt.push(part.name);
    return this.advance();
  }

  /** Goes on to the next part: the doc so far, and the part's head. */
  private advance(): readonly number[] | null {
    this.at++;
    this.refused = new Set();
    const part = this.parts[this.at];
    if (part === undefined) {
      this.done = true;
      return null;
    }
    if (part.cap < LEAST_TOKENS) {
      return this.giveUp(part);
    }
    const ids = this.options.tokenizer.encode(`${renderPlainDoc(this.doc)}\n${part.head}`);
    this.start = ids.length;
    return ids;
  }

  private textOf(ids: readonly number[]): string {
    return this.options.tokenizer.decode(ids.slice(this.start));
  }
}

function partsOf({ parameters, returnsValue }: DocFrame): Part[] {
  const part = (name: string, head: string, spelt: string): Part => ({
    name,
    head,
    cap: PART_TOKENS,
    spelt,
  });
  return [
    { name: '', head: '', cap: SUMMARY_TOKENS, spelt: null },
    ...parameters.map((name) => part(name, `@param ${name}`, speltText(name))),
    ...(returnsValue ? [part(RETURNS, RETURNS, SPELT_RETURN)] : []),
  ];
}

function put(doc: Doc, { name }: Part, text: string): void {
  if (name === '') {
    doc.summary = text;
  } else if (name === RETURNS) {
    doc.returns = text;
  } else {
    doc.params.push({ name, text });
  }
}

/** What a text that was cut off says in whole sentences. */
function wholeSentences(text: string): string {
  const end = /^.*[.!?](?=\s)/s.exec(text);
  return end === null ? '' : end[0];
}
