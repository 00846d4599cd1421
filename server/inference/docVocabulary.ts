import type { Tokenizer } from '../model/tokenizer/tokenizer.js';

/** What no text of a doc holds: ends and beginnings of comments, fences, tags and marks that look like tokens. */
const BANNED = ['*/', '/*', '"""', "'''", '```', '<|', '@param', '@return'];
const ANY_BANNED = new RegExp(BANNED.map((text) => text.replace(/[*/|]/g, '\\$&')).join('|'));
const LONGEST_BANNED = Math.max(...BANNED.map((text) => text.length));

/** Nothing but visible characters and blanks; a line end at most at the end. */
const LINE_TEXT = /^[^\p{C}\u2028\u2029\ufffd]+\n?$|^\n$/u;
/** What a text begins with. */
const BEGINNING = /^[\p{L}\p{N}`'"“‘([<$%#.-]/u;

/** Which tokens a doc may go on with. Made once for a tokenizer; the sets are the same arrays each time. */
export class DocVocabulary {
  /** Tokens that a doc is made of, by id. */
  private readonly texts: ReadonlyMap<number, string>;
  private readonly insideByTail = new Map<string, Int32Array>();
  private readonly firsts: { bare: Int32Array; blank: Int32Array };

  /** @param stopIds end a doc, and so any text in it */
  constructor(
    tokenizer: Tokenizer,
    private readonly stopIds: readonly number[],
  ) {
    const texts = new Map<number, string>();
    for (let id = 0; id < tokenizer.vocabSize; id++) {
      const text = tokenizer.decode([id]);
      if (LINE_TEXT.test(text) && !stopIds.includes(id) && !ANY_BANNED.test(text)) {
        texts.set(id, text);
      }
    }
    this.texts = texts;
    const begins = (text: string): boolean => BEGINNING.test(text) && !text.endsWith('\n');
    const bare = idsWhere(texts, begins);
    // Digits come after a blank that is a token of its own.
    const blank = idsWhere(
      texts,
      (text) => text === ' ' || (text[0] === ' ' && begins(text.slice(1))),
    );
    // Tokenizers of some kinds hide the blank before a word.
    this.firsts = { bare, blank: blank.length > 0 ? blank : bare };
  }

  /**
   * The tokens that a text may begin with.
   * @param afterWord whether a blank must come first
   * @param refused left out
   */
  first(afterWord: boolean, refused: ReadonlySet<number>): Int32Array {
    const all = afterWord ? this.firsts.blank : this.firsts.bare;
    return refused.size === 0 ? all : all.filter((id) => !refused.has(id));
  }

  /** The tokens that a text that has begun may go on with, or end. */
  next(text: string): Int32Array {
    if (text === ' ') {
      return this.firsts.bare;
    }
    const tail = openTail(text);
    let ids = this.insideByTail.get(tail);
    if (ids === undefined) {
      const endings = endingsAfter(tail);
      const fitting = idsWhere(this.texts, (more) => !endings.some((end) => more.startsWith(end)));
      ids = Int32Array.from([...fitting, ...this.stopIds]);
      this.insideByTail.set(tail, ids);
    }
    return ids;
  }
}

function idsWhere(texts: ReadonlyMap<number, string>, fits: (text: string) => boolean): Int32Array {
  return Int32Array.from([...texts].filter(([, text]) => fits(text)).map(([id]) => id));
}

/** What would complete something banned after a text that ends so. */
function endingsAfter(tail: string): string[] {
  return BANNED.flatMap((banned) =>
    Array.from(banned, (_, i) => i)
      .filter((begun) => begun > 0 && tail.endsWith(banned.slice(0, begun)))
      .map((begun) => banned.slice(begun)),
  );
}

/** The longest end of a text with which something banned begins. */
function openTail(text: string): string {
  for (let length = Math.min(text.length, LONGEST_BANNED - 1); length > 0; length--) {
    const tail = text.slice(-length);
    if (BANNED.some((banned) => banned.startsWith(tail))) {
      return tail;
    }
  }
  return '';
}
