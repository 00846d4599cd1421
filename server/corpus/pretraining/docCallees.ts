import type { Random } from '../../util/random.js';

/** A name before a parenthesis: by the text alone, in any language. */
const CALLEE = /([\p{L}_$][\p{L}\p{N}_$]*)\s*\(/gu;
/** What stands before a parenthesis and is no callee, or is one that says nothing. */
const NO_CALLEE =
  /^(?:if|elif|else|for|foreach|while|until|switch|match|catch|except|return|yield|function|func|fn|def|new|super|with|and|or|not|in|is|assert|throw|raise|lambda|isset|unset|empty|array|list|echo|print|len|sizeof|typeof|nameof|using|lock|fixed|unless)$/;
const NAME = /[\p{L}_$][\p{L}\p{N}_$]*/gu;
const MOST_NAMES = 3;
const QUOTED_SHARE = 0.7;

/**
 * The doc with a sentence behind its first line that names up to three of the functions that the code calls. Docs that
 * people write seldom name them, and a model that has never seen one do so does not read the names there either.
 * @param rest the code behind its signature
 * @returns the doc as it is where the code calls nothing that doc and signature do not name
 */
export function withCallees(
  doc: string,
  { signature, rest }: { signature: string; rest: string },
  random: Random,
): string {
  const known = new Set(`${doc} ${signature}`.match(NAME));
  const callees = [...new Set([...rest.matchAll(CALLEE)].map(([, name]) => name))].filter(
    (name) => !known.has(name) && !NO_CALLEE.test(name),
  );
  if (callees.length === 0) {
    return doc;
  }
  const chosen = random.shuffle(callees).slice(0, 1 + random.int(MOST_NAMES));
  const names = random.next() < QUOTED_SHARE ? chosen.map((name) => `\`${name}\``) : chosen;
  const list =
    names.length === 1 ? names[0] : `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;
  const sentence = `${['Uses', 'Calls', 'Built on'][random.int(3)]} ${list}.`;
  const [summary, ...others] = doc.split('\n');
  const ended = /[.!?:;]$/.test(summary) || summary === '' ? summary : `${summary}.`;
  return [`${ended} ${sentence}`.trim(), ...others].join('\n');
}
