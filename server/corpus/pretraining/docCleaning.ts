import { parseDoc } from '../../languages/docs/parse.js';
import type { Doc } from '../../languages/types.js';
import type { UnitText } from '../unit.js';
import { scrubDocText } from './scrub.js';

/** Why a doc is not fit to learn from. */
export type DocReject =
  | 'empty'
  | 'too-short'
  | 'too-long'
  | 'licence'
  | 'to-do'
  | 'reference-only'
  | 'directive'
  | 'code'
  | 'symbols'
  | 'not-english'
  | 'mismatched-parameters';

/** Characters of a summary, of a parameter's text and of a return's. Longer texts end at a sentence before. */
const SUMMARY_CHARS = 320;
const PART_CHARS = 200;

const LICENCE = /\bcopyright\b|\blicen[cs]ed? (?:under|to|by)\b|\bspdx\b|all rights reserved/i;
const TO_DO =
  /^(?:todo|fixme|xxx|hack|wip|tbd|not (?:yet )?implemented|to be (?:done|implemented|documented))\b/i;
const REFERENCE_ONLY =
  /^(?:@?\{?@?inheritdoc\b|see\b|see also\b|same as\b|alias (?:for|of|to)\b|an? alias (?:for|of|to)\b|overrid(?:e|es|den)\b|inherited (?:doc|from)|deprecated\b|documented (?:in|at|elsewhere)|refer to\b|non-javadoc|\(non-javadoc\))/i;
const DIRECTIVE =
  /^(?:eslint|istanbul|c8 ignore|v8 ignore|jshint|jslint|tslint|prettier-ignore|ts-(?:ignore|expect)|noqa|pylint|pragma|nolint|rubocop|phpcs|checkstyle|noinspection|region|endregion|go:|#__PURE__|webpackChunkName|:nodoc:|@?private$|@?internal$|@?api private$)/i;
const CODE_START =
  /^(?:if|for|while|return|var|let|const|function|import|def|public|private|throw|self\.|this\.)\b.*[;{}()=]/;
const CODE_END = /[;{]\s*$|\)\s*=>\s*\S*$/;
/** The type that Python's attribute docs begin with: `bool: Whether ...`. */
const TYPE_BEFORE =
  /^(?:(?:bool|str|int|float|bytes|dict|list|tuple|set|object|callable|iterable|None)|(?:Optional|Union|List|Dict|Tuple|Set|Sequence|Iterable|Callable|Type)?(?:\[[^\]]*\]|:?[\w:]*:?`[^`]*`)+):\s+(?=[A-Z])/;

/** Words that nearly every English sentence has one of. */
const ENGLISH =
  /\b(?:the|a|an|of|to|is|are|in|for|and|or|if|from|with|by|on|as|this|that|be|it|its|at|whether|when|all|not|has|no|into|given|new|using|which|each|any)\b/i;
const OTHER_LATIN =
  /\b(?:el|los|las|una|del|que|por|para|der|die|das|und|ein|eine|wird|ist|le|les|des|une|est|pour|dans|il|della|che|per|não|uma|dos)\b/gi;

/**
 * The doc of a unit as the model should learn it: first paragraph, the parameters that the unit has, in the
 * signature's order, and the return where a value comes back. Markup, addresses and names of people are off.
 */
export function cleanDoc(unit: UnitText, comment: string): Doc | DocReject {
  const written = parseDoc(comment, unit.language);
  const raw = written.summary.trim();
  const early = rejectRaw(raw, comment);
  if (early !== null) {
    return early;
  }
  const summary = shorten(withoutPointers(plainText(raw.replace(TYPE_BEFORE, ''))), SUMMARY_CHARS);
  if (summary === null) {
    return 'too-long';
  }
  const reject = rejectText(summary);
  if (reject !== null) {
    return reject;
  }
  if (namesOthers(unit, written)) {
    return 'mismatched-parameters';
  }
  const params: Doc['params'] = [];
  for (const { name } of unit.parameters) {
    const text = partText(written.params.find((param) => param.name === name)?.text);
    if (text !== null) {
      params.push({ name, text });
    }
  }
  const returns = unit.returns.value ? partText(written.returns) : null;
  return { summary, params, returns };
}

function rejectRaw(summary: string, comment: string): DocReject | null {
  if (LICENCE.test(comment)) {
    return 'licence';
  }
  if (summary === '') {
    return 'empty';
  }
  if (TO_DO.test(summary)) {
    return 'to-do';
  }
  if (DIRECTIVE.test(summary)) {
    return 'directive';
  }
  return REFERENCE_ONLY.test(summary) ? 'reference-only' : null;
}

function rejectText(summary: string): DocReject | null {
  const letters = summary.match(/\p{L}/gu)?.length ?? 0;
  if (!isPlainLatin(summary)) {
    return 'not-english';
  }
  if (letters < 8 || !/\p{L}+\s+\S*\p{L}/u.test(summary)) {
    return summary === '' ? 'empty' : 'too-short';
  }
  if (letters < 0.6 * summary.replace(/\s/g, '').length) {
    return 'symbols';
  }
  if (CODE_START.test(summary) || CODE_END.test(summary)) {
    return 'code';
  }
  return isEnglish(summary) ? null : 'not-english';
}

/** Hardly a letter that English does not have. */
function isPlainLatin(text: string): boolean {
  const letters = text.match(/\p{L}/gu) ?? [];
  return letters.filter((letter) => letter > '\u007f').length <= 0.05 * letters.length;
}

/** In a longer text, English words rather than those of a neighbour. */
function isEnglish(text: string): boolean {
  const words = text.split(/\s+/).length;
  const foreign = text.match(OTHER_LATIN)?.length ?? 0;
  return ENGLISH.test(text) ? foreign <= words / 4 : words < 8 && foreign === 0;
}

/** Whether most parameters that the doc describes are none of the unit's: it was written for another version. */
function namesOthers(unit: UnitText, doc: Doc): boolean {
  const known = new Set(unit.parameters.map(({ name }) => name));
  const isPattern = unit.parameters.some(({ name }) => !/^[\w$]+$/.test(name));
  // `options.depth` describes a part of `options`.
  const named = doc.params.map(({ name }) => name.replace(/[.[].*$/s, ''));
  const wrong = named.filter((name) => !known.has(name)).length;
  return !isPattern && wrong > named.length / 2;
}

/** A parameter's or return's text, or null where it says nothing. */
function partText(text: string | null | undefined): string | null {
  const plain = withoutPointers(plainText(text ?? '')).replace(/^[-–—:.,\s]+/, '');
  const short = shorten(plain, PART_CHARS);
  if (short === null || (short.match(/\p{L}/gu)?.length ?? 0) < 3 || DIRECTIVE.test(short)) {
    return null;
  }
  return TO_DO.test(short) || REFERENCE_ONLY.test(short) || !/\s/.test(short) ? null : short;
}

/** Takes the markup of the doc languages off a text, keeping what it marks; then scrubs it. */
export function plainText(text: string): string {
  const plain = text
    .replace(/<a\s[^>]*>(.*?)<\/a>/gi, '$1')
    .replace(/<(code|tt|samp|kbd)>(.*?)<\/\1>/gi, '`$2`')
    .replace(/<see(?:also)?\s+(?:cref|langword|href)="(?:[A-Z]:)?([^"]*)"\s*\/?>/gi, '`$1`')
    .replace(/<(?:paramref|typeparamref)\s+name="([^"]*)"\s*\/>/gi, '`$1`')
    .replace(/<\/?(?:p|br|b|i|em|strong|ul|ol|li|pre|div|span|sup|sub|para|c|h\d)\b[^<>]*>/gi, ' ')
    .replace(/\{@\w+\s+([^{}|]*)(?:\|[^{}]*)?\}/g, '`$1`')
    .replace(/:[\w:+-]*:`~?([^`<>]*?)(?:\s*<[^`<>]*>)?`/g, '`$1`')
    .replace(/`([^`<>]+?)\s*<[^`<>]+>`__?/g, '$1')
    .replace(/!?\[([^\][]+)\]\((?:[^()]|\([^()]*\))*\)/g, '$1')
    .replace(/\[(`[^`\]]+`)\](?:\[[^\]]*\])?/g, '$1')
    .replace(/``+([^`]+)``+/g, '`$1`')
    .replace(/(?<![\w+])\+([\w:.#?!]+)\+(?![\w+])/g, '`$1`')
    .replace(/%%(\w+)%%/g, '`$1`')
    .replace(/\*\*([^*]+)\*\*/g, '$1')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&(?:nbsp|#160);/g, ' ')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')
    .replace(/[“”]/g, '"')
    .replace(/[‘’]/g, "'")
    .replace(/::\s*$/, ':');
  return scrubDocText(plain.replace(/\s+/g, ' '));
}

/** Takes off sentences that only lead elsewhere, and all from one that announces an example or a list. */
function withoutPointers(text: string): string {
  const sentences = text.split(/(?<=[.!?:])(?=\s+[\p{Lu}`("])/u);
  const announcing = sentences.findIndex((sentence, i) => i > 0 && sentence.endsWith(':'));
  const told = announcing < 0 ? sentences : sentences.slice(0, announcing);
  return told
    .filter((sentence, i) => i === 0 || !/^\s*See\b/.test(sentence))
    .join('')
    .replace(/\s*:$/, '.');
}

/** A text cut after the last sentence that still fits; null where not even the first does. */
function shorten(text: string, limit: number): string | null {
  if (text.length <= limit) {
    return text;
  }
  const ends = [...text.slice(0, limit + 1).matchAll(/(?<!\b(?:e\.g|i\.e|cf|vs|etc))[.!?](?=\s)/g)];
  const last = ends.at(-1);
  return last === undefined ? null : text.slice(0, last.index + 1);
}
