import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { LANGUAGES } from '../../../server/languages/table.js';
import {
  DEFAULT_SETTINGS,
  EDITOR_COMMANDS,
  EDITOR_LANGUAGES,
  SERVER_NODE_SETTING,
} from '../../../server/protocol.js';

const root = join(import.meta.dirname, '..', '..', '..');

interface Manifest {
  icon: string;
  activationEvents: string[];
  capabilities: Record<string, { description: string }>;
  contributes: {
    commands: { command: string; category: string }[];
    configuration: { properties: Record<string, { default: unknown; type: string }> };
  };
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

describe('what the VSIX would hold', () => {
  let files: string[];
  beforeAll(() => {
    const vsce = join(root, 'node_modules', '@vscode', 'vsce', 'vsce');
    const out = execFileSync(process.execPath, [vsce, 'ls', '--no-dependencies'], {
      cwd: root,
      encoding: 'utf8',
    });
    files = out.trim().split('\n');
  });

  test('is what runs, and nothing else', () => {
    const allowed =
      /^(?:package\.json|README\.md|CHANGELOG\.md|LICENSE|media\/icon\.png|dist\/(?:extension|server|worker|parse-worker)\.js|dist\/wasm\/[\w.-]+\.wasm|dist\/native\/batcoder\.node|dist\/model\/(?:config|tokenizer|tokenizer_config)\.json|dist\/model\/model\.safetensors)$/;
    expect(files.filter((file) => !allowed.test(file))).toEqual([]);
  });

  test('has every grammar, the runtime and the bundles', () => {
    const wasm = new Set(LANGUAGES.map((language) => `dist/wasm/${language.wasm}`));
    const bundles = ['extension', 'server', 'parse-worker'].map((name) => `dist/${name}.js`);
    const needed = [
      ...wasm,
      ...bundles,
      'dist/wasm/web-tree-sitter.wasm',
      'dist/model/config.json',
      'dist/model/tokenizer.json',
      'dist/model/model.safetensors',
      'package.json',
      manifest.icon,
    ];
    expect(needed.filter((file) => !files.includes(file))).toEqual([]);
  });
});

describe('package.json', () => {
  test('activates on exactly the languages of the table', () => {
    const ids = LANGUAGES.flatMap((language) => language.vscodeIds);
    expect([...EDITOR_LANGUAGES].sort()).toEqual([...ids].sort());
    expect(manifest.activationEvents).toEqual(EDITOR_LANGUAGES.map((id) => `onLanguage:${id}`));
  });

  test('has the defaults that the server assumes', () => {
    const flat = Object.fromEntries(
      Object.entries(manifest.contributes.configuration.properties).map(
        ([name, { default: value }]) => [name.replace('batcoder.', ''), value],
      ),
    );
    const { hover, ghostText, training, ...plain } = DEFAULT_SETTINGS;
    expect(flat).toEqual({
      'hover.enabled': hover.enabled,
      'ghostText.enabled': ghostText.enabled,
      'training.minutes': training.minutes,
      'training.steps': training.steps,
      ...plain,
      [SERVER_NODE_SETTING]: '',
    });
  });

  test('names the commands that protocol.ts links to, and gives a reason for each limit', () => {
    const ids = manifest.contributes.commands.map(({ command }) => command);
    expect(ids).toEqual(expect.arrayContaining(Object.values(EDITOR_COMMANDS)));
    expect(ids).toHaveLength(6);
    for (const { description } of Object.values(manifest.capabilities)) {
      expect(description.length).toBeGreaterThan(20);
    }
  });

  test('has an icon of 256 pixels', () => {
    const file = join(root, manifest.icon);
    expect(existsSync(file)).toBe(true);
    const png = readFileSync(file);
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([256, 256]);
  });
});
