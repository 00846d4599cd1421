import * as assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';

const ID = 'batcoder.batcoder';

/** Asks again until the answer is one, for as long as a busy machine may take. */
async function until<T>(
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  for (const start = Date.now(); ; ) {
    const value = await ask();
    if (value) {
      return value;
    }
    if (Date.now() - start > 100_000) {
      throw new Error('waited in vain');
    }
    await sleep(50);
  }
}

async function show(name: string): Promise<vscode.TextEditor> {
  const folder = vscode.workspace.workspaceFolders![0].uri;
  const document = await vscode.workspace.openTextDocument(
    vscode.Uri.joinPath(folder, 'src', name),
  );
  return vscode.window.showTextDocument(document);
}

/** Drops all changes to the file in the editor. */
const revert = () => vscode.commands.executeCommand('workbench.action.files.revert');

function find(document: vscode.TextDocument, text: string): vscode.Position {
  const offset = document.getText().indexOf(text);
  assert.ok(offset >= 0, `${text} is not in the file`);
  return document.positionAt(offset);
}

async function hover(
  document: vscode.TextDocument,
  at: string,
): Promise<vscode.MarkdownString | undefined> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    find(document, at),
  );
  const contents = hovers.flatMap((each) => each.contents as vscode.MarkdownString[]);
  return contents.find(
    (each) => each.value.includes('batcoder.server') || each.value.includes('BatCoder'),
  );
}

/** Puts the cursor somewhere and accepts the ghost text that comes. */
async function acceptGhostText(
  editor: vscode.TextEditor,
  position: vscode.Position,
): Promise<void> {
  const before = editor.document.getText();
  await until(async () => {
    editor.selection = new vscode.Selection(position, position);
    await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger');
    await sleep(300);
    await vscode.commands.executeCommand('editor.action.inlineSuggest.commit');
    return editor.document.getText() !== before;
  });
}

export function defineTests(): void {
  describe('BatCoder in VS Code', () => {
    let editor: vscode.TextEditor;
    let document: vscode.TextDocument;
    let original: string;

    before(async () => {
      editor = await show('inventory.ts');
      document = editor.document;
      original = document.getText();
      await until(() => vscode.extensions.getExtension(ID)?.isActive);
      await until(() => hover(document, 'cheapest'));
    });

    beforeEach(async () => {
      editor = await vscode.window.showTextDocument(document);
    });

    afterEach(async () => {
      await vscode.window.showTextDocument(document);
      await revert();
      assert.equal(document.getText(), original);
    });

    it('registers the commands of package.json', async () => {
      const manifest = vscode.extensions.getExtension(ID)!.packageJSON as {
        contributes: { commands: { command: string }[] };
      };
      const registered = new Set(await vscode.commands.getCommands(true));
      for (const { command } of manifest.contributes.commands) {
        assert.ok(registered.has(command), command);
      }
    });

    it('hovers over an undocumented function with its doc', async () => {
      const hovered = await until(async () => {
        const text = await hover(document, 'put(item');
        return text?.value.includes('Explains put.') && text;
      });
      assert.match(hovered.value, /\[Insert\]\(command:batcoder\.server\.document/);
      assert.deepEqual(
        [...(hovered.isTrusted as { enabledCommands: string[] }).enabledCommands].sort(),
        ['batcoder.server.document', 'batcoder.showLog', 'batcoder.trainOnWorkspace'],
      );
    });

    it('shows nothing over a documented function', async () => {
      assert.equal(await hover(document, 'totalPrice'), undefined);
    });

    it('documents the function under the cursor, and nothing else changes', async () => {
      const position = find(document, 'cheapest');
      editor.selection = new vscode.Selection(position, position);
      await vscode.commands.executeCommand('batcoder.documentFunction');
      const doc =
        '/**\n * Explains cheapest.\n *\n * @param items - the items\n * @returns what comes out\n */\n';
      assert.equal(
        document.getText(),
        original.replace('export function cheapest', `${doc}export function cheapest`),
      );
    });

    it('documents a Python function in its body', async () => {
      const python = (await show('report.py')).document;
      const before = python.getText();
      await vscode.commands.executeCommand('batcoder.server.document', python.uri.toString(), 3);
      const after = python.getText();
      assert.match(after, /def widest\(names\):\n {4}"""Explains widest\.\n/);
      assert.equal(after.replace(/ {4}"""Explains widest[\s\S]*?"""\n/, ''), before);
      await revert();
    });

    it('offers the code action where there is no doc', async () => {
      const at = async (text: string) => {
        const position = find(document, text);
        const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
          'vscode.executeCodeActionProvider',
          document.uri,
          new vscode.Range(position, position),
        );
        return actions.filter(({ title }) => title.includes('BatCoder')).map(({ title }) => title);
      };
      assert.deepEqual(await at('let best'), ['Document cheapest with BatCoder']);
      assert.deepEqual(await at('return items.reduce'), []);
    });

    it('writes a body as ghost text under a doc comment', async () => {
      const line = find(document, 'soldOut').line + 1;
      await acceptGhostText(editor, new vscode.Position(line, 2));
      assert.match(
        document.getText(),
        /soldOut\(items: Item\[\]\): Item\[\] \{\n {2}return 0;\n\}\n/,
      );
    });

    it('writes a doc as ghost text after its opening mark', async () => {
      const position = find(document, 'export function cheapest');
      await editor.edit((edit) => edit.insert(position, '/**\n'));
      await acceptGhostText(editor, position.translate(0, 3));
      assert.match(
        document.getText(),
        /\/\*\*\n \* Explains cheapest\.[\s\S]*? \*\/\nexport function cheapest/,
      );
    });

    it('does what the settings say', async () => {
      const settings = vscode.workspace.getConfiguration('batcoder');
      await settings.update('hover.enabled', false, vscode.ConfigurationTarget.Global);
      await until(async () => (await hover(document, 'cheapest')) === undefined);
      await settings.update('hover.enabled', undefined, vscode.ConfigurationTarget.Global);
      await until(() => hover(document, 'cheapest'));
    });

    it('trains, and answers meanwhile', async () => {
      const training = vscode.commands.executeCommand<{ ended: string; steps: number }>(
        'batcoder.server.train',
        { steps: 40 },
      );
      assert.ok(await hover(document, 'take(name'));
      const { ended, steps } = await training;
      assert.deepEqual({ ended, steps }, { ended: 'finished', steps: 40 });
    });

    it('stops a training by its command', async () => {
      const training = vscode.commands.executeCommand<{ ended: string }>('batcoder.server.train', {
        steps: 100_000,
      });
      await sleep(500);
      await vscode.commands.executeCommand('batcoder.stopTraining');
      assert.equal((await training).ended, 'stopped');
    });

    it('goes on after the model crashed', async () => {
      const line = find(document, 'crashOnPurpose').line;
      const outcome = await vscode.commands.executeCommand<{ kind: string }>(
        'batcoder.server.document',
        document.uri.toString(),
        line,
      );
      assert.equal(outcome.kind, 'refused');
      const position = find(document, 'cheapest');
      editor.selection = new vscode.Selection(position, position);
      await until(async () => {
        await vscode.commands.executeCommand('batcoder.documentFunction');
        return document.getText().includes('Explains cheapest.');
      });
    });

    it('restarts the server', async () => {
      await vscode.commands.executeCommand('batcoder.restartServer');
      await until(() => hover(document, 'cheapest'));
    });
  });
}
