import type { Doc } from '../types.js';
import { oneLine } from './plain.js';

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** Reads the text of C#'s XML doc comments. */
export function parseXmlDoc(text: string): Doc {
  const element = (name: string) =>
    new RegExp(`<${name}\\s*>([\\s\\S]*?)</${name}\\s*>`).exec(text)?.[1];
  const doc: Doc = { summary: firstParagraph(element('summary') ?? ''), params: [], returns: null };
  for (const param of text.matchAll(/<param\s+name="([^"]*)"\s*(?:\/>|>([\s\S]*?)<\/param\s*>)/g)) {
    doc.params.push({ name: unescapeXml(param[1]), text: firstParagraph(param[2] ?? '') });
  }
  const returns = element('returns');
  doc.returns = returns === undefined ? null : firstParagraph(returns);
  return doc;
}

export function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function unescapeXml(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name]);
}

function firstParagraph(xml: string): string {
  const text = xml
    .replace(
      /<(?:see|seealso|paramref|typeparamref)\s+(?:cref|name|langword)="(?:[A-Z]:)?([^"]*)"\s*\/>/g,
      '$1',
    )
    .replace(/<para\s*\/?>/g, '\n\n')
    .replace(/<[^>]*>/g, '');
  return oneLine(unescapeXml(text.trim().split(/\n[ \t]*\n/)[0]));
}
