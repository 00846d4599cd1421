import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { initBackend, type BackendName } from '../../../server/tensor/backend.js';

const ADDON = join(import.meta.dirname, '../../../dist/native/batcoder.node');

/** Runs the same tests on `cpu` and, where the addon is built, on `native`. */
export function onEachBackend(title: string, tests: (backend: BackendName) => void): void {
  for (const backend of ['cpu', 'native'] as const) {
    const missing = backend === 'native' && !existsSync(ADDON);
    const reason = missing
      ? ' (skipped: dist/native is not built, run `npm run build:native`)'
      : '';
    describe.skipIf(missing)(`${title} on ${backend}${reason}`, () => tests(backend));
  }
}

/** Makes this backend the one in use, or fails. */
export async function useBackend(backend: BackendName): Promise<void> {
  const report = await initBackend(backend);
  if (report.name !== backend) {
    throw new Error(`Wanted ${backend}, got ${report.name}: ${report.reason}`);
  }
}
