// npm run build:wasm: compiles the kernels of server/tensor/native to WebAssembly with clang and
// wasm-ld (Debian: apt install clang lld). The result is committed, so that a machine without any
// compiler has it; it holds the hash of its sources and the compiler's version. With --check it
// writes nothing and fails where the committed file is not what the sources give.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const native = join(root, 'server', 'tensor', 'native');

/** Where the committed file lies. */
const wasmFile = join(native, 'wasm', 'batcoder-kernels.wasm');

/** The custom section that tells what the file was made from. */
const SECTION = 'batcoder-build';

const MEBIBYTE = 1 << 20;

/** Threads are the addon's alone: wasm/ has its own. */
const ADDON_ONLY = new Set(['pool.cc']);

const compileFlags = [
  '--target=wasm32-unknown-unknown',
  '-std=c++17',
  '-O3',
  '-fno-exceptions',
  '-fno-rtti',
  '-fno-threadsafe-statics',
  '-fvisibility=hidden',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-msimd128',
  '-mbulk-memory',
  '-matomics',
  '-mmutable-globals',
  '-ftls-model=local-exec',
  '-nostdlibinc',
  '-Wall',
  '-Wextra',
  '-Wno-unknown-pragmas',
  '-Wno-unused-const-variable',
  '-isystem',
  'wasm/include',
];

const linkFlags = [
  '--no-entry',
  '--import-memory',
  '--shared-memory',
  `--max-memory=${4096 * MEBIBYTE - 65536}`,
  '-z',
  `stack-size=${MEBIBYTE / 2}`,
  '--stack-first',
  '--export-table',
  '--export=__stack_pointer',
  '--strip-all',
];

const filesOf = (folder, ending) =>
  readdirSync(join(native, folder))
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));

/** Paths below server/tensor/native: all kernels, the bindings, and what stands in for the system. */
function sources() {
  const shared = filesOf('', '.cc').filter((file) => !ADDON_ONLY.has(file));
  const kernels = filesOf('simd', '.cc');
  const own = filesOf('wasm', '.cc');
  const headers = ['', 'simd', 'wasm', 'wasm/include'].flatMap((folder) => filesOf(folder, '.h'));
  return { shared, kernels, own, headers };
}

/** A hash of everything that the build reads. */
function sourceHash() {
  const { shared, kernels, own, headers } = sources();
  const hash = createHash('sha256').update(JSON.stringify([compileFlags, linkFlags]));
  for (const file of [...shared, ...kernels, ...own, ...headers]) {
    hash.update(`${file}\n`).update(readFileSync(join(native, file)));
  }
  return hash.digest('hex');
}

function tool(name, args) {
  const { status, stderr, error } = spawnSync(name, args, { cwd: native, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`${name} failed: ${stderr || error?.message}`);
  }
  if (stderr) {
    console.error(stderr);
  }
}

/** The version of the compiler, or null where clang and wasm-ld are not installed. */
function compilerVersion() {
  const clang = spawnSync('clang++', ['--version'], { encoding: 'utf8' });
  const lld = spawnSync('wasm-ld', ['--version'], { encoding: 'utf8' });
  return clang.status === 0 && lld.status === 0
    ? `${clang.stdout.split('\n')[0]}, ${lld.stdout.split('\n')[0]}`
    : null;
}

/** Builds and returns the file's bytes; the same bytes from the same sources and compiler. */
function buildWasm() {
  const { shared, kernels, own } = sources();
  const objects = mkdtempSync(join(tmpdir(), 'batcoder-wasm-'));
  try {
    const compiled = [...shared, ...kernels, ...own].map((file) => {
      const object = join(objects, `${file.replaceAll('/', '_')}.o`);
      const isa = kernels.includes(file) ? ['-DBC_ISA=simd128'] : [];
      tool('clang++', [...compileFlags, ...isa, '-c', file, '-o', object]);
      return object;
    });
    const linked = join(objects, 'linked.wasm');
    tool('wasm-ld', [...linkFlags, ...compiled, '-o', linked]);
    const build = JSON.stringify({ sources: sourceHash(), compiler: compilerVersion() });
    return Buffer.concat([readFileSync(linked), customSection(SECTION, build)]);
  } finally {
    rmSync(objects, { recursive: true, force: true });
  }
}

function customSection(name, text) {
  const content = Buffer.concat([leb128(name.length), Buffer.from(name), Buffer.from(text)]);
  return Buffer.concat([Buffer.of(0), leb128(content.length), content]);
}

/** Unsigned LEB128, as WebAssembly writes sizes. */
function leb128(value) {
  const bytes = [];
  for (; value > 127; value >>>= 7) {
    bytes.push((value & 127) | 128);
  }
  return Buffer.of(...bytes, value);
}

/** What is wrong with the committed file, or null. Only the same compiler can tell whether its bytes are right. */
function complaint() {
  const bytes = readFileSync(wasmFile);
  const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(bytes), SECTION);
  const { sources: hash, compiler } = JSON.parse(Buffer.from(section).toString());
  if (hash !== sourceHash()) {
    return 'was made from other sources';
  }
  return compiler === compilerVersion() && !buildWasm().equals(bytes)
    ? 'is not what its sources give'
    : null;
}

function check() {
  const wrong = complaint();
  if (wrong) {
    console.error(`${relative(root, wasmFile)} ${wrong}: run \`npm run build:wasm\`.`);
    process.exit(1);
  }
}

function build() {
  const version = compilerVersion();
  if (!version) {
    console.error('clang++ and wasm-ld are needed (Debian and Ubuntu: apt install clang lld).');
    process.exit(1);
  }
  const bytes = buildWasm();
  writeFileSync(wasmFile, bytes);
  const asset = join(root, 'dist', 'wasm');
  mkdirSync(asset, { recursive: true });
  writeFileSync(join(asset, basename(wasmFile)), bytes);
  console.log(`${relative(root, wasmFile)}: ${(bytes.length / 1024).toFixed(0)} KB, ${version}.`);
}

if (process.argv.includes('--check')) {
  check();
} else {
  build();
}
