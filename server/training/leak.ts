/** A doc may share this many code tokens in a row with the body; one more is recital. */
const LONGEST_SHARED_RUN = 6;

/** A string, a dotted name or a number counts as one token, any other sign for itself. */
const TOKEN =
  /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|[\p{L}_$][\p{L}\p{N}_$]*(?:(?:\.|::|->)[\p{L}_$][\p{L}\p{N}_$]*)*|\d[\w.]*|[^\s\p{L}\p{N}]/gu;

const KEYWORD_STATEMENT =
  /^(?:return|if|elif|else|for|foreach|while|switch|case|match|try|catch|except|finally|with|def|fn|func|fun|function|class|const|let|var|val|import|raise|throw|yield|await|async|public|private|static)\b.*(?:[(){}[\];=]|:$)/;
const ASSIGNMENT = /^[$@]?[\w.[\]"'$>-]+(?:\s*:\s*[\w<>[\].| ]+)?\s*(?::=|[-+*/%|&^]?=)(?!=)\s*\S/;
const CALL = /^(?:await\s+|new\s+|\$)?[\w.$:>-]+\(.*\)\s*[;{]?$/;
const STATEMENT_END = /[;{}]$/;
const EXAMPLE_MARK = /^(?:>>>|\.\.\.|@example\b)\s*/;
const COMMENT_MARK = /^(?:\/\/+|\/\*+|\*+\/?|#+|--)\s*/;
const TAG = /^@(?:param\s+\S+|returns?)\s*/;
const CALLEE = /([\p{L}_$][\p{L}\p{N}_$]*)\s*\(/gu;

/** The code tokens of a text: see TOKEN. */
export function codeTokens(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

/** The longest run of code tokens that both texts hold. */
export function longestSharedRun(doc: readonly string[], body: readonly string[]): number {
  let longest = 0;
  let row = new Uint16Array(body.length + 1);
  for (const token of doc) {
    const next = new Uint16Array(body.length + 1);
    for (let j = 0; j < body.length; j++) {
      if (body[j] === token) {
        next[j + 1] = row[j] + 1;
        longest = Math.max(longest, next[j + 1]);
      }
    }
    row = next;
  }
  return longest;
}

/**
 * The leak rule: whether a doc recites its code. Round-trip training breeds that (Allamanis et al. 2024,
 * arXiv 2402.08699, section 3: a forward model that repeats its input has perfect round-trip correctness).
 * A doc leaks that holds a fence, a line of code that is neither signature nor example, or a run of more than six
 * code tokens of the body. An example calls the unit. Lines are told by their form, not by a parser: half a statement
 * parses nowhere. The marks before a line are no part of it, so that none hides what follows it.
 * @param doc plain form
 * @param signature the unit's signature: it may be quoted
 * @param body the unit's body
 */
export function leaksCode(doc: string, signature: string, body: string): boolean {
  if (/```|~~~/.test(doc)) {
    return true;
  }
  const allowed = codeTokens(signature);
  const isExample = (line: string): boolean =>
    EXAMPLE_MARK.test(line) &&
    [...line.matchAll(CALLEE)].some(([, callee]) => allowed.includes(callee));
  const lines = doc.split('\n').map((line) => line.trim().replace(COMMENT_MARK, ''));
  const plain = lines.map((line) => line.replace(TAG, '').replace(EXAMPLE_MARK, ''));
  const quoted = allowed.join(' ');
  if (
    plain.some(
      (line, i) =>
        isCodeLine(line) && !isExample(lines[i]) && !quoted.includes(codeTokens(line).join(' ')),
    )
  ) {
    return true;
  }
  return longestSharedRun(codeTokens(plain.join('\n')), codeTokens(body)) > LONGEST_SHARED_RUN;
}

function isCodeLine(line: string): boolean {
  return (
    KEYWORD_STATEMENT.test(line) ||
    ASSIGNMENT.test(line) ||
    CALL.test(line) ||
    STATEMENT_END.test(line)
  );
}
