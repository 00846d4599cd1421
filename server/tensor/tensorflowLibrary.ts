import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { runChild } from './childProcess.js';

/** A TensorFlow of a Python environment: its folder of the package `tensorflow`. */
export interface PythonTensorflow {
  folder: string;
  headers: string;
  libraries: string[];
}

/** libtensorflow_cc came into the Python packages with 2.10 or so; older ones lack what the binding needs. */
const LIBRARIES: Partial<Record<NodeJS.Platform, string[]>> = {
  linux: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
  darwin: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
};
const FIND_LIMIT_MS = 30_000;
const COMPILE_LIMIT_MS = 15 * 60_000;

/**
 * Finds the TensorFlow of a Python environment; TensorFlow itself is not loaded.
 * @param path a Python, the folder of an environment, or the folder of the package `tensorflow`; null for
 *   the command `python3`
 * @param cwd where Python runs: it also looks for packages there, so it must not be a person's workspace
 * @throws Error which says what is missing
 */
export async function findPythonTensorflow(
  path: string | null,
  cwd: string,
  signal?: AbortSignal,
): Promise<PythonTensorflow> {
  const names = LIBRARIES[process.platform];
  if (names === undefined) {
    throw new Error(
      `the TensorFlow of a Python environment can be used on Linux and macOS, not on ${process.platform}`,
    );
  }
  const isPackage = path !== null && existsSync(join(path, names[0]));
  const folder = isPackage
    ? resolve(path)
    : await packageFolder(path === null ? 'python3' : pythonOf(path), cwd, signal);
  const libraries = names.map((name) => join(folder, name));
  const headers = join(folder, 'include');
  const missing = [...libraries, join(headers, 'tensorflow', 'c', 'c_api.h')].find(
    (file) => !existsSync(file),
  );
  if (missing !== undefined) {
    throw new Error(`${missing} is missing; TensorFlow 2.10 or later is needed`);
  }
  return { folder, headers, libraries };
}

function pythonOf(path: string): string {
  if (!existsSync(path)) {
    throw new Error(`${path} does not exist`);
  }
  if (!statSync(path).isDirectory()) {
    return resolve(path);
  }
  const python = ['bin/python3', 'bin/python']
    .map((name) => join(resolve(path), name))
    .find((file) => existsSync(file));
  if (python === undefined) {
    throw new Error(`${path} is neither a Python environment nor the folder of TensorFlow`);
  }
  return python;
}

async function packageFolder(python: string, cwd: string, signal?: AbortSignal): Promise<string> {
  const script =
    'import importlib.util, json; s = importlib.util.find_spec("tensorflow"); print(json.dumps(s and s.origin))';
  const run = await runChild(python, ['-c', script], { cwd, signal, timeoutMs: FIND_LIMIT_MS });
  if (!run.ok) {
    throw new Error(`${python} does not run: ${run.reason}`);
  }
  const origin = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? 'null') as string | null;
  if (!origin) {
    throw new Error(`${python} has no TensorFlow`);
  }
  return dirname(origin);
}

/**
 * Compiles tfjs-node's own binding against a TensorFlow, by the system's compiler and with the headers of
 * the package node-api-headers, so that nothing is downloaded. The libraries are linked where they lie:
 * they find CUDA's relative to their own place.
 * @param packageFolder the folder of tfjs-node or tfjs-node-gpu
 * @returns the compiler that did it
 * @throws Error which says what is missing
 */
export async function buildBinding(
  packageFolder: string,
  tensorflow: PythonTensorflow,
  signal?: AbortSignal,
): Promise<string> {
  const compiler = await findCompiler(packageFolder, signal);
  const output = join(packageFolder, 'lib', 'napi-v8', 'tfjs_binding.node');
  mkdirSync(dirname(output), { recursive: true });
  const target = `${output}.tmp`;
  // nodelete: Node unloads an addon with the worker thread that loaded it, and TensorFlow's own threads
  // would then run in memory that is gone.
  const shared =
    process.platform === 'darwin'
      ? ['-bundle', '-undefined', 'dynamic_lookup']
      : ['-shared', '-Wl,-z,nodelete'];
  const args = [
    '-std=c++2a',
    '-O2',
    '-fPIC',
    '-w',
    '-DNAPI_VERSION=8',
    ...shared,
    `-I${nodeApiHeaders()}`,
    `-I${tensorflow.headers}`,
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(packageFolder, 'binding', name)),
    ...tensorflow.libraries,
    `-Wl,-rpath,${tensorflow.folder}`,
    '-o',
    target,
  ];
  const run = await runChild(compiler, args, {
    cwd: packageFolder,
    signal,
    timeoutMs: COMPILE_LIMIT_MS,
  });
  if (!run.ok) {
    rmSync(target, { force: true });
    throw new Error(`${compiler} could not build the binding: ${run.reason}`);
  }
  // A running process may have the old file mapped: replace it, never write into it.
  renameSync(target, output);
  return compiler;
}

async function findCompiler(cwd: string, signal?: AbortSignal): Promise<string> {
  const asked = process.env['CXX'];
  for (const name of asked ? [asked] : ['c++', 'g++', 'clang++']) {
    if ((await runChild(name, ['--version'], { cwd, signal, timeoutMs: FIND_LIMIT_MS })).ok) {
      return name;
    }
  }
  throw new Error(
    'no C++ compiler was found (Debian and Ubuntu: apt install g++; macOS: xcode-select --install)',
  );
}

function nodeApiHeaders(): string {
  const require = createRequire(join(__dirname, 'package.json'));
  return (require('node-api-headers') as { include_dir: string }).include_dir;
}
