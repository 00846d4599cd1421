import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildMockServer, RequestError, StdioClient } from './stdioClient.js';

const uri = 'file:///project/sample.ts';
const SOURCE = `function slowOne(): number {
  return 1;
}

function crashNow(): number {
  return 2;
}

function plain(): number {
  return 3;
}
`;

let client: StdioClient;

beforeAll(buildMockServer);
afterEach(() => client.kill());

const open = async () => {
  client = await StdioClient.start({ initializationOptions: { commandLinks: true } });
  client.answers.set('workspace/applyEdit', () => ({ applied: true }));
  client.open(uri, SOURCE);
};

const documentLine = (line: number) => ({
  command: 'batcoder.server.document',
  arguments: [uri, line],
});

/** A request that only a healthy server answers so. */
const expectHealthy = async () => {
  expect(await client.request('workspace/executeCommand', documentLine(8))).toMatchObject({
    kind: 'inserted',
  });
};

describe('a client that crashes', () => {
  test('in the middle of a request: the server ends by itself', async () => {
    await open();
    client.send('workspace/executeCommand', documentLine(0), () => undefined);
    client.child.stdin!.destroy();
    client.child.stdout!.destroy();
    expect(await client.exited).not.toBeNull();
  });

  test('in the middle of a message', async () => {
    await open();
    client.raw('Content-Length: 1000\r\n\r\n{"jsonrpc":"2.0","id":99,"meth');
    client.child.stdin!.end();
    expect(await client.exited).not.toBeNull();
  });

  test('in the middle of a training', async () => {
    await open();
    client.send(
      'workspace/executeCommand',
      { command: 'batcoder.server.train', arguments: [{ steps: 100_000 }] },
      () => undefined,
    );
    await client.until(() => client.lastState() === 'training');
    client.child.stdin!.end();
    expect(await client.exited).not.toBeNull();
  });
});

describe('a client that cancels', () => {
  test('gets its answer at once, and the server goes on', async () => {
    await open();
    const answered = new Promise<unknown>((resolve) => {
      const id = client.send('workspace/executeCommand', documentLine(0), resolve);
      client.notify('$/cancelRequest', { id });
    });
    // The mock takes three seconds for this function: an answer before the next request's shows the cancel.
    const order: string[] = [];
    await Promise.all([
      answered.then(() => order.push('cancelled')),
      client.request('workspace/executeCommand', documentLine(8)).then(() => order.push('next')),
    ]);
    expect(order).toEqual(['cancelled', 'next']);
    expect(await answered).toHaveProperty('error');
  });

  test('something that does not run', async () => {
    await open();
    client.notify('$/cancelRequest', { id: 123456 });
    client.notify('$/cancelRequest', {});
    await expectHealthy();
  });

  test('a training: it stops, with an outcome', async () => {
    await open();
    const outcome = new Promise<{ result?: unknown }>((resolve) => {
      const id = client.send(
        'workspace/executeCommand',
        { command: 'batcoder.server.train', arguments: [{ steps: 100_000 }] },
        resolve,
      );
      void client
        .until(() =>
          client.notifications.some(({ method }) => method === 'batcoder/trainingProgress'),
        )
        .then(() => client.notify('$/cancelRequest', { id }));
    });
    expect((await outcome).result).toMatchObject({ ended: 'stopped', adopted: false });
    await expectHealthy();
  });
});

describe('a client that sends nonsense', () => {
  test('unknown methods and commands get an error each', async () => {
    await open();
    await expect(client.request('textDocument/nonsense', {})).rejects.toMatchObject({
      code: -32601,
    });
    client.notify('nonsense/notification', { a: [1, 2, 3] });
    for (const params of [
      { command: 'rm -rf' },
      { command: 'batcoder.server.document' },
      { command: 'batcoder.server.document', arguments: [uri, 'zero'] },
      { command: 'batcoder.server.document', arguments: [{}, 1] },
    ]) {
      await expect(client.request('workspace/executeCommand', params)).rejects.toBeInstanceOf(
        RequestError,
      );
    }
    await expectHealthy();
  });

  test('positions far outside', async () => {
    await open();
    for (const position of [
      { line: 1e9, character: 0 },
      { line: 0, character: 2 ** 31 - 1 },
      { line: -5, character: -5 },
      { line: 0.5, character: Number.MAX_VALUE },
    ]) {
      expect(
        await client.request('textDocument/hover', { textDocument: { uri }, position }),
      ).toBeNull();
      expect(
        await client.request('textDocument/inlineCompletion', {
          textDocument: { uri },
          position,
          context: { triggerKind: 1 },
        }),
      ).toEqual([]);
    }
    await expectHealthy();
  });

  test('parameters of wrong types, files never opened', async () => {
    await open();
    for (const [method, params] of [
      ['textDocument/hover', null],
      ['textDocument/hover', { textDocument: 7, position: 'x' }],
      ['textDocument/inlineCompletion', {}],
      ['textDocument/codeAction', { textDocument: { uri } }],
      ['batcoder/generate', 'text'],
      [
        'textDocument/hover',
        { textDocument: { uri: 'file:///nowhere' }, position: { line: 0, character: 0 } },
      ],
    ] as const) {
      await client.request(method, params).catch((error: unknown) => {
        expect(error).toBeInstanceOf(RequestError);
      });
    }
    client.notify('textDocument/didChange', {
      textDocument: { uri: 'file:///nowhere', version: 2 },
      contentChanges: [{ text: 'x' }],
    });
    client.notify('workspace/didChangeConfiguration', {
      settings: { batcoder: { hover: 'yes', threads: {} } },
    });
    await expectHealthy();
  });

  test('a body that is no JSON, and a message that is no message', async () => {
    await open();
    client.raw('Content-Length: 12\r\n\r\n{"jsonrpc": ');
    client.raw('Content-Length: 4\r\n\r\nnull');
    client.raw('Content-Length: 2\r\n\r\n[]');
    await expectHealthy();
  });

  test('a header without a length ends the server, and does not hang it', async () => {
    await open();
    client.raw('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    client.child.stdin!.end();
    expect(await client.exited).not.toBeNull();
  });

  test('requests before initialize', async () => {
    client = StdioClient.spawn();
    await expect(client.request('textDocument/hover', {})).rejects.toBeInstanceOf(RequestError);
  });
});

describe('a worker that crashes', () => {
  test('is started again, with a message, and its request is answered', async () => {
    await open();
    expect(await client.request('workspace/executeCommand', documentLine(4))).toMatchObject({
      kind: 'refused',
      reason: 'The model stopped unexpectedly.',
    });
    const isShown = ({ method, params }: { method: string; params: unknown }) =>
      method === 'window/showMessage' && JSON.stringify(params).includes('being loaded again');
    await client.until(() => client.notifications.some(isShown));
    await client.until(() => client.lastState() === 'ready');
    await expectHealthy();
  });

  test('stays down after the fourth crash, and says so', async () => {
    await open();
    for (let crash = 1; crash <= 4; crash++) {
      await client.request('workspace/executeCommand', documentLine(4));
      await client.until(() => client.lastState() === (crash < 4 ? 'ready' : 'failed'));
    }
    expect(await client.request('workspace/executeCommand', documentLine(8))).toMatchObject({
      kind: 'refused',
    });
    expect(await client.stop()).toBe(0);
  });
});
