import * as vscode from 'vscode';

const SCHEME = 'batcoder-preview';

/** Read-only texts for the right side of a diff; gone from the editor and from memory after `close`. */
export class PreviewDocuments {
  private readonly texts = new Map<string, string>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    provideTextDocumentContent: (uri) => this.texts.get(uri.toString()) ?? '',
  });

  /** @param name tells the text from others for the same file */
  add(document: vscode.TextDocument, name: string, text: string): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: document.uri.path, query: name });
    this.texts.set(uri.toString(), text);
    return uri;
  }

  async close(): Promise<void> {
    const tabs = vscode.window.tabGroups.all
      .flatMap((group) => group.tabs)
      .filter(
        ({ input }) => input instanceof vscode.TabInputTextDiff && input.modified.scheme === SCHEME,
      );
    await vscode.window.tabGroups.close(tabs);
    this.registration.dispose();
  }
}
