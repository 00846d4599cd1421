import type { Doc } from '../types.js';

/** One line of text: white space runs become one blank. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/**
 * Splits `name text` where the name may be a destructuring pattern: `{ a, b } text`, `(a, b) text`.
 * A dash or colon between the two is dropped.
 */
export function splitNameAndText(rest: string): { name: string; text: string } {
  const trimmed = rest.trim();
  const end = nameEnd(trimmed);
  return {
    name: trimmed.slice(0, end).replace(/:$/, ''),
    text: oneLine(trimmed.slice(end).replace(/^\s*[-–—:](?=\s|$)/, '')),
  };
}

function nameEnd(text: string): number {
  if (/^[{[]|^\([^()]*,/.test(text)) {
    let depth = 0;
    for (let i = 0; i < text.length; i++) {
      if ('{[('.includes(text[i])) {
        depth++;
      } else if ('}])'.includes(text[i]) && --depth === 0) {
        return i + 1;
      }
    }
  }
  const blank = text.search(/\s/);
  return blank < 0 ? text.length : blank;
}

/**
 * Reads the model's form of a doc: the summary, then `@param name text` lines, then `@returns text`.
 * Tolerant: lines between tags continue the part that they follow, unknown tags are dropped.
 */
export function parsePlainDoc(text: string): Doc {
  const doc: Doc = { summary: '', params: [], returns: null };
  let add: (line: string) => void = (line) => {
    doc.summary = oneLine(`${doc.summary} ${line}`);
  };
  for (const line of text.split(/\r?\n/)) {
    const tag = /^\s*@(\w+)[ \t]?(.*)$/.exec(line);
    if (!tag) {
      add(line);
    } else if (tag[1] === 'param') {
      const param = splitNameAndText(tag[2]);
      doc.params.push(param);
      add = (more) => {
        param.text = oneLine(`${param.text} ${more}`);
      };
    } else if (tag[1] === 'returns' || tag[1] === 'return') {
      doc.returns = oneLine(tag[2]);
      add = (more) => {
        doc.returns = oneLine(`${doc.returns ?? ''} ${more}`);
      };
    } else {
      add = () => undefined;
    }
  }
  return doc;
}

/** A plain doc with what no reader is shown left out: unknown tags, all but the last return, odd white space. */
export function tidyPlainDoc(text: string): string {
  return renderPlainDoc(parsePlainDoc(text));
}

/** Writes the model's form of a doc; lines joined by \n, no newline at the end. */
export function renderPlainDoc(doc: Doc): string {
  const lines = doc.summary === '' ? [] : [oneLine(doc.summary)];
  for (const param of doc.params) {
    lines.push(`@param ${param.name} ${oneLine(param.text)}`.trimEnd());
  }
  if (doc.returns !== null) {
    lines.push(`@returns ${oneLine(doc.returns)}`.trimEnd());
  }
  return lines.join('\n');
}
