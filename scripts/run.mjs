// What the scripts share: running a command with its output shown, and installing what package-lock.json says.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a command in the repository's root with its output shown; returns its exit status. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    ...options,
  });
  if (result.error) {
    console.error(`${command}: ${result.error.message}`);
  }
  return result.status ?? 1;
}

/** True where node_modules holds exactly what package-lock.json asks for. */
function isInstalled() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(marker)) {
    return false;
  }
  const packagesOf = (file) => {
    const entries = Object.entries(JSON.parse(readFileSync(file, 'utf8')).packages);
    return new Map(entries.filter(([path]) => path !== ''));
  };
  const installed = packagesOf(marker);
  for (const [path, wanted] of packagesOf(join(root, 'package-lock.json'))) {
    // Packages for other platforms are optional and rightly absent.
    if (!wanted.optional && !wanted.devOptional && installed.get(path)?.version !== wanted.version) {
      return false;
    }
  }
  return true;
}

/** `npm ci`, unless the installed packages already match the lock file. Returns the exit status. */
export function installPackages() {
  return isInstalled() ? 0 : run('npm', ['ci', '--no-audit', '--no-fund']);
}
