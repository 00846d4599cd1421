const MAIL = /[\w.+%-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}/g;

/** A web address together with the words that only lead to it: "see https://..." goes as a whole. */
const ADDRESS =
  /(?:[,;]?\s*\b(?:see(?: also)?|at|from|cf\.?|source|via|refer to|reference|ref|more info(?:rmation)?|details|here)\b\s*:?\s*)?[<([]?\b(?:(?:https?|ftp|file):\/\/|www\.)[^\s<>"'`)\]}]+[>)\]]?/gi;

/** A name in brackets after a mark of work to do: `TODO(name)`. */
const CLAIMED = /\b(TODO|FIXME|XXX|NOTE|HACK)[ \t]*\([^)\n]{1,60}\)/g;

/** A comment line that does nothing but name people. */
const CREDIT_LINE =
  /^[ \t]*(?:\/\/+|#+|\*|--)[ \t]*(?:@?authors?\b|written by\b|copyright\b|\(c\)|©).*(?:\n|$)/gim;

/**
 * Takes mail addresses and the names of people off code: addresses become `user@example.com`, comment lines that
 * only name an author go, and `TODO(name)` loses the name. Credentials are not its business: a unit that holds
 * any is left out whole.
 */
export function scrubCode(code: string): string {
  return code.replace(CREDIT_LINE, '').replace(MAIL, 'user@example.com').replace(CLAIMED, '$1');
}

/** Takes mail and web addresses, credits, and the brackets that they leave empty, off a line of a doc. */
export function scrubDocText(text: string): string {
  return text
    .replace(/(?:\s|^)@?authors?\s*:.*$/i, '')
    .replace(/\s*\(?\b(?:written|contributed|authored) by\s+\p{Lu}[^.)]*[.)]?/gu, '')
    .replace(CLAIMED, '$1')
    .replace(/<?\bmailto:/gi, '')
    .replace(MAIL, '')
    .replace(ADDRESS, '')
    .replace(/[<([]\s*[>)\]]/g, '')
    .replace(/\s+([.,;:])/g, '$1')
    .replace(/\s{2,}/g, ' ')
    .trim();
}
