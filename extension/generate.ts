import * as vscode from 'vscode';
import { type CodeCandidate, type GenerateOutcome, GenerateRequest } from '../server/protocol.js';
import type { CommandContext } from './context.js';
import { PreviewDocuments } from './preview.js';

const CANDIDATES = 5;

/** Offers several ways to write the code for the doc comment at the cursor, each shown as a diff. */
export async function generateFromComment({ client }: CommandContext): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    void vscode.window.showInformationMessage(
      'BatCoder: open a file and put the cursor on, or right below, a doc comment.',
    );
    return;
  }
  const { document } = editor;
  const position = editor.selection.active;
  const outcome = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: 'BatCoder: writing code from the comment',
      cancellable: true,
    },
    (_, token) =>
      client.request(
        GenerateRequest,
        { uri: document.uri.toString(), position, count: CANDIDATES },
        token,
      ),
  );
  if (outcome.kind === 'refused') {
    void vscode.window.showInformationMessage(outcome.reason);
    return;
  }
  if (outcome.candidates.length === 0) {
    void vscode.window.showInformationMessage(
      `BatCoder found no code for this comment. ${outcome.reason ?? ''}`.trim(),
    );
    return;
  }
  const chosen = await choose(document, outcome);
  if (!chosen) {
    return;
  }
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, rangeOf(outcome), chosen.newText);
  if (document.version !== outcome.version || !(await vscode.workspace.applyEdit(edit))) {
    void vscode.window.showInformationMessage(
      'BatCoder: the file changed meanwhile, so nothing was inserted; run the command again.',
    );
  }
}

type CodeOutcome = Extract<GenerateOutcome, { kind: 'code' }>;

function rangeOf({ range }: CodeOutcome): vscode.Range {
  return new vscode.Range(
    range.start.line,
    range.start.character,
    range.end.line,
    range.end.character,
  );
}

interface CandidateItem extends vscode.QuickPickItem {
  candidate: CodeCandidate;
  rank: number;
}

/** A list of the candidates; the one in focus is shown as a diff beside it. */
async function choose(
  document: vscode.TextDocument,
  outcome: CodeOutcome,
): Promise<CodeCandidate | null> {
  const previews = new PreviewDocuments();
  const pick = vscode.window.createQuickPick<CandidateItem>();
  pick.title = 'BatCoder: code for this comment';
  pick.placeholder = 'Move to see each as a diff; Enter inserts it';
  pick.ignoreFocusOut = true;
  pick.matchOnDetail = true;
  pick.items = outcome.candidates.map((candidate, rank) => ({
    label: `Candidate ${rank + 1}`,
    description: `score ${candidate.score.toFixed(2)}`,
    detail: firstLines(candidate.newText),
    candidate,
    rank,
  }));
  const old = document.getText();
  const start = document.offsetAt(rangeOf(outcome).start);
  const end = document.offsetAt(rangeOf(outcome).end);
  const show = async ({ candidate, rank }: CandidateItem) => {
    const text = old.slice(0, start) + candidate.newText + old.slice(end);
    const after = previews.add(document, `candidate-${rank + 1}`, text);
    await vscode.commands.executeCommand(
      'vscode.diff',
      document.uri,
      after,
      `BatCoder: candidate ${rank + 1}`,
      { preview: true, preserveFocus: true, selection: rangeOf(outcome) },
    );
  };
  try {
    return await new Promise((resolve) => {
      pick.onDidChangeActive(([item]) => {
        if (item) {
          void show(item);
        }
      });
      pick.onDidAccept(() => {
        resolve(pick.activeItems[0]?.candidate ?? null);
        pick.hide();
      });
      pick.onDidHide(() => resolve(null));
      pick.show();
    });
  } finally {
    pick.dispose();
    await previews.close();
    await vscode.window.showTextDocument(document);
  }
}

/** The beginning of the code in one line, as a quick pick shows no more. */
function firstLines(code: string): string {
  return code.replace(/\s+/g, ' ').trim().slice(0, 120);
}
