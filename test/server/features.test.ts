import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { TextEdit } from 'vscode-languageserver';
import { buildMockServer, StdioClient } from './stdioClient.js';

const uri = 'file:///project/sample.ts';
const SOURCE = `/** Has one. */
export function documented(a: number): number {
  return a;
}

export class Box {
  constructor(private readonly size: number) {}

  volume(scale: number): number {
    return this.size ** 3 * scale;
  }
}

function badDoc(): void {
  console.log('x');
}

/** Adds. */
function empty(a: number, b: number): number {
  
}

function slowOne(): void {}

function slowTwo(): void {}

function slowThree(): void {}
`;
const lineOf = (text: string) => SOURCE.split('\n').findIndex((line) => line.includes(text));

let client: StdioClient;

beforeAll(async () => {
  await buildMockServer();
  client = await StdioClient.start({
    initializationOptions: { commandLinks: true, drawsTraining: true },
  });
  client.answers.set('workspace/applyEdit', () => ({ applied: true }));
  client.open(uri, SOURCE);
});

afterAll(() => client.stop());

interface HoverAnswer {
  contents: { value: string };
}

const hoverAt = (line: number, character: number) =>
  client.request<HoverAnswer | null>('textDocument/hover', {
    textDocument: { uri },
    position: { line, character },
  });

const complete = (at: string, line: number, character: number, triggerKind = 1) =>
  client.request<{ insertText: string; range: TextEdit['range'] }[]>(
    'textDocument/inlineCompletion',
    {
      textDocument: { uri: at },
      position: { line, character },
      context: { triggerKind },
    },
  );

/** The file as an edit leaves it. */
const apply = (text: string, edits: TextEdit[]) =>
  TextDocument.applyEdits(TextDocument.create(uri, 'typescript', 1, text), edits);

describe('hover', () => {
  test('shows nothing on a documented function, nor in a body', async () => {
    expect(await hoverAt(lineOf('documented('), 20)).toBeNull();
    expect(await hoverAt(lineOf('this.size **'), 8)).toBeNull();
  });

  test('says that a doc is being written where that takes longer, and has it later', async () => {
    const hovered = async () => (await hoverAt(lineOf('slowOne'), 10))?.contents.value;
    const first = await hovered();
    expect(first).toContain('[Document with BatCoder](command:batcoder.server.document?');
    expect(first).toContain('is being written');
    await expect.poll(hovered, { timeout: 20_000 }).toContain('Explains slowOne.');
  });

  test('has the doc with Insert in its first answer where that is soon written', async () => {
    const hovered = await hoverAt(lineOf('volume('), 4);
    expect(hovered?.contents.value).toContain('Explains volume.');
    expect(hovered?.contents.value).toContain('[Insert](command:batcoder.server.document?');
    expect(hovered?.contents.value).toContain('round trip 0.50');
  });

  test('waits no longer once it is cancelled', async () => {
    const params = {
      textDocument: { uri },
      position: { line: lineOf('slowTwo'), character: 10 },
    };
    const order: string[] = [];
    const waiting = client.request('textDocument/hover', params).then(() => order.push('waiting'));
    const cancelled = new Promise<void>((resolve) => {
      const id = client.send('textDocument/hover', params, () => {
        order.push('cancelled');
        resolve();
      });
      client.notify('$/cancelRequest', { id });
    });
    await Promise.all([waiting, cancelled]);
    expect(order).toEqual(['cancelled', 'waiting']);
  });

  test('promises no doc where there is none to come, but says why', async () => {
    const hovered = await hoverAt(lineOf('badDoc'), 10);
    expect(hovered?.contents.value).toMatch(
      /no doc for `badDoc`: .*would change how its file reads/,
    );
  });
});

