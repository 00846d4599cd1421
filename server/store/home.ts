import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { sha256 } from '../util/hash.js';

/** What decides where data is kept; tests give their own. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  platform: NodeJS.Platform;
  home: string;
}

/**
 * The folder of everything BatCoder keeps: BATCODER_HOME, else the place that the system has for a user's
 * data. Nothing is kept in workspaces.
 */
export function dataHome(
  { env, platform, home }: Surroundings = {
    env: process.env,
    platform: process.platform,
    home: homedir(),
  },
): string {
  if (env.BATCODER_HOME) {
    return resolve(env.BATCODER_HOME);
  }
  if (platform === 'win32') {
    return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'batcoder');
  }
  if (platform === 'darwin') {
    return join(home, 'Library', 'Application Support', 'batcoder');
  }
  // The XDG rules say that a relative path is to be ignored.
  const xdg = env.XDG_DATA_HOME ?? '';
  return join(isAbsolute(xdg) ? xdg : join(home, '.local', 'share'), 'batcoder');
}

/** The folder of a model by its name. */
export function modelFolder(name: string): string {
  if (basename(name) !== name || name.startsWith('.') || name === '') {
    throw new Error(
      `${JSON.stringify(name)} cannot name a model: it must be the name of one folder.`,
    );
  }
  return join(dataHome(), 'models', name);
}

/** The folder for what belongs to a workspace; the same for every way of writing the path of its root. */
export function workspaceFolder(root: string): string {
  let path = resolve(root);
  try {
    path = realpathSync.native(path);
  } catch {
    // A root that is not there (now) still has its folder.
  }
  return join(dataHome(), 'workspaces', sha256(path).slice(0, 16));
}
