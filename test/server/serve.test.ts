import { spawn, spawnSync } from 'node:child_process';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');

const CORES = availableParallelism();

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

test.each([
  { asked: 1, count: 1 },
  { asked: -1, count: Math.max(1, CORES - 1) },
  { asked: 1000, count: CORES },
])('the setting threads: $asked arrives at the kernels', async ({ asked, count }) => {
  const child = spawn(process.execPath, [cli, 'serve', '--stdio'], {
    env: { ...process.env, BATCODER_HOME: join(tmpdir(), 'batcoder-serve') },
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  const settings = { threads: asked, backend: 'native' };
  const params = { processId: null, rootUri: null, capabilities: {} };
  child.stdin.write(
    frame({
      id: 1,
      method: 'initialize',
      params: { ...params, initializationOptions: { settings } },
    }) + frame({ method: 'initialized', params: {} }),
  );
  await expect.poll(() => out, { timeout: 30_000 }).toContain('"kind":"ready"');
  child.kill();
  const threads = `on ${count} thread${count === 1 ? '' : 's'}`;
  expect(out).toContain(`"backendReason":"asked for; compiled kernels for`);
  expect(out).toMatch(new RegExp(`million weights in 8-bit integers, on native: .* ${threads}"`));
});

test('without --stdio it says how to call it, with exit code 2', () => {
  const done = spawnSync(process.execPath, [cli, 'serve'], { encoding: 'utf8' });
  expect(done.status).toBe(2);
  expect(done.stderr).toMatch(/batcoder serve --stdio/);
});
