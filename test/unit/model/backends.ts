import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { dataHome } from '../../../server/store/home.js';
import { initBackend, type BackendName } from '../../../server/tensor/backend.js';
import { TENSORFLOW_PACKAGES } from '../../../server/tensor/tensorflow.js';

const NATIVE_MISSING = !existsSync(join(import.meta.dirname, '../../../dist/native/batcoder.node'));

/** Runs tests on `native`, or skips them and says why where the addon is not built. */
export function onNative(title: string, tests: () => void): void {
  const reason = ' (skipped: dist/native is not built, run `npm run build:native`)';
  describe.skipIf(NATIVE_MISSING)(`${title} on native${NATIVE_MISSING ? reason : ''}`, tests);
}

/** Runs the same tests on the backends that run our kernels. */
export function onCompiled(title: string, tests: (backend: 'native' | 'wasm') => void): void {
  onNative(title, () => tests('native'));
  describe(`${title} on wasm`, () => tests('wasm'));
}

/** The BATCODER_HOME in which `batcoder doctor --setup-tensorflow` was run, if there is one. */
const TENSORFLOW_HOME = [process.env['BATCODER_TEST_TENSORFLOW'] ?? dataHome()].find((home) =>
  TENSORFLOW_PACKAGES.some((name) =>
    existsSync(join(home, 'tensorflow/node_modules', name, 'lib/napi-v8/tfjs_binding.node')),
  ),
);

/** Runs tests on TensorFlow, or skips them and says why where it is not set up. */
export function onTensorflow(title: string, tests: () => void): void {
  const missing = TENSORFLOW_HOME === undefined;
  const reason = ' (skipped: not set up, run `batcoder doctor --setup-tensorflow`)';
  describe.skipIf(missing)(`${title} on tensorflow${missing ? reason : ''}`, tests);
}

/** Runs the same tests on every backend that this machine has. */
export function onEachBackend(title: string, tests: (backend: BackendName) => void): void {
  describe(`${title} on cpu`, () => tests('cpu'));
  onCompiled(title, tests);
  onTensorflow(title, () => tests('tensorflow'));
}

/** Makes this backend the one in use, or fails. */
export async function useBackend(backend: BackendName): Promise<void> {
  if (backend === 'tensorflow') {
    process.env['BATCODER_HOME'] = TENSORFLOW_HOME;
  }
  const report = await initBackend(backend);
  if (report.name !== backend) {
    throw new Error(`Wanted ${backend}, got ${report.name}: ${report.reason}`);
  }
}
