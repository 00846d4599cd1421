import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../util/errors.js';
import { runChild } from './childProcess.js';

const NPM_LIMIT_MS = 15 * 60_000;

/**
 * Has npm install a package of exactly this version with what it needs, without running their scripts; only setups
 * that a person asks for call this, and nothing else of BatCoder makes anything be downloaded.
 * @param home the folder whose node_modules it goes to
 * @returns the package's folder
 * @throws UserError where npm fails
 */
export async function installWithNpm(
  home: string,
  name: string,
  version: string,
  signal?: AbortSignal,
): Promise<string> {
  const manifest = join(home, 'package.json');
  const folder = join(home, 'node_modules', name);
  if (installedVersion(folder) === version) {
    return folder;
  }
  mkdirSync(home, { recursive: true });
  if (!existsSync(manifest)) {
    writeFileSync(manifest, '{ "private": true }\n');
  }
  const options = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--save-exact',
    '--loglevel=error',
  ];
  const run = await runChild('npm', ['install', ...options, `${name}@${version}`], {
    cwd: home,
    signal,
    timeoutMs: NPM_LIMIT_MS,
    shell: process.platform === 'win32',
  });
  if (!run.ok) {
    throw new UserError(
      `npm could not install ${name}@${version} in ${home} (${run.reason}). Check that npm reaches its registry, then run this again.`,
    );
  }
  return folder;
}

function installedVersion(folder: string): string | null {
  try {
    const text = readFileSync(join(folder, 'package.json'), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return null;
  }
}
