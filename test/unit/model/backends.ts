import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, vi } from 'vitest';
import { dataHome } from '../../../server/store/home.js';
import { initBackend, type BackendName } from '../../../server/tensor/backend.js';
import { TENSORFLOW_PACKAGES } from '../../../server/tensor/tensorflow.js';
import { probeWebgpu } from '../../../server/tensor/webgpu/load.js';

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

/** Where `npm run verify` runs the doctor's set-ups. */
const VERIFY_HOME = join(import.meta.dirname, '../../.out');

/** The BATCODER_HOME in which `batcoder doctor --setup-tensorflow` was run, by verify or by a person, if there is one. */
const TENSORFLOW_HOME = [join(VERIFY_HOME, 'tensorflow'), dataHome()].find((home) =>
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

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** The BATCODER_HOME in which that was run, by verify or by a person, and what is missing there. */
function webgpuHome(): { home: string; missing: string | null } {
  const verified = join(VERIFY_HOME, 'webgpu');
  const home = existsSync(verified) ? verified : dataHome();
  vi.stubEnv('BATCODER_HOME', home);
  // A GPU for machines without one: Debian's chromium-common brings it.
  if (existsSync(SWIFTSHADER)) {
    process.env['VK_ICD_FILENAMES'] ??= SWIFTSHADER;
  }
  const probe = probeWebgpu();
  vi.unstubAllEnvs();
  return { home, missing: probe.ok ? null : probe.reason };
}

const WEBGPU = webgpuHome();

/** Runs tests on WebGPU, or skips them and says why where no adapter is found. */
export function onWebgpu(title: string, tests: () => void): void {
  const reason = WEBGPU.missing === null ? '' : ` (skipped: ${WEBGPU.missing})`;
  // A processor that plays a GPU takes seconds to compile a kernel.
  const options = { skip: WEBGPU.missing !== null, timeout: 300_000 };
  describe(`${title} on webgpu${reason}`, options, tests);
}

/** Runs the same tests on every backend of this machine's processor. */
export function onEachBackend(title: string, tests: (backend: BackendName) => void): void {
  describe(`${title} on cpu`, () => tests('cpu'));
  onCompiled(title, tests);
  onTensorflow(title, () => tests('tensorflow'));
}

/** And on WebGPU, which takes seconds where the others take milliseconds. */
export function onEachBackendAndGpu(title: string, tests: (backend: BackendName) => void): void {
  onEachBackend(title, tests);
  onWebgpu(title, () => tests('webgpu'));
}

/** Makes this backend the one in use, or fails. */
export async function useBackend(backend: BackendName): Promise<void> {
  if (backend === 'tensorflow' || backend === 'webgpu') {
    process.env['BATCODER_HOME'] = backend === 'webgpu' ? WEBGPU.home : TENSORFLOW_HOME;
  }
  const report = await initBackend(backend);
  if (report.name !== backend) {
    throw new Error(`Wanted ${backend}, got ${report.name}: ${report.reason}`);
  }
}
