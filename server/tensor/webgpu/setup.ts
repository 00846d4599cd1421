import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../util/errors.js';
import { installWithNpm } from '../npmPackage.js';
import type { AdapterFacts } from './dawn.js';
import {
  describeAdapter,
  probePackage,
  WEBGPU_PACKAGE,
  WEBGPU_VERSION,
  webgpuFolder,
} from './load.js';

export interface WebgpuSetup {
  /** Where the package was installed. */
  folder: string;
  adapter: AdapterFacts;
}

/**
 * Installs the package `webgpu` by npm into BatCoder's own folder and tries it in a child process.
 * @param onStep told what was found and what is being done, a line at a time
 * @throws UserError which says what failed and what to do
 */
export async function setupWebgpu(
  onStep: (line: string) => void,
  signal?: AbortSignal,
): Promise<WebgpuSetup> {
  const folder = await installWithNpm(webgpuFolder(), WEBGPU_PACKAGE, WEBGPU_VERSION, signal);
  removeOtherPlatforms(folder);
  onStep(`Installed ${WEBGPU_PACKAGE} ${WEBGPU_VERSION} in ${folder}`);
  const probe = probePackage(join(folder, 'index.js'));
  if (!probe.ok) {
    throw new UserError(
      `WebGPU does not work here: ${probe.reason} Until it does, the native backend is used.`,
    );
  }
  onStep(`It works: ${describeAdapter(probe.adapter)}`);
  onStep('BATCODER_BACKEND=webgpu, or the setting batcoder.backend, makes BatCoder use it');
  return { folder, adapter: probe.adapter };
}

/** The package brings Dawn for five platforms, 132 MB in all. */
function removeOtherPlatforms(folder: string): void {
  const binaries = join(folder, 'dist');
  const own =
    process.platform === 'darwin' ? 'darwin-universal' : `${process.platform}-${process.arch}`;
  if (existsSync(join(binaries, own))) {
    for (const other of readdirSync(binaries).filter((name) => name !== own)) {
      rmSync(join(binaries, other), { recursive: true });
    }
  }
}
