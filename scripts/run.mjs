// What the scripts share: running a command with its output shown, and installing what package-lock.json says.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProgress } from './progress.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Runs a command in the repository's root with its output shown; returns its exit status.
 * @param env variables besides those of this process
 */
export function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  if (result.error) {
    console.error(`${command}: ${result.error.message}`);
  }
  return result.status ?? 1;
}

/** What a lock file lists, without the root and without packages that this platform may leave out. */
function required(file) {
  const { packages } = JSON.parse(readFileSync(join(root, file), 'utf8'));
  return Object.entries(packages).filter(
    ([path, { optional, devOptional }]) => path !== '' && !optional && !devOptional,
  );
}

/** True where node_modules holds exactly what package-lock.json asks for. */
function isInstalled() {
  const marker = 'node_modules/.package-lock.json';
  if (!existsSync(join(root, marker))) {
    return false;
  }
  const installed = new Map(required(marker));
  return required('package-lock.json').every(
    ([path, { version }]) => installed.get(path)?.version === version,
  );
}

/** `npm ci` with progress by the packages that are in place, unless they all are. Returns the exit status. */
export async function installPackages() {
  if (isInstalled()) {
    return 0;
  }
  const manifests = required('package-lock.json').map(([path]) => join(root, path, 'package.json'));
  const progress = startProgress('npm ci');
  const child = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const timer = setInterval(() => {
    progress.update(manifests.filter((file) => existsSync(file)).length, manifests.length);
  }, 1000);
  const status = await new Promise((resolve) => {
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 1));
  });
  clearInterval(timer);
  progress.end();
  if (status !== 0) {
    console.error(`npm ci failed:\n${output}`);
  }
  return status;
}
