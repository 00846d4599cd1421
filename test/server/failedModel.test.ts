import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildMockServer, StdioClient } from './stdioClient.js';

const uri = 'file:///project/sample.ts';
const SOURCE = 'export function plain(a: number): number {\n  return a;\n}\n';

let client: StdioClient;

// A client that knows nothing of BatCoder: no initialization options, no custom messages.
beforeAll(async () => {
  await buildMockServer();
  const capabilities = {
    window: { workDoneProgress: true },
    textDocument: { codeAction: { disabledSupport: true } },
  };
  client = await StdioClient.start({ capabilities }, { BATCODER_MOCK: 'failing' });
  client.answers.set('workspace/applyEdit', () => ({ applied: true }));
  client.open(uri, SOURCE);
  const failed = async () => expect((await document()).reason).toMatch(/weights/);
  await vi.waitFor(failed, { timeout: 20_000, interval: 100 });
});

afterAll(() => client.stop());

const hover = () =>
  client.request<{ contents: { value: string } }>('textDocument/hover', {
    textDocument: { uri },
    position: { line: 0, character: 18 },
  });
const document = () =>
  client.request<{ kind: string; reason?: string }>('workspace/executeCommand', {
    command: 'batcoder.server.document',
    arguments: [uri, 0],
  });

describe('with a model that could not be loaded', () => {
  test('hover has nothing to say', async () => {
    expect(await hover()).toBeNull();
  });

  test('the code action is there, disabled with its reason', async () => {
    const actions = await client.request<{ disabled?: { reason: string } }[]>(
      'textDocument/codeAction',
      {
        textDocument: { uri },
        range: { start: { line: 1, character: 2 }, end: { line: 1, character: 2 } },
        context: { diagnostics: [] },
      },
    );
    expect(actions[0].disabled?.reason).toMatch(/could not be loaded: it has no weights/);
  });

  test('documenting and generating are refused with the reason; ghost text is silent', async () => {
    expect((await document()).reason).toMatch(/could not be loaded: it has no weights/);
    expect(
      await client.request('batcoder/generate', {
        uri,
        position: { line: 0, character: 0 },
        count: 1,
      }),
    ).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/could not be loaded: it has no weights/) as string,
    });
    expect(
      await client.request('textDocument/inlineCompletion', {
        textDocument: { uri },
        position: { line: 0, character: 0 },
        context: { triggerKind: 1 },
      }),
    ).toEqual([]);
  });
});

describe('a plain client', () => {
  test('trains by a command, and sees it as standard progress and a message', async () => {
    await client.request('workspace/executeCommand', {
      command: 'batcoder.server.train',
      arguments: [{ steps: 5 }],
    });
    const values = client.notifications
      .filter(({ method }) => method === '$/progress')
      .map(({ params }) => (params as { value: { kind: string; percentage?: number } }).value);
    expect(values[0].kind).toBe('begin');
    expect(values.at(-1)?.kind).toBe('end');
    expect(values.some(({ percentage }) => percentage === 100)).toBe(true);
    const shown = client.notifications.filter(({ method }) => method === 'window/showMessage');
    expect(JSON.stringify(shown.at(-1))).toContain('0.250 → 0.500');
  });

  test('documents after that', async () => {
    expect(await document()).toMatchObject({ kind: 'inserted', name: 'plain' });
  });
});
