// npm run package: builds and makes batcoder-PLATFORM.vsix. The file names what it was built for,
// because the native kernels inside run on that platform only.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.mjs';

const target = `${process.platform}-${process.arch}`;
const vsix = `batcoder-${target}.vsix`;

/** Without these the extension would install and then fail. */
const needed = [
  'extension.js',
  'server.js',
  'worker.js',
  'parse-worker.js',
  'wasm/web-tree-sitter.wasm',
  'wasm/batcoder-kernels.wasm',
  'model/config.json',
  'model/model.safetensors',
];

const steps = [
  ['node', ['scripts/build-native.mjs']],
  ['node', ['esbuild.mjs']],
];
for (const [command, args] of steps) {
  if (run(command, args) !== 0) {
    process.exit(1);
  }
}
const missing = needed.filter((file) => !existsSync(join(root, 'dist', file)));
if (missing.length > 0) {
  console.error(`The build made no ${missing.join(', ')}: nothing was packaged.`);
  process.exit(1);
}
if (!existsSync(join(root, 'dist', 'native', 'batcoder.node'))) {
  console.warn(
    'No native kernels were built (is a C++ compiler there?): this VSIX has those in WebAssembly alone.',
  );
}
const vsce = join(root, 'node_modules', '@vscode', 'vsce', 'vsce');
const options = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links'];
const status = run(process.execPath, [
  vsce,
  'package',
  ...options,
  '--target',
  target,
  '--out',
  vsix,
]);
if (status !== 0) {
  process.exit(status);
}
console.log(`${vsix}: ${(statSync(join(root, vsix)).size / 1e6).toFixed(1)} MB`);