describe('Document Function', () => {
  test('inserts and changes nothing else', async () => {
    const before = client.requests.length;
    const outcome = await client.request('workspace/executeCommand', {
      command: 'batcoder.server.document',
      arguments: [uri, lineOf('volume(')],
    });
    expect(outcome).toEqual({ kind: 'inserted', name: 'Box.volume', roundTrip: 0.5 });
    const { params } = client.requests[before] as {
      params: {
        edit: { documentChanges: { edits: TextEdit[]; textDocument: { version: number } }[] };
      };
    };
    const [{ edits, textDocument }] = params.edit.documentChanges;
    expect(textDocument.version).toBe(1);
    expect(edits).toHaveLength(1);
    expect(edits[0].range.start).toEqual(edits[0].range.end);
    const after = apply(SOURCE, edits);
    expect(after.replace(edits[0].newText, '')).toBe(SOURCE);
    expect(after).toContain(
      '  /**\n   * Explains volume.\n   *\n   * @param scale - the scale\n   * @returns what comes out\n   */\n  volume(',
    );
  });

  test('refuses a doc that would break the file, with the reason', async () => {
    const outcome = await client.request<{ kind: string; reason: string }>(
      'workspace/executeCommand',
      {
        command: 'batcoder.server.document',
        arguments: [uri, lineOf('badDoc')],
      },
    );
    expect(outcome.kind).toBe('refused');
    expect(outcome.reason).toMatch(/badDoc would change how its file reads/);
  });

  test('refuses where there is no function or there is a doc', async () => {
    for (const [line, reason] of [
      [4, /no function here/],
      [lineOf('documented('), /has a doc already/],
    ] as const) {
      const outcome = await client.request<{ reason: string }>('workspace/executeCommand', {
        command: 'batcoder.server.document',
        arguments: [uri, line],
      });
      expect(outcome.reason).toMatch(reason);
    }
  });

  test('keeps the line ends of the file', async () => {
    const crlf = 'file:///project/crlf.ts';
    client.open(crlf, 'export function one(): number {\r\n  return 1;\r\n}\r\n');
    const before = client.requests.length;
    await client.request('workspace/executeCommand', {
      command: 'batcoder.server.document',
      arguments: [crlf, 0],
    });
    const { params } = client.requests[before] as {
      params: { edit: { documentChanges: { edits: TextEdit[] }[] } };
    };
    const { newText } = params.edit.documentChanges[0].edits[0];
    expect(newText.match(/\n/g)?.length).toBeGreaterThan(1);
    expect(newText.match(/\r\n/g)?.length).toBe(newText.match(/\n/g)?.length);
  });

  test('is a code action on an undocumented function only', async () => {
    const at = (line: number) =>
      client.request<{ title: string }[]>('textDocument/codeAction', {
        textDocument: { uri },
        range: { start: { line, character: 4 }, end: { line, character: 4 } },
        context: { diagnostics: [] },
      });
    expect((await at(lineOf('this.size **'))).map(({ title }) => title)).toEqual([
      'Document volume with BatCoder',
    ]);
    expect(await at(lineOf('return a;'))).toEqual([]);
  });
});

