import { setTimeout as sleep } from 'node:timers/promises';
import type { InlineCompletionItem, InlineCompletionParams } from 'vscode-languageserver';
import { InlineCompletionTriggerKind } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { TimeLimitError } from '../corpus/extract.js';
import type { Position } from '../corpus/unit.js';
import { UserError } from '../util/errors.js';
import { sha256 } from '../util/hash.js';
import type { Feature, ServerContext } from './feature.js';
import { askedLine, bodyPlace, docOpener, unitForDoc, withoutLine } from './ghostPlace.js';
import { LruCache } from '../util/lruCache.js';
import { abortSignal } from './signal.js';
import { type FileUnits, languageOf, MAX_TEXT, readUnits } from './units.js';
import { Cancelled } from './worker/modelWorker.js';

/** Pause in typing after which the model is asked. */
const DEBOUNCE_MS = 150;
const CACHE_SIZE = 200;
const CANDIDATES = 3;

/**
 * Ghost text, only where a doc and its code meet: a body under a doc comment, a function under one that
 * has none, and a doc that was begun above (or in) an undocumented function.
 */
export const inlineCompletion: Feature = {
  capabilities: { inlineCompletionProvider: true },
  register(context) {
    const cache = new LruCache<string, InlineCompletionItem[]>(CACHE_SIZE);
    context.onModelChange(() => cache.clear());
    context.connection.languages.inlineCompletion.on(async (params, token) => {
      const signal = abortSignal(token);
      try {
        return await answer(context, cache, params, signal);
      } catch (error) {
        // Ghost text comes unasked: what it cannot do it does not say, except in the log.
        if (error instanceof UserError || error instanceof TimeLimitError) {
          logNone(context, error.message);
          return [];
        }
        if (error instanceof Cancelled) {
          return [];
        }
        throw error;
      }
    });
  },
};

function logNone({ connection }: ServerContext, why: string): void {
  connection.console.info(`no ghost text: ${why}`);
}

async function answer(
  context: ServerContext,
  cache: LruCache<string, InlineCompletionItem[]>,
  { textDocument, position, context: trigger }: InlineCompletionParams,
  signal: AbortSignal,
): Promise<InlineCompletionItem[]> {
  const document = context.documents.get(textDocument.uri);
  const language = document ? languageOf(document) : null;
  const settings = await context.settings.get();
  if (!document || !language || !settings.ghostText.enabled || context.status.obstacle() !== null) {
    return [];
  }
  const text = document.getText();
  if (text.length > MAX_TEXT) {
    return [];
  }
  const opener = docOpener(text, position, language);
  const file = await context.units.of(document);
  const place = opener ? null : file && bodyPlace(file, position);
  if ((!opener && !place) || !file) {
    return [];
  }
  const key = sha256(JSON.stringify([document.uri, position, file.text]));
  const hit = cache.get(key);
  if (hit) {
    return hit;
  }
  if (trigger?.triggerKind === InlineCompletionTriggerKind.Automatic) {
    await sleep(DEBOUNCE_MS);
    if (signal.aborted) {
      return [];
    }
  }
  const items = opener
    ? await docItems(context, document, file, position.line, opener, signal)
    : await codeItems(context, file, position, signal);
  cache.set(key, items);
  return items;
}

async function docItems(
  context: ServerContext,
  { uri, languageId, version }: TextDocument,
  file: FileUnits,
  line: number,
  opener: { start: number; end: number },
  signal: AbortSignal,
): Promise<InlineCompletionItem[]> {
  const without = TextDocument.create(uri, languageId, version, withoutLine(file.text, line));
  const clean = await readUnits(without, file.language);
  const unit = unitForDoc(clean, line);
  if (!unit) {
    return [];
  }
  const { comment } = await context.docs.document({ file: clean, unit }, signal);
  const range = {
    start: { line, character: opener.start },
    end: { line, character: opener.end },
  };
  const insertText = file.text.includes('\r\n') ? comment.replace(/\n/g, '\r\n') : comment;
  return [{ insertText, range }];
}

async function codeItems(
  context: ServerContext,
  file: FileUnits,
  position: Position,
  signal: AbortSignal,
): Promise<InlineCompletionItem[]> {
  context.docs.yieldBackground();
  const { range, candidates, reason } = await context.model.call(
    'generate',
    {
      text: file.text,
      language: file.language.id,
      line: askedLine(file, position),
      count: CANDIDATES,
    },
    signal,
  );
  if (candidates.length === 0 && reason !== null) {
    logNone(context, reason);
  }
  const document = TextDocument.create(file.uri, file.languageId, file.version, file.text);
  const start = document.offsetAt(range.start);
  const end = document.offsetAt(range.end);
  const items = candidates.map(({ newText }) => narrowed(document, start, end, newText, position));
  return items.filter((item) => item !== null);
}

/**
 * An edit as ghost text: only what really changes, on the cursor's line, around the cursor. Null where
 * the edit cannot be shown so, for example because it changes another line.
 */
export function narrowed(
  document: TextDocument,
  start: number,
  end: number,
  newText: string,
  position: Position,
): InlineCompletionItem | null {
  const text = document.getText();
  const cursor = document.offsetAt(position);
  if (end < cursor && text.slice(end, cursor).trim() === '') {
    end = cursor; // blank lines between the place and the cursor give way to the code
  }
  const lineStart = document.offsetAt({ line: position.line, character: 0 });
  const nextLine = document.offsetAt({ line: position.line + 1, character: 0 });
  const lineText = text.slice(lineStart, nextLine).replace(/\r?\n$/, '');
  const lineEnd = lineStart + lineText.length;
  const old = text.slice(start, end);

  // What both have at the end, but nothing before the cursor's line end; then what both have at the start.
  let tail = 0;
  const mostTail = Math.min(old.length, newText.length, Math.max(0, end - cursor));
  while (tail < mostTail && old[old.length - 1 - tail] === newText[newText.length - 1 - tail]) {
    tail++;
  }
  let head = 0;
  const mostHead = Math.min(old.length, newText.length) - tail;
  while (head < Math.min(mostHead, Math.max(0, cursor - start)) && old[head] === newText[head]) {
    head++;
  }
  const from = start + head;
  const to = end - tail;
  if (from < lineStart || to > lineEnd || from > lineEnd || to < lineStart) {
    return null;
  }
  // The range of an inline completion holds the cursor.
  const before = text.slice(Math.min(from, cursor), from);
  const after = text.slice(to, Math.max(to, cursor));
  const insertText = before + newText.slice(head, newText.length - tail) + after;
  if (insertText.trim() === '') {
    return null;
  }
  return {
    insertText,
    range: {
      start: document.positionAt(Math.min(from, cursor)),
      end: document.positionAt(Math.max(to, cursor)),
    },
  };
}
