/** The words of an identifier: `parseHTTPHeader` and `parse_http_header` are both "parse http header". */
export function identifierWords(name: string): string[] {
  return name
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

/** What can be said of a parameter from its name alone. */
export function speltText(name: string): string {
  return `the ${identifierWords(name).join(' ') || 'value'}`;
}

/** What can be said of a return without knowing it. */
export const SPELT_RETURN = 'the result';
