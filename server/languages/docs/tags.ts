import type { LanguageId } from '../types.js';
import { splitNameAndText } from './plain.js';

const PHP_TYPE =
  /^(?:(?:int|integer|string|bool|boolean|array|void|mixed|float|double|self|static|null|callable|iterable|object|false|true|never|resource|\$this)|\S*[\\|[<?]\S*|(?!(?:A|An|The|True|False|Returns?|If|All|Whether|Number|List|Each)\s)[A-Z]\w*)(?:\s+|$)/;

/** Inline tags of Javadoc and its kin as plain text: `{@code x}` becomes `x`. */
export function plainMarkup(line: string): string {
  return line
    .replace(/\{@(?:code|link|linkplain|literal|value)\s+([^{}]*)\}/g, '$1')
    .replace(/^\s*<p>\s*/, '');
}

/**
 * What stands after `@param`, in the form that the language's tools read, without its type.
 * @param type where Lua's dialects put the type: before the name (`@tparam`) or after it (LuaCATS)
 * @returns null for a type parameter
 */
export function paramTag(
  rest: string,
  language: LanguageId,
  type: 'before' | 'after' | null,
): { name: string; text: string } | null {
  const text = rest.replace(/^\[(?:in|out|in\s*,\s*out|opt[^\]]*|type=[^\]]*)\]/, '').trim();
  switch (language) {
    case 'typescript':
    case 'tsx':
    case 'javascript':
      return scriptParam(text);
    case 'php': {
      const named = /^(.*?)(?:&|\.\.\.)*\$(\w+)\s*(.*)$/.exec(text);
      return named && /^(?:[^\s<({]|[<({].*[>)}])*\s*$/.test(named[1])
        ? splitNameAndText(`${named[2]} ${named[3]}`)
        : splitNameAndText(text);
    }
    case 'ruby': {
      const { name, text: after } = splitNameAndText(text.replace(/^\[[^\]]*\]\s*/, ''));
      return { name: name.replace(/^[*&]+|:$/g, ''), text: after.replace(/^\[[^\]]*\]\s*/, '') };
    }
    case 'lua': {
      const param = splitNameAndText(type === 'before' ? text.replace(/^\S+\s*/, '') : text);
      const after = type === 'after' ? splitNameAndText(param.text).text : param.text;
      return { name: param.name.replace(/\?$/, ''), text: after.replace(/^#\s*/, '') };
    }
    case 'kotlin':
      return splitNameAndText(text.replace(/^\[(\w+)\]/, '$1'));
    default:
      return text.startsWith('<') ? null : splitNameAndText(text.replace(/^[*&]+/, ''));
  }
}

function scriptParam(text: string): { name: string; text: string } {
  const braces = text.startsWith('{') ? splitNameAndText(text) : null;
  // `{a, b}` and `{ a }` are patterns; `{string}` and `{{a: number}}` are types.
  const isType = braces !== null && !/^\{\s|^\{[\w$]+\s*,/.test(braces.name);
  const param = splitNameAndText(isType ? text.slice(braces.name.length) : text);
  const optional = /^\[\s*([\w$.]+)\s*(?:=.*)?\]$/.exec(param.name);
  return { name: (optional ? optional[1] : param.name).replace(/^\.\.\./, ''), text: param.text };
}

/** What stands after `@returns`, without its type. */
export function returnsTag(rest: string, language: LanguageId, typed: boolean): string {
  const text = rest.trim();
  if (language === 'php') {
    return text.replace(PHP_TYPE, '');
  }
  if (typed) {
    return text.replace(/^\S+\s*/, '').replace(/^#\s*/, '');
  }
  if (language === 'ruby') {
    return text.replace(/^\[[^\]]*\]\s*/, '');
  }
  if (
    text.startsWith('{') &&
    (language === 'javascript' || language === 'typescript' || language === 'tsx')
  ) {
    const type = splitNameAndText(text);
    return type.text;
  }
  return text.replace(/^-\s+/, '');
}
