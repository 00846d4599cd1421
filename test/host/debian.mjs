// Packages of Debian that tests need, where they can be installed without asking anyone.
import { spawnSync } from 'node:child_process';
import { findProgram } from './paths.mjs';

/** Whether `aptInstall` may be called: this is root on a machine that has apt-get. */
export const debian = process.getuid?.() === 0 && findProgram('apt-get') !== null;

/** Installs packages, its errors shown; whether that went well. */
export function aptInstall(packages) {
  console.log(`installing ${packages.join(' and ')} by apt-get ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return [['update'], ['install', '-y', '--no-install-recommends', ...packages]].every(
    (args) =>
      spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0,
  );
}
