// node test/integration/run.mjs: mocha tests inside the extension host of a real VS Code.
// The extension is the built one; only its worker is the mock of test/server, so that answers are known.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import esbuild from 'esbuild';
import { openBrowser, startHost } from '../host/host.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const out = join(root, 'test', '.out', 'integration');
const extension = join(out, 'extension');
const LIMIT_MS = 300_000;

rmSync(out, { recursive: true, force: true });
mkdirSync(join(extension, 'dist'), { recursive: true });
for (const file of ['package.json', 'media', 'dist/extension.js', 'dist/server.js', 'dist/wasm']) {
  cpSync(join(root, file), join(extension, file), { recursive: true });
}
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  logLevel: 'error',
};
await esbuild.build({
  ...common,
  entryPoints: ['test/server/mockWorker.ts'],
  outfile: join(extension, 'dist', 'worker.js'),
  alias: { 'web-tree-sitter': './node_modules/web-tree-sitter/web-tree-sitter.cjs' },
});
await esbuild.build({
  ...common,
  entryPoints: ['test/integration/suite/index.ts'],
  outfile: join(out, 'tests', 'index.js'),
  external: ['vscode', 'mocha'],
  sourcemap: 'inline',
});

const host = await startHost({
  workspace: join(root, 'test', 'fixtures', 'workspace'),
  settings: { 'editor.inlineSuggest.enabled': true },
  args: ['--vscode-option', 'enable-smoke-test-driver'],
});
const { browser, page } = await openBrowser();
let passed = 0;
let failed = 0;
let finish;
const done = new Promise((resolve) => {
  finish = resolve;
});
// The extension host's console comes through the first function, the end of the tests through the second.
await page.exposeFunction('codeAutomationLog', (_type, args) => {
  const line = format(...args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg))));
  const counts = /^batcoder-tests (\d+) (\d+)$/.exec(line.trim());
  if (counts) {
    [passed, failed] = counts.slice(1).map(Number);
  } else if (line.startsWith('| ')) {
    console.log(line.slice(2));
  }
});
await page.exposeFunction('codeAutomationExit', (code) => finish(code));
const remote = (path) => `vscode-remote://127.0.0.1:${host.port}${path}`;
const payload = [
  ['extensionDevelopmentPath', remote(extension)],
  ['extensionTestsPath', remote(join(out, 'tests', 'index'))],
  ['skipWelcome', 'true'],
  ['skipReleaseNotes', 'true'],
];
const query = new URLSearchParams({ folder: host.folder, payload: JSON.stringify(payload) });
await page.goto(`${host.url}/?${query}`);
const timer = setTimeout(() => finish('timeout'), LIMIT_MS);
const code = await done;
clearTimeout(timer);
if (code !== 0) {
  await page.screenshot({ path: join(out, 'failed.png') }).catch(() => undefined);
  failed = Math.max(failed, 1);
  console.log(
    `the extension host ended with ${code}; a picture of it is test/.out/integration/failed.png`,
  );
}
await browser.close();
await host.stop();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
