// Where the editor tests find what install.mjs put into the user's cache folder.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

export const NODE_VERSION = '24.21.0';
export const HOST_VERSION = '4.139.1';

/** All clones share this folder; its name has the versions, so that an update installs beside the old one. */
export const cache = join(
  process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
  'batcoder',
  `vscode-host-${HOST_VERSION}-node-${NODE_VERSION}`,
);

/** The npm package that holds nothing but the Node binary and its headers. */
export const nodePackage = `node-${process.platform}-${process.arch}`;
export const nodeHome = join(cache, 'node', 'node_modules', nodePackage);
export const nodeBinary = join(nodeHome, 'bin', 'node');
export const hostFolder = join(cache, 'code-server');
export const codeServer = join(
  hostFolder,
  'node_modules',
  'code-server',
  'out',
  'node',
  'entry.js',
);

/** The first of these programs on the PATH, or null. */
export function findProgram(...names) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      if (existsSync(join(folder, name))) {
        return join(folder, name);
      }
    }
  }
  return null;
}

/** The browser: CHROMIUM if set, else what is on the PATH. */
export const findChromium = () =>
  process.env.CHROMIUM || findProgram('chromium', 'chromium-browser', 'google-chrome');
