import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runChild } from '../../../server/tensor/childProcess.js';
import { setupTensorflow } from '../../../server/tensor/setupTensorflow.js';
import { probeTensorflow } from '../../../server/tensor/tensorflow.js';

const LIBRARIES =
  process.platform === 'darwin'
    ? ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib']
    : ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

/** A package of tfjs-node whose "binding" is the file that the compiler or the install script leaves. */
const PACKAGE = `
  const { existsSync } = require('node:fs');
  if (!existsSync(__dirname + '/lib/napi-v8/tfjs_binding.node')) throw new Error('no binding\\nsecond line');
  if (!require('node:util').isNullOrUndefined(null)) throw new Error('no shim');
  exports.matMul = ([[a]], [[b]]) => ({ dataSync: () => [a * b] });
  exports.backend = () => ({ binding: { TF_Version: '2.99.0' }, isUsingGpuDevice: false });`;

let folder: string;

const at = (...names: string[]): string => join(folder, ...names);

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Puts a program that is a script of Node on the path. */
function program(name: string, script: string): void {
  write(at('bin', name), `#!${process.execPath}\nconst args = process.argv.slice(2);\n${script}`);
  chmodSync(at('bin', name), 0o755);
}

function fakeTensorflow(): void {
  LIBRARIES.forEach((name) => write(at('python', 'tensorflow', name), ''));
  write(at('python', 'tensorflow', 'include', 'tensorflow', 'c', 'c_api.h'), '');
}

const installed = (): string =>
  at('home', 'tensorflow', 'node_modules', '@tensorflow', 'tfjs-node');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'batcoder-setup-'));
  vi.stubEnv('BATCODER_HOME', at('home'));
  vi.stubEnv('PATH', at('bin'));
  vi.stubEnv('CXX', '');
  program(
    'npm',
    `const { mkdirSync, writeFileSync } = require('node:fs');
     const folder = 'node_modules/@tensorflow/tfjs-node/';
     mkdirSync(folder, { recursive: true });
     writeFileSync('npm-args.json', JSON.stringify(args));
     writeFileSync(folder + 'index.js', ${JSON.stringify(PACKAGE)});
     writeFileSync(folder + 'package.json', JSON.stringify({ version: '4.22.0', main: 'index.js', scripts: { install: 'node install.js gpu' } }));
     writeFileSync(folder + 'install.js', 'console.error("note\\\\nError: getaddrinfo ENOTFOUND"); process.exit(1)');`,
  );
  program(
    'c++',
    `if (args[0] !== '--version') {
       require('node:fs').writeFileSync(args.at(-1), '');
       require('node:fs').writeFileSync('compiler-args.json', JSON.stringify(args));
     }`,
  );
  program(
    'python3',
    `console.log(JSON.stringify(${JSON.stringify(at('python', 'tensorflow', '__init__.py'))}))`,
  );
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

async function setUp(
  path?: string,
): Promise<{ steps: string[]; failure: string; version: string }> {
  const steps: string[] = [];
  try {
    const { version } = await setupTensorflow({ path, onStep: (line) => steps.push(line) });
    return { steps, failure: '', version };
  } catch (error) {
    return { steps, failure: (error as Error).message, version: '' };
  }
}