describe('ghost text', () => {
  test('writes a body under a doc comment', async () => {
    const line = lineOf('function empty(') + 1;
    const [item] = await complete(uri, line, 2);
    expect(item.range.start.line).toBe(line);
    expect(item.range.end.line).toBe(line);
    expect(apply(SOURCE, [{ range: item.range, newText: item.insertText }])).toContain(
      'function empty(a: number, b: number): number {\n  return 0;\n}\n',
    );
  });

  test('offers nothing in a body that has code, nor in an undocumented function', async () => {
    expect(await complete(uri, lineOf('return a;'), 11)).toEqual([]);
    const other = 'file:///project/undocumented.ts';
    client.open(other, 'function empty(): number {\n  \n}\n');
    expect(await complete(other, 1, 2)).toEqual([]);
  });

  test('says in the log alone why there is none', async () => {
    const other = 'file:///project/mute.ts';
    client.open(other, '/** Adds. */\nfunction mute(): number {\n  \n}\n');
    const before = client.notifications.length;
    expect(await complete(other, 2, 2)).toEqual([]);
    const told = client.notifications.slice(before);
    expect(told.map(({ method }) => method)).toEqual(['window/logMessage']);
    expect(told[0].params).toMatchObject({
      message: 'no ghost text: No whole function came out.',
    });
  });

  test.each([
    [
      'typescript',
      '/**',
      'function size(a: string): number {\n  return a.length;\n}\n',
      '/**\n * Explains size.',
    ],
    [
      'typescript',
      '/** */',
      'function size(a: string): number {\n  return a.length;\n}\n',
      '/**\n * Explains size.',
    ],
    ['rust', '///', 'fn size(a: &str) -> usize {\n    a.len()\n}\n', '/// Explains size.'],
  ])('%s: a doc after %s', async (languageId, opener, code, expected) => {
    const other = `file:///project/doc-${languageId}-${opener.length}`;
    const text = `\n${opener}\n${code}`;
    client.open(other, text, languageId);
    const [item] = await complete(other, 1, 3);
    expect(item.insertText.startsWith(expected)).toBe(true);
    const after = apply(text, [{ range: item.range, newText: item.insertText }]);
    expect(after).toBe(`\n${item.insertText}\n${code}`);
  });

  test('python: a docstring after three quotes', async () => {
    const other = 'file:///project/doc.py';
    const text = 'def size(a):\n    """\n    return len(a)\n';
    client.open(other, text, 'python');
    const [item] = await complete(other, 1, 7);
    expect(item.insertText).toMatch(/^"""Explains size\./);
    expect(item.range.start).toEqual({ line: 1, character: 4 });
  });

  test('comes from the cache the second time, also when typed', async () => {
    const line = lineOf('function empty(') + 1;
    const first = await complete(uri, line, 2);
    expect(await complete(uri, line, 2, 2)).toEqual(first);
  });
});

describe('Generate Code from Comment', () => {
  test('gives ranked candidates', async () => {
    const outcome = await client.request<{ candidates: { newText: string; score: number }[] }>(
      'batcoder/generate',
      { uri, position: { line: lineOf('function empty('), character: 0 }, count: 3 },
    );
    expect(outcome.candidates.map(({ score }) => score)).toEqual([1, 0.9, 0.8]);
  });

  test('says why there is none', async () => {
    expect(
      await client.request('batcoder/generate', {
        uri: 'file:///project/never-opened.ts',
        position: { line: 0, character: 0 },
        count: 1,
      }),
    ).toMatchObject({ kind: 'refused' });
  });
});

describe('training', () => {
  const train = (steps: number) =>
    client.request('workspace/executeCommand', {
      command: 'batcoder.server.train',
      arguments: [{ steps }],
    });

  test('tells its progress and its outcome, and answers the editor meanwhile', async () => {
    const running = train(20);
    await client.until(() => client.lastState() === 'training');
    expect((await hoverAt(lineOf('volume('), 4))?.contents.value).toContain('Explains volume.');
    const hovered = await hoverAt(lineOf('slowThree'), 10);
    expect(hovered?.contents.value).toContain('is being written');
    expect(await complete(uri, lineOf('function empty(') + 1, 2)).toHaveLength(3);
    expect(await running).toMatchObject({
      ended: 'finished',
      before: 0.25,
      after: 0.5,
      adopted: true,
    });
    const fractions = client.notifications
      .filter(({ method }) => method === 'batcoder/trainingProgress')
      .map(({ params }) => (params as { fraction: number }).fraction);
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    await client.until(() => client.lastState() === 'ready');
  });

  test('leaves out what the editor hides', async () => {
    const hiding = await StdioClient.start({
      capabilities: { workspace: { configuration: true } },
    });
    hiding.answers.set('workspace/configuration', (params) =>
      (params as { items: { section: string }[] }).items.map(({ section }) =>
        section === 'files.exclude' ? { '**/out': true, '**/kept': false } : null,
      ),
    );
    await hiding.request('workspace/executeCommand', {
      command: 'batcoder.server.train',
      arguments: [{ steps: 1 }],
    });
    const told = hiding.notifications.find(({ method }) => method === 'batcoder/trainingProgress');
    expect(told?.params).toMatchObject({ message: 'step 1 of 1, without [**/out]' });
    await hiding.stop();
  });

  test('stops when asked, and refuses a second one meanwhile', async () => {
    const running = train(10_000);
    await client.until(() => client.lastState() === 'training');
    await expect(train(1)).rejects.toThrow('training already');
    expect(
      await client.request('workspace/executeCommand', { command: 'batcoder.server.stopTraining' }),
    ).toEqual({ stopped: true });
    expect(await running).toMatchObject({ ended: 'stopped', adopted: false });
    expect(
      await client.request('workspace/executeCommand', { command: 'batcoder.server.stopTraining' }),
    ).toEqual({ stopped: false });
  });

  test('is offered to be gone on with only where one was left', async () => {
    const command = 'batcoder.server.resumableTraining';
    expect(await client.request('workspace/executeCommand', { command })).toBeNull();
  });

  test('goes on where settings change, which count once it has ended', async () => {
    const running = train(10_000);
    await client.until(() => client.lastState() === 'training');
    client.notify('workspace/didChangeConfiguration', { settings: { batcoder: { threads: 1 } } });
    await client.until(() =>
      client.notifications.some(({ params }) =>
        JSON.stringify(params).includes('takes effect when the training has ended'),
      ),
    );
    expect(client.lastState()).toBe('training');
    const told = client.notifications.length;
    await client.request('workspace/executeCommand', { command: 'batcoder.server.stopTraining' });
    expect(await running).toMatchObject({ ended: 'stopped' });
    const reloaded = ({ method, params }: (typeof client.notifications)[number]) =>
      method === 'batcoder/state' && (params as { kind: string }).kind === 'starting';
    await client.until(
      () => client.notifications.slice(told).some(reloaded) && client.lastState() === 'ready',
    );
  });
});
