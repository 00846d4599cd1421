import { type CodeAction, CodeActionKind, type CodeActionParams } from 'vscode-languageserver';
import { DocumentCommand } from '../protocol.js';
import type { Feature, ServerContext } from './feature.js';
import { innermost } from './units.js';

/** "Document with BatCoder" in the menu of the innermost undocumented function. */
export const codeAction: Feature = {
  capabilities: { codeActionProvider: { codeActionKinds: [CodeActionKind.RefactorRewrite] } },
  register(context) {
    context.connection.onCodeAction(async (params) => answer(context, params));
  },
};

async function answer(context: ServerContext, params: CodeActionParams): Promise<CodeAction[]> {
  const { only } = params.context;
  const wanted = only?.some((kind) => CodeActionKind.RefactorRewrite.startsWith(kind)) ?? true;
  const document = context.documents.get(params.textDocument.uri);
  if (!document || !wanted) {
    return [];
  }
  const file = await context.units.of(document);
  const unit = file && innermost(file.units, params.range.start, (each) => each.range);
  if (!unit || unit.doc !== null) {
    return [];
  }
  const title = `Document ${unit.name} with BatCoder`;
  const obstacle = context.status.obstacle();
  const command = {
    title,
    command: DocumentCommand.command,
    arguments: [file.uri, unit.signatureRange.start.line],
  };
  const canDisable = context.client.capabilities.textDocument?.codeAction?.disabledSupport === true;
  return [
    {
      title,
      kind: CodeActionKind.RefactorRewrite,
      // A client that cannot show a disabled action runs the command and is told the reason there.
      ...(obstacle !== null && canDisable ? { disabled: { reason: obstacle } } : { command }),
    },
  ];
}
