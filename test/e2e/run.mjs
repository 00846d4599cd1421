// node test/e2e/run.mjs [--update-screenshots]: the main job as a person does it, in a real VS Code with
// the packaged VSIX, the real model and nothing faked. Pictures go to test/.out/e2e, and with the option
// also to media/screenshots.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBrowser, startHost } from '../host/host.mjs';
import { Workbench } from './workbench.mjs';
import { DESK, makeWorkspace } from './workspace.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const out = join(root, 'test', '.out', 'e2e');
const vsix = join(root, `batcoder-${process.platform}-${process.arch}.vsix`);
const TRAINING_MINUTES = Number(process.env.E2E_MINUTES ?? 3);
const keepPictures = process.argv.includes('--update-screenshots');

const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (modified(vsix) < modified(join(root, 'dist', 'server.js'))) {
  const made = spawnSync(process.execPath, ['scripts/package.mjs'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (made.status !== 0) {
    console.log(`${made.stdout}${made.stderr}\n0 passed, 1 failed`);
    process.exit(1);
  }
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const source = mkdtempSync(join(tmpdir(), 'batcoder-e2e-'));
makeWorkspace(source, root);
const host = await startHost({
  vsix,
  workspace: source,
  settings: { 'batcoder.training.minutes': TRAINING_MINUTES },
});
const desk = join(host.folder, 'src', 'desk', 'desk.ts');
const lineOf = (text) => {
  const index = readFileSync(desk, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(text));
  assert.ok(index >= 0, `${text} is not in the file`);
  return index + 1;
};
const { browser, page } = await openBrowser();
page.setDefaultTimeout(60_000);
const code = new Workbench(page);

let passed = 0;
let failed = 0;
async function step(name, work) {
  const start = Date.now();
  try {
    await work();
    passed += 1;
    console.log(`ok   ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}: ${error.message.split('\n').slice(0, 10).join('\n     ')}`);
    await code.picture(join(out, `FAIL-${failed}.png`)).catch(() => undefined);
    await page.keyboard.press('Escape').catch(() => undefined);
  }
}
async function picture(name) {
  await code.picture(join(out, `${name}.png`));
  if (keepPictures) {
    mkdirSync(join(root, 'media', 'screenshots'), { recursive: true });
    copyFileSync(join(out, `${name}.png`), join(root, 'media', 'screenshots', `${name}.png`));
  }
}
async function saved() {
  await page.keyboard.press('Control+S');
  await page.locator('.tab.active:not(.dirty)').waitFor();
  return readFileSync(desk, 'utf8');
}

try {
  await step('a folder opens; hover offers a doc by the built-in model at once', async () => {
    await code.openFolder(host.url, host.folder);
    await code.openFile('desk.ts');
    // TypeScript's own hover has nothing to say before its server is up.
    await page.locator('.squiggly-error').first().waitFor();
    await page.locator('.statusbar-item', { hasText: 'BatCoder: train' }).waitFor();
    await code.hover('totalWeight', /Document with BatCoder|Insert/);
    await code.hover('totalWeight', /round trip \d\.\d\d/, 60_000);
    await picture('1-built-in');
    await page.keyboard.press('Escape');
  });

  await step('Train on Workspace shows percent; Cancel stops it, saved', async () => {
    await code.command('BatCoder: Train on Workspace');
    const training = code.toast('BatCoder: training on this workspace');
    await training.filter({ hasText: /[1-9]\d* % .*warm-up/ }).waitFor({ timeout: 180_000 });
    await code.button(training, 'Cancel').click();
    const result = code.toast(/training was stopped, with its progress saved/);
    await result.waitFor({ timeout: 120_000 });
    await picture('2-cancelled');
  });

  await step(
    'Resume goes on with percent and time left, and the editor is answered meanwhile',
    async () => {
      await code.button(code.toast(/training was stopped/), 'Resume Training').click();
      const training = code.toast('BatCoder: training on this workspace');
      await training.filter({ hasText: /\d+ % .* left/ }).waitFor({ timeout: 180_000 });
      await page.locator('.statusbar-item', { hasText: /BatCoder \d+ %/ }).waitFor();
      await code.hover('totalWeight', /Document with BatCoder|is being written|round trip/);
      await page.mouse.move(640, 780);
      await picture('3-training');
    },
  );

  await step(
    'the training ends with the score before and after, and the model in use',
    async () => {
      const result = code.toast(/Held-out score [\d.]+ before, [\d.]+ after/);
      await result.waitFor({ timeout: (TRAINING_MINUTES + 8) * 60_000 });
      console.log(
        `     ${(await result.innerText()).split('\n').find((line) => line.includes('Held-out'))}`,
      );
      await picture('4-trained');
      assert.match(await result.innerText(), /The new model is in use/);
      await code.clearToasts();
    },
  );

  await step('hover shows a doc; Insert adds it and changes nothing else', async () => {
    await code.openFile('desk.ts');
    await code.hover('totalWeight', /Document with BatCoder|Insert/);
    const hover = await code.hover('totalWeight', /round trip \d\.\d\d/, 180_000);
    await picture('5-hover');
    await hover.locator('a', { hasText: 'Insert' }).click();
    await page.locator('.tab.active.dirty').waitFor();
    const text = await saved();
    const at = text.indexOf('/**');
    const doc = text.slice(at, text.indexOf('export function totalWeight'));
    assert.match(doc, /^\/\*\*\n \* [^\n]+\n[\s\S]* \*\/\n$/);
    assert.equal(text.replace(doc, ''), DESK);
    await page.mouse.move(640, 780);
    await picture('6-documented');
  });

  await step('ghost text writes a body under a doc comment; Tab takes it', async () => {
    const before = readFileSync(desk, 'utf8');
    await code.goTo(lineOf('function totalStock') + 1, 3);
    await code.command('Trigger Inline Suggestion');
    await code.ghost.first().waitFor({ timeout: 180_000 });
    await picture('7-ghost-text');
    await page.keyboard.press('Tab');
    await page.locator('.tab.active.dirty').waitFor();
    const text = await saved();
    const body = text.slice(text.indexOf('function totalStock')).split('\n}')[0];
    assert.match(body, /\{\n\s+\S/);
    assert.equal(text.length > before.length, true);
    await picture('8-ghost-taken');
  });

  await step('Generate Code from Comment offers ranked candidates, each as a diff', async () => {
    const before = readFileSync(desk, 'utf8');
    await code.goTo(lineOf('with the largest amount'), 4);
    await code.command('BatCoder: Generate Code from Comment');
    await code.rows.filter({ hasText: 'Candidate 1' }).waitFor({ timeout: 240_000 });
    await page.locator('.monaco-diff-editor').waitFor();
    await picture('9-generate');
    await page.keyboard.press('Enter');
    await page.locator('.tab.active.dirty', { hasText: 'desk.ts' }).waitFor();
    const text = await saved();
    assert.notEqual(text, before);
    assert.match(text.slice(text.indexOf('function largestAmount')), /\{\s*\S[\s\S]*\}/);
    await page.locator('.monaco-diff-editor').waitFor({ state: 'detached' });
    await picture('10-generated');
  });

  await step('a doc is written while a training runs; Stop Training ends that', async () => {
    await code.command('BatCoder: Train on Workspace');
    const training = code.toast('BatCoder: training on this workspace');
    await training.filter({ hasText: /\d+ % .* left/ }).waitFor({ timeout: 180_000 });
    await code.goTo(lineOf('function sortedByPrice'), 20);
    await code.command('BatCoder: Document Function');
    await page.locator('.tab.active.dirty').waitFor({ timeout: 120_000 });
    await training.waitFor();
    await picture('11-documented-while-training');
    const text = await saved();
    assert.match(text, /\*\/\nexport function sortedByPrice/);
    await code.command('BatCoder: Stop Training');
    await code.toast(/training was stopped, with its progress saved/).waitFor({ timeout: 60_000 });
  });

  await step(
    'a stopped training is offered to be gone on with, whenever one is asked for',
    async () => {
      await code.clearToasts();
      await code.command('BatCoder: Train on Workspace');
      const offer = code.toast(/was stopped. Go on with it\?/);
      await code.button(offer, 'Start Anew').waitFor();
      await picture('12-go-on');
      await code.button(offer, 'Resume Training').click();
      const training = code.toast('BatCoder: training on this workspace');
      await training.filter({ hasText: /\d+ % .* left/ }).waitFor({ timeout: 180_000 });
      await code.command('BatCoder: Stop Training');
      await code
        .toast(/training was stopped, with its progress saved/)
        .waitFor({ timeout: 60_000 });
    },
  );
} finally {
  await browser.close();
  await host.stop();
  rmSync(source, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
