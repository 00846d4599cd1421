// Installs what the tests of the webgpu backend need: a processor that plays a GPU (apt-get) and Dawn (npm, by the
// doctor). A machine that cannot have them tells why and goes on: those tests are skipped there.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/run.mjs';
import { aptInstall, debian } from './debian.mjs';

/** SwiftShader comes with Chromium; Dawn loads it through libvulkan1. */
const PACKAGES = ['chromium-common', 'libvulkan1'];
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const LOADERS = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (arch) => `/usr/lib/${arch}/libvulkan.so.1`,
);

if (debian && !(existsSync(SWIFTSHADER) && LOADERS.some((file) => existsSync(file)))) {
  aptInstall(PACKAGES);
}
const env = { ...process.env, BATCODER_HOME: join(root, 'test', '.out', 'webgpu') };
if (existsSync(SWIFTSHADER)) {
  env.VK_ICD_FILENAMES ??= SWIFTSHADER;
}
const cli = join(root, 'dist', 'cli.js');
const { status } = spawnSync(process.execPath, [cli, 'doctor', '--setup-webgpu'], {
  env,
  stdio: 'inherit',
});
if (status !== 0 && !debian) {
  console.log(`The tests of webgpu are skipped; on Debian they need ${PACKAGES.join(' and ')}.`);
}
process.exit(debian ? (status ?? 1) : 0);
