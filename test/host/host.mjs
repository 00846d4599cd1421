// Starts a real VS Code (workbench served to a browser, extension host on this machine) and a browser on it.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { installEditor } from './install.mjs';
import { codeServer, findChromium, nodeBinary } from './paths.mjs';

/** Settings that keep the workbench quiet: no welcome page, no chat, no updates, no other suggestions. */
const QUIET = {
  'security.workspace.trust.enabled': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.enableExperiments': false,
  'workbench.settings.enableNaturalLanguageSearch': false,
  'workbench.reduceMotion': 'on',
  'workbench.editor.enablePreview': false,
  'workbench.colorTheme': 'Default Dark Modern',
  'window.commandCenter': false,
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'npm.fetchOnlinePackageInfo': false,
  'typescript.disableAutomaticTypeAcquisition': true,
  'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
  'editor.parameterHints.enabled': false,
  'editor.minimap.enabled': false,
  'editor.hover.delay': 200,
  'files.autoSave': 'off',
  'git.enabled': false,
};

/** A port that was free a moment ago on this machine's own address. */
async function freePort() {
  const probe = createServer();
  await new Promise((resolve, reject) => probe.listen(0, '127.0.0.1', resolve).on('error', reject));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/**
 * @param {{vsix?: string, workspace: string, settings?: object, env?: object, args?: string[]}} options
 *   `workspace` is copied, so that tests may write into it; `env` goes to the extension host
 */
export async function startHost({ vsix, workspace, settings = {}, env = {}, args = [] }) {
  await installEditor();
  const root = mkdtempSync(join(tmpdir(), 'batcoder-host-'));
  const [data, extensions, home, folder] = ['data', 'extensions', 'home', 'workspace'].map(
    (name) => {
      mkdirSync(join(root, name));
      return join(root, name);
    },
  );
  cpSync(workspace, folder, { recursive: true });
  mkdirSync(join(data, 'User'));
  writeFileSync(
    join(data, 'User', 'settings.json'),
    JSON.stringify({ ...QUIET, ...settings }, null, 2),
  );
  const config = join(root, 'config.yaml');
  writeFileSync(config, 'auth: none\ncert: false\n');

  // A home of its own: nothing of this machine's user leaks in, nothing is left behind.
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|ELECTRON_|NODE_OPTIONS|VITEST)/.test(name),
  );
  const environment = {
    ...Object.fromEntries(kept),
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local', 'share'),
    ...env,
  };
  const common = [
    codeServer,
    '--config',
    config,
    '--user-data-dir',
    data,
    '--extensions-dir',
    extensions,
  ];
  if (vsix) {
    const installed = spawnSync(nodeBinary, [...common, '--install-extension', vsix], {
      env: environment,
      encoding: 'utf8',
    });
    if (installed.status !== 0) {
      throw new Error(`the VSIX did not install:\n${installed.stdout}${installed.stderr}`);
    }
  }
  const port = await freePort();
  const child = spawn(
    nodeBinary,
    [
      ...common,
      ...['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`],
      ...['--disable-telemetry', '--disable-update-check', '--disable-workspace-trust'],
      ...['--disable-getting-started-override', '--ignore-last-opened'],
      ...args,
    ],
    { env: environment, detached: true },
  );
  const log = createWriteStream(join(root, 'server.log'));
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  await untilHealthy(child, port, root);
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.signalCode === null) {
      signalGroup(child.pid, 'SIGTERM');
      await Promise.race([ended, sleep(5000)]);
      signalGroup(child.pid, 'SIGKILL');
    }
    if (!process.env.KEEP_HOST) {
      rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  };
  return { root, data, folder, port, url: `http://127.0.0.1:${port}`, stop };
}

/** The host starts children of its own: the whole group gets the signal. */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // already gone
  }
}

async function untilHealthy(child, port, root) {
  const start = Date.now();
  while (Date.now() - start < 60_000) {
    if (child.exitCode !== null) {
      break;
    }
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null);
    if (answer?.ok) {
      return;
    }
    await sleep(100);
  }
  throw new Error(`VS Code did not start; its log is ${root}/server.log`);
}

/** A headless browser that can reach this machine only. */
export async function openBrowser() {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    headless: true,
    args: [
      '--no-sandbox', // tests run as root in containers
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  });
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  return { browser, page: await context.newPage() };
}
