import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');

const frame = (message: object) => {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message });
  return `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
};

test('batcoder serve --stdio is a standard language server', async () => {
  const child = spawn(process.execPath, [cli, 'serve', '--stdio']);
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.stdin.write(
    frame({
      id: 1,
      method: 'initialize',
      params: { processId: null, rootUri: null, capabilities: {} },
    }),
  );
  await expect.poll(() => out, { timeout: 30_000 }).toContain('"hoverProvider":true');
  child.stdin.write(frame({ id: 2, method: 'shutdown' }) + frame({ method: 'exit' }));
  expect(await exited).toBe(0);
  // Nothing but frames may stand on stdout.
  expect(out.startsWith('Content-Length: ')).toBe(true);
});

test('without --stdio it says how to call it, with exit code 2', () => {
  const done = spawnSync(process.execPath, [cli, 'serve'], { encoding: 'utf8' });
  expect(done.status).toBe(2);
  expect(done.stderr).toMatch(/batcoder serve --stdio/);
});
