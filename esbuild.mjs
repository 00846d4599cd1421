// Bundles the product into dist/: node esbuild.mjs [--watch]
//   extension.js  the VS Code client             server.js  the language server
//   worker.js     the thread that owns the model parse-worker.js  the thread that parses
//   cli.js        the `batcoder` command         wasm/      tree-sitter runtime and grammars
//   model/        the built-in model
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import esbuild from 'esbuild';

const entries = {
  extension: 'extension/main.ts',
  server: 'server/lsp/main.ts',
  worker: 'server/lsp/worker/main.ts',
  'parse-worker': 'server/corpus/parse-worker.ts',
  cli: 'server/cli/main.ts',
};

/** Grammar files by package; the table of server/languages names the wasm file only. */
const grammars = [
  'tree-sitter-typescript/tree-sitter-typescript.wasm',
  'tree-sitter-typescript/tree-sitter-tsx.wasm',
  'tree-sitter-javascript/tree-sitter-javascript.wasm',
  'tree-sitter-python/tree-sitter-python.wasm',
  'tree-sitter-go/tree-sitter-go.wasm',
  'tree-sitter-java/tree-sitter-java.wasm',
  'tree-sitter-rust/tree-sitter-rust.wasm',
  'tree-sitter-c/tree-sitter-c.wasm',
  'tree-sitter-cpp/tree-sitter-cpp.wasm',
  'tree-sitter-ruby/tree-sitter-ruby.wasm',
  'tree-sitter-php/tree-sitter-php.wasm',
  'tree-sitter-c-sharp/tree-sitter-c_sharp.wasm',
  '@tree-sitter-grammars/tree-sitter-kotlin/tree-sitter-kotlin.wasm',
  'tree-sitter-scala/tree-sitter-scala.wasm',
  '@tree-sitter-grammars/tree-sitter-lua/tree-sitter-lua.wasm',
  'tree-sitter-bash/tree-sitter-bash.wasm',
];

function copyWasm() {
  mkdirSync('dist/wasm', { recursive: true });
  cpSync('server/tensor/native/wasm/batcoder-kernels.wasm', 'dist/wasm/batcoder-kernels.wasm');
  cpSync('node_modules/web-tree-sitter/web-tree-sitter.wasm', 'dist/wasm/web-tree-sitter.wasm');
  for (const path of grammars) {
    cpSync(`node_modules/${path}`, `dist/wasm/${basename(path)}`);
  }
}

function copyModel() {
  cpSync('model', 'dist/model', { recursive: true });
}

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const options = {
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  sourcemap: 'linked',
  minifySyntax: true,
  // tfjs's CommonJS files are declared free of side effects: esbuild would drop the CPU backend.
  mainFields: ['module', 'main'],
  external: ['vscode', '@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'],
  // The ESM build of web-tree-sitter needs import.meta.url, which a CJS bundle lacks.
  alias: { 'web-tree-sitter': './node_modules/web-tree-sitter/web-tree-sitter.cjs' },
  define: { BATCODER_VERSION: JSON.stringify(version) },
  logLevel: process.argv.includes('--log-level=warning') ? 'warning' : 'info',
};

copyWasm();
copyModel();
if (process.argv.includes('--watch')) {
  const context = await esbuild.context(options);
  await context.watch();
} else {
  await esbuild.build(options);
}
