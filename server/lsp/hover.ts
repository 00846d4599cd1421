import { setTimeout as sleep } from 'node:timers/promises';
import type { Hover, HoverParams } from 'vscode-languageserver';
import { MarkupKind } from 'vscode-languageserver';
import { DocumentCommand } from '../protocol.js';
import type { CheckedDoc } from './docs.js';
import type { Feature, ServerContext } from './feature.js';
import { abortSignal } from './signal.js';
import { innermost, type Place } from './units.js';

/** A hover that comes later than after about a second seems to hang. */
const WAIT_MS = 900;

/**
 * Hover over the signature of an undocumented function: its doc with an Insert link, or where that takes longer than a
 * moment, a link that has one made. A documented function shows nothing of ours.
 */
export const hover: Feature = {
  capabilities: { hoverProvider: true },
  register(context) {
    context.connection.onHover((params, token) => answer(context, params, abortSignal(token)));
  },
};

async function answer(
  context: ServerContext,
  params: HoverParams,
  signal: AbortSignal,
): Promise<Hover | null> {
  const document = context.documents.get(params.textDocument.uri);
  const settings = await context.settings.get();
  if (!document || !settings.hover.enabled) {
    return null;
  }
  const file = await context.units.of(document);
  const unit = file && innermost(file.units, params.position, (each) => each.signatureRange);
  if (!unit || unit.doc !== null) {
    return null;
  }
  const place = { file, unit };
  const made = context.docs.documentInBackground(place);
  // Beside a training the model takes its time: the doc will be there for a later hover.
  if (context.status.current.kind !== 'training') {
    await Promise.race([made, sleep(WAIT_MS, undefined, { signal }).catch(() => undefined)]);
  }
  const value = text(context, place);
  return value === null
    ? null
    : { contents: { kind: MarkupKind.Markdown, value }, range: unit.signatureRange };
}

function text(context: ServerContext, place: Place): string | null {
  const links = context.client.options.commandLinks === true;
  if (context.status.obstacle() !== null) {
    return null;
  }
  const doc = context.docs.cached(place);
  const { file, unit } = place;
  const arguments_ = [file.uri, unit.signatureRange.start.line];
  if (doc) {
    return docText(
      doc,
      file.language.id,
      links ? link('Insert', DocumentCommand.command, arguments_) : null,
    );
  }
  const refusal = context.docs.refusal(place);
  if (refusal !== null) {
    return `BatCoder has no doc for \`${unit.name}\`: ${refusal}`;
  }
  return links
    ? `${link('Document with BatCoder', DocumentCommand.command, arguments_)} · a doc for \`${unit.name}\` is being written`
    : `BatCoder is writing a doc for \`${unit.name}\`.`;
}

function docText(doc: CheckedDoc, language: string, insert: string | null): string {
  const score =
    doc.roundTrip === null
      ? ''
      : ` · round trip ${doc.roundTrip.toFixed(2)} (how much of the code can be rebuilt from this doc)`;
  const fence = '`'.repeat(Math.max(3, longestRun(doc.comment) + 1));
  const how = insert ?? 'insert it with the code action "Document with BatCoder"';
  return `${fence}${language}\n${doc.comment}\n${fence}\n\n${how}${score}`;
}

/** The longest run of backticks in a text: the fence around it must be longer. */
function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

function link(title: string, command: string, args: unknown[]): string {
  const query = args.length > 0 ? `?${encodeURIComponent(JSON.stringify(args))}` : '';
  return `[${title}](command:${command}${query})`;
}
