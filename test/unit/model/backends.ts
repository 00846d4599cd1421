import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { initBackend, type BackendName } from '../../../server/tensor/backend.js';

const NATIVE_MISSING = !existsSync(join(import.meta.dirname, '../../../dist/native/batcoder.node'));

/** Runs tests on `native`, or skips them and says why where the addon is not built. */
export function onNative(title: string, tests: () => void): void {
  const reason = ' (skipped: dist/native is not built, run `npm run build:native`)';
  describe.skipIf(NATIVE_MISSING)(`${title} on native${NATIVE_MISSING ? reason : ''}`, tests);
}

/** Runs the same tests on `cpu` and on `native`. */
export function onEachBackend(title: string, tests: (backend: BackendName) => void): void {
  describe(`${title} on cpu`, () => tests('cpu'));
  onNative(title, () => tests('native'));
}

/** Makes this backend the one in use, or fails. */
export async function useBackend(backend: BackendName): Promise<void> {
  const report = await initBackend(backend);
  if (report.name !== backend) {
    throw new Error(`Wanted ${backend}, got ${report.name}: ${report.reason}`);
  }
}
