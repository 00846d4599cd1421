// Installs what the editor tests need: Chromium with a font (apt-get), Node 24 and a real VS Code
// (code-server, both from npm), in the user's cache folder, so that a second clone finds them there.
//   node test/host/install.mjs
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { aptInstall, debian } from './debian.mjs';
import {
  cache,
  codeServer,
  findChromium,
  findProgram,
  HOST_VERSION,
  hostFolder,
  NODE_VERSION,
  nodeBinary,
  nodeHome,
  nodePackage,
} from './paths.mjs';

const here = dirname(fileURLToPath(import.meta.url));

function run(command, args, options = {}) {
  const done = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    ...options,
  });
  if (done.status !== 0) {
    const tail = (done.stderr ?? '').trim().split('\n').slice(-15).join('\n');
    const how = done.error?.message ?? `exit ${done.status}`;
    throw new Error(`${command} ${args.join(' ')} failed (${how}):\n${tail}`);
  }
}

function installChromium() {
  if (findChromium()) {
    return;
  }
  const packages = ['chromium', 'fonts-dejavu-core'];
  if (!debian || !aptInstall(packages)) {
    throw new Error(
      `The editor tests need Chromium: sudo apt-get install ${packages.join(' ')} (or set CHROMIUM to its path).`,
    );
  }
}

function installNode() {
  if (existsSync(nodeBinary)) {
    return;
  }
  console.log(`installing Node ${NODE_VERSION} by npm ...`);
  const folder = join(cache, 'node');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  run('npm', ['install', '--no-package-lock', `${nodePackage}@${NODE_VERSION}`], { cwd: folder });
}

/**
 * The package's own post-install script compiles more than the tests load, and needs development
 * packages for it; these are the steps that are needed.
 */
function installHost() {
  const marker = join(hostFolder, 'installed');
  if (existsSync(marker)) {
    return;
  }
  console.log(`installing VS Code (code-server ${HOST_VERSION}) by npm, about a minute ...`);
  rmSync(hostFolder, { recursive: true, force: true });
  cpSync(join(here, 'code-server'), hostFolder, { recursive: true });
  const env = {
    ...process.env,
    PATH: join(nodeHome, 'bin') + delimiter + process.env.PATH,
    npm_config_nodedir: nodeHome, // the headers of this very Node: compiling downloads nothing
    npm_config_yes: 'true',
  };
  const npm = (cwd, ...args) => run('npm', args, { cwd, env });
  npm(hostFolder, 'ci', '--ignore-scripts');
  const vscode = join(hostFolder, 'node_modules', 'code-server', 'lib', 'vscode');
  npm(vscode, 'install', '--omit=dev', '--ignore-scripts');
  npm(vscode, 'rebuild', '@vscode/spdlog', '@vscode/native-watchdog');
  npm(join(vscode, 'extensions'), 'install', '--omit=dev');
  const links = [
    ['bin/remote-cli/code-server', 'code-linux.sh'],
    ['bin/helpers/browser.sh', 'browser-linux.sh'],
  ];
  for (const [link, to] of links) {
    rmSync(join(vscode, link), { force: true });
    symlinkSync(to, join(vscode, link));
  }
  writeFileSync(marker, `${HOST_VERSION}\n`);
}

/** One installer at a time over all clones; a lock of ten minutes ago is what a killed one left. */
async function locked(work) {
  const lock = join(cache, 'lock');
  mkdirSync(cache, { recursive: true });
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      if (Date.now() - made > 600_000) {
        rmSync(lock, { recursive: true, force: true });
      }
      await sleep(500);
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Installs what is missing; a second call finds all of it and returns at once. */
export async function installEditor() {
  await locked(() => {
    installChromium();
    installNode();
    installHost();
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await installEditor();
  console.log(`browser ${findChromium()}\nnode    ${nodeBinary}\nvs code ${codeServer}`);
}
