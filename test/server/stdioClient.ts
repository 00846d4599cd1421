import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import esbuild from 'esbuild';

const OUT = join(import.meta.dirname, '..', '.out', 'server');

/** Bundles the server with its mock worker; to be called once before the tests of a file. */
export async function buildMockServer(): Promise<void> {
  await esbuild.build({
    entryPoints: [
      join(import.meta.dirname, 'mockMain.ts'),
      join(import.meta.dirname, 'mockWorker.ts'),
    ],
    outdir: OUT,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    alias: { 'web-tree-sitter': './node_modules/web-tree-sitter/web-tree-sitter.cjs' },
    logLevel: 'error',
  });
}

interface Message {
  id?: number | string;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { code: number; message: string };
}

export class RequestError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** A language client that speaks raw frames, so that it can also speak nonsense. */
export class StdioClient {
  readonly notifications: { method: string; params: unknown }[] = [];
  /** What the server asked of the client, and the texts of edits it applied. */
  readonly requests: { method: string; params: unknown }[] = [];
  readonly exited: Promise<number | null>;
  stderr = '';
  /** Answers for requests of the server. */
  readonly answers = new Map<string, (params: unknown) => unknown>();
  private buffer = Buffer.alloc(0);
  private nextId = 1;
  private readonly pending = new Map<number, (message: Message) => void>();
  private readonly waiting: { test: () => boolean; resolve: () => void }[] = [];

  private constructor(readonly child: ChildProcess) {
    this.exited = once(child, 'exit').then(([code]) => code as number | null);
    child.stdout!.on('data', (chunk: Buffer) => this.receive(chunk));
    child.stderr!.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
  }

  static spawn(env: NodeJS.ProcessEnv = {}): StdioClient {
    const file = join(OUT, 'mockMain.js');
    const options = { env: { ...process.env, ...env } };
    return new StdioClient(spawn(process.execPath, [file, '--stdio'], options));
  }

  /** Starts a server and does the usual handshake. */
  static async start(
    initialize: Record<string, unknown> = {},
    env: NodeJS.ProcessEnv = {},
  ): Promise<StdioClient> {
    const client = StdioClient.spawn(env);
    await client.request('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL(import.meta.dirname).href,
      capabilities: { workspace: { workspaceEdit: { documentChanges: true } } },
      ...initialize,
    });
    client.notify('initialized', {});
    await client.until(() => client.lastState() !== undefined);
    return client;
  }

  /** @returns the id, for cancelling */
  send(method: string, params: unknown, then: (message: Message) => void): number {
    const id = this.nextId++;
    this.pending.set(id, then);
    this.write({ id, method, params });
    return id;
  }

  request<T>(method: string, params: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      this.send(method, params, ({ result, error }) =>
        error ? reject(new RequestError(error.code, error.message)) : resolve(result as T),
      );
    });
  }

  notify(method: string, params: unknown): void {
    this.write({ method, params });
  }

  open(uri: string, text: string, languageId = 'typescript', version = 1): void {
    this.notify('textDocument/didOpen', { textDocument: { uri, languageId, version, text } });
  }

  /** Whatever bytes, framed or not. */
  raw(bytes: string): void {
    this.child.stdin!.write(bytes);
  }

  lastState(): string | undefined {
    const last = this.notifications.findLast(({ method }) => method === 'batcoder/state');
    return (last?.params as { kind: string } | undefined)?.kind;
  }

  /** Resolves once something that was received makes the test true. */
  until(test: () => boolean): Promise<void> {
    if (test()) {
      return Promise.resolve();
    }
    return new Promise((resolve) => this.waiting.push({ test, resolve }));
  }

  async stop(): Promise<number | null> {
    await this.request('shutdown', null);
    this.notify('exit', null);
    return this.exited;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private write(message: object): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.raw(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  private receive(chunk: Buffer): void {
    this.buffer = Buffer.concat([this.buffer, chunk]);
    for (;;) {
      const head = this.buffer.indexOf('\r\n\r\n');
      const length = Number(
        /Content-Length: (\d+)/i.exec(this.buffer.toString('latin1', 0, head))?.[1],
      );
      if (head < 0 || this.buffer.length < head + 4 + length) {
        return;
      }
      const body = this.buffer.toString('utf8', head + 4, head + 4 + length);
      this.buffer = this.buffer.subarray(head + 4 + length);
      this.dispatch(JSON.parse(body) as Message);
    }
  }

  private dispatch(message: Message): void {
    const { id, method, params } = message;
    if (method !== undefined && id !== undefined) {
      this.requests.push({ method, params });
      this.write({ id, result: this.answers.get(method)?.(params) ?? null });
    } else if (method !== undefined) {
      this.notifications.push({ method, params });
    } else if (id !== undefined) {
      this.pending.get(Number(id))?.(message);
      this.pending.delete(Number(id));
    }
    for (const entry of this.waiting.filter(({ test }) => test())) {
      this.waiting.splice(this.waiting.indexOf(entry), 1);
      entry.resolve();
    }
  }
}
