/** Whether a word stands three times in a row, or a run of three words comes three times. */
export function repeatsItself(text: string): boolean {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
  const seen = new Map<string, number>();
  for (let i = 0; i + 2 < words.length; i++) {
    if (words[i] === words[i + 1] && words[i] === words[i + 2]) {
      return true;
    }
    const run = `${words[i]} ${words[i + 1]} ${words[i + 2]}`;
    const count = (seen.get(run) ?? 0) + 1;
    if (count >= 3) {
      return true;
    }
    seen.set(run, count);
  }
  return false;
}

const WORD = /\p{L}[\p{L}\p{N}'’_-]*/gu;
/** What a sentence or phrase begins with. */
const BEGINNING = /^[\p{L}\p{N}`'"“‘({[<$%#.-]/u;
const TAG = /@(?:param|returns?)\b/;
const CLOSING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/**
 * Whether a piece of a doc says something: enough words, one of two letters at least, that do not go round in
 * circles, with no tag among them and no bracket left open. A model that learnt little writes pieces that do not.
 */
export function readsAsProse(text: string, fewestWords: number): boolean {
  const words = text.match(WORD) ?? [];
  return (
    words.length >= fewestWords &&
    words.some((word) => word.length > 1) &&
    BEGINNING.test(text) &&
    !TAG.test(text) &&
    isBalanced(text) &&
    !repeatsItself(text)
  );
}

function isBalanced(text: string): boolean {
  const open: string[] = [];
  for (const sign of text) {
    if ('([{'.includes(sign)) {
      open.push(sign);
    } else if (sign in CLOSING && open.pop() !== CLOSING[sign]) {
      return false;
    }
  }
  return open.length === 0;
}
