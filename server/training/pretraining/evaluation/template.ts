import type { UnitView } from '../../../inference/view.js';
import { identifierWords, SPELT_RETURN, speltText } from '../../../inference/words.js';
import type { Doc } from '../../../languages/types.js';

/** First words of names that say what is done; a name that begins otherwise says what it is. */
const VERBS = new Set(
  (
    'add append apply assert build call check clear close compute convert copy create decode define delete ' +
    'disable dispatch do draw emit enable encode end ensure execute exit extract fetch fill filter find flush ' +
    'format generate handle init initialize insert invoke join list load log make map mark match merge move ' +
    'notify open parse pop post prepare print process push put query raise read register release remove rename ' +
    'render replace reset resolve restore run save scan schedule select send serialize set setup show sort split ' +
    'start stop store strip sum swap test throw trigger trim try unregister update validate verify visit wait ' +
    'walk wrap write'
  ).split(' '),
);
const QUESTIONS = new Set(['is', 'has', 'can', 'should']);

type Named = Pick<UnitView, 'language' | 'name' | 'parameters' | 'returnsValue'>;

/**
 * The doc that the names of a unit and its parameters spell out, one sentence form for all: `getUserName(id)` is
 * "Gets the user name from the id."
 */
export function wordsTemplate(unit: Named): Doc {
  const [verb, ...rest] = identifierWords(unit.name);
  const said = verb === undefined ? 'returns the value' : withObject(thirdPerson(verb), rest);
  return docOf(unit, `${said}${fromParameters(unit)}.`);
}

/**
 * The same with what people know of docs: a getter "Returns", a question "Returns whether it", a noun is returned, and
 * a doc in Go begins with the name.
 */
export function rulesTemplate(unit: Named): Doc {
  const words = identifierWords(unit.name);
  const [verb, ...rest] = words;
  const said =
    verb === undefined
      ? 'returns the value'
      : verb === 'get' && rest.length > 0
        ? withObject('returns', rest)
        : QUESTIONS.has(verb)
          ? `returns whether it ${words.join(' ')}`
          : verb === 'to' || verb === 'as'
            ? ['converts to', ...rest].join(' ')
            : VERBS.has(verb)
              ? withObject(thirdPerson(verb), rest)
              : withObject('returns', words);
  const sentence = `${said}${fromParameters(unit)}.`;
  return unit.language === 'go'
    ? { ...docOf(unit, ''), summary: `${unit.name} ${sentence}` }
    : docOf(unit, sentence);
}

function docOf({ parameters, returnsValue }: Named, sentence: string): Doc {
  return {
    summary: sentence.charAt(0).toUpperCase() + sentence.slice(1),
    params: parameters.map((name) => ({ name, text: speltText(name) })),
    returns: returnsValue ? SPELT_RETURN : null,
  };
}

function withObject(verb: string, object: readonly string[]): string {
  return object.length === 0 ? verb : `${verb} the ${object.join(' ')}`;
}

function fromParameters({ parameters }: Named): string {
  return parameters.length === 0 ? '' : ` from ${parameters.map(speltText).join(' and ')}`;
}

function thirdPerson(verb: string): string {
  if (/[^aeiou]y$/.test(verb)) {
    return `${verb.slice(0, -1)}ies`;
  }
  return /(?:s|x|z|ch|sh|o)$/.test(verb) ? `${verb}es` : `${verb}s`;
}