describe.skipIf(process.platform === 'win32')('setting up TensorFlow', () => {
  test("links the package to python3's TensorFlow and says what it found and did", async () => {
    fakeTensorflow();
    const { steps, failure, version } = await setUp();
    expect(failure).toBe('');
    expect(version).toBe('2.99.0');
    expect(steps.join('\n')).toMatch(
      /no NVIDIA GPU[^]*Installed @tensorflow\/tfjs-node[^]*python\/tensorflow[^]*Built with c\+\+[^]*It works: TensorFlow 2\.99\.0/,
    );
    const args = JSON.parse(
      readFileSync(join(installed(), 'compiler-args.json'), 'utf8'),
    ) as string[];
    expect(args).toEqual(
      expect.arrayContaining([
        ...LIBRARIES.map((name) => at('python', 'tensorflow', name)),
        `-I${at('python', 'tensorflow', 'include')}`,
        `-Wl,-rpath,${at('python', 'tensorflow')}`,
      ]),
    );
  });

  test('has npm run no scripts, in the folder of BatCoder', async () => {
    fakeTensorflow();
    await setUp();
    const args = JSON.parse(
      readFileSync(at('home', 'tensorflow', 'npm-args.json'), 'utf8'),
    ) as string[];
    expect(args).toEqual(
      expect.arrayContaining(['install', '--ignore-scripts', '@tensorflow/tfjs-node@4.22.0']),
    );
  });

  test.each(['python', 'python/tensorflow', 'bin/python3'])(
    'takes %s as the path',
    async (path) => {
      fakeTensorflow();
      if (path === 'python') {
        write(at('python', 'bin', 'python3'), readFileSync(at('bin', 'python3'), 'utf8'));
        chmodSync(at('python', 'bin', 'python3'), 0o755);
      }
      if (path !== 'bin/python3') {
        rmSync(at('bin', 'python3'));
      }
      expect((await setUp(at(path))).failure).toBe('');
    },
  );

  test('tries the script of the package where python3 has none, and tells both failures', async () => {
    program('python3', 'console.log("null")');
    const { failure } = await setUp();
    expect(failure).toMatch(/python3 has no TensorFlow/);
    expect(failure).toMatch(/install script failed: Error: getaddrinfo ENOTFOUND/);
    expect(failure).toMatch(/batcoder doctor --setup-tensorflow PATH/);
  });

  test('never downloads another TensorFlow where one was named', async () => {
    const { failure, steps } = await setUp(at('nowhere'));
    expect(failure).toMatch(/nowhere does not exist/);
    expect(steps.join()).not.toMatch(/downloads/);
  });

  test('says what is missing: libraries, a compiler, npm', async () => {
    program('python3', `console.log(JSON.stringify(${JSON.stringify(at('old', '__init__.py'))}))`);
    expect((await setUp(at('bin', 'python3'))).failure).toMatch(
      /libtensorflow_cc.* is missing; TensorFlow 2.10 or later is needed/,
    );
    fakeTensorflow();
    rmSync(at('bin', 'c++'));
    expect((await setUp(at('python', 'tensorflow'))).failure).toMatch(
      /no C\+\+ compiler was found/,
    );
    rmSync(installed(), { recursive: true });
    rmSync(at('bin', 'npm'));
    expect((await setUp(at('python', 'tensorflow'))).failure).toMatch(
      /npm could not install .* \(npm was not found\)/,
    );
  });

  test('leaves no half-built binding', async () => {
    fakeTensorflow();
    program(
      'c++',
      `if (args[0] !== '--version') {
         require('node:fs').writeFileSync(args.at(-1), '');
         console.error('x.cc:1:2: error: unknown type'); process.exit(1);
       }`,
    );
    expect((await setUp(at('python', 'tensorflow'))).failure).toMatch(
      /could not build the binding: x.cc:1:2: error: unknown type/,
    );
    expect(existsSync(join(installed(), 'lib', 'napi-v8', 'tfjs_binding.node'))).toBe(false);
    expect(existsSync(join(installed(), 'lib', 'napi-v8', 'tfjs_binding.node.tmp'))).toBe(false);
  });
});

describe('a probe', () => {
  test.each([
    ['throws', 'throw new Error("no libcudart\\nmore")', /^no libcudart$/],
    ['ends the process', 'process.kill(process.pid, "SIGKILL")', /ended the process with/],
    ['computes wrongly', 'exports.matMul = () => ({ dataSync: () => [7] })', /2 x 3 is not 6/],
  ])('of a library that %s fails with the reason', (_what, script, reason) => {
    write(at('library.js'), script);
    expect(probeTensorflow(at('library.js'))).toEqual({
      ok: false,
      reason: expect.stringMatching(reason) as string,
    });
  });
});

test('a child that takes too long is ended and says so', async () => {
  const run = await runChild(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    cwd: folder,
    timeoutMs: 500,
  });
  expect(run).toMatchObject({ ok: false, reason: expect.stringMatching(/more than/) as string });
});

test('an aborted child rejects', async () => {
  const abort = new AbortController();
  const run = runChild(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    cwd: folder,
    timeoutMs: 60_000,
    signal: abort.signal,
  });
  abort.abort(new Error('stopped by the person'));
  await expect(run).rejects.toThrow('stopped by the person');
});
