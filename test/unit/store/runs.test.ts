import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { saveCheckpoint } from '../../../server/store/checkpoint.js';
import { dataHome, modelFolder, workspaceFolder } from '../../../server/store/home.js';
import {
  checkpointsFolder,
  createRun,
  listRuns,
  lockWorkspace,
  resumableRun,
  setRunState,
} from '../../../server/store/runs.js';
import { learntModel, useModel } from '../../../server/store/workspace.js';
import { temporaryFolder } from './support.js';

const base = temporaryFolder();
const root = join(base, 'workspace');
mkdirSync(root);

beforeEach(() => {
  rmSync(join(base, 'home'), { recursive: true, force: true });
  process.env.BATCODER_HOME = join(base, 'home');
});

describe('dataHome', () => {
  const home = '/home/ada';

  it.each<[string, NodeJS.Platform, Record<string, string>, string]>([
    ['BATCODER_HOME', 'linux', { BATCODER_HOME: '/x/y', XDG_DATA_HOME: '/z' }, '/x/y'],
    ['a relative BATCODER_HOME', 'linux', { BATCODER_HOME: 'y' }, resolve('y')],
    ['XDG_DATA_HOME', 'linux', { XDG_DATA_HOME: '/z' }, '/z/batcoder'],
    [
      'no relative XDG_DATA_HOME',
      'linux',
      { XDG_DATA_HOME: 'z' },
      '/home/ada/.local/share/batcoder',
    ],
    ['Linux', 'linux', {}, '/home/ada/.local/share/batcoder'],
    ['macOS', 'darwin', { XDG_DATA_HOME: '/z' }, '/home/ada/Library/Application Support/batcoder'],
    ['Windows', 'win32', { LOCALAPPDATA: '/local' }, '/local/batcoder'],
    ['Windows without a variable', 'win32', {}, '/home/ada/AppData/Local/batcoder'],
  ])('follows %s', (_, platform, env, expected) => {
    expect(dataHome({ env, platform, home })).toBe(expected);
  });
});

describe('workspaceFolder', () => {
  it('is one for all ways to write a path, and another for other roots', () => {
    const link = join(base, `link-${Date.now()}`);
    symlinkSync(root, link);
    const folder = workspaceFolder(root);
    expect(folder.startsWith(join(base, 'home', 'workspaces'))).toBe(true);
    expect(workspaceFolder(`${root}/`)).toBe(folder);
    expect(workspaceFolder(join(root, '..', 'workspace'))).toBe(folder);
    expect(workspaceFolder(link)).toBe(folder);
    expect(workspaceFolder(base)).not.toBe(folder);
    expect(workspaceFolder(join(base, 'gone'))).not.toBe(folder);
  });
});

describe('modelFolder', () => {
  it('takes plain names only', () => {
    expect(modelFolder('small')).toBe(join(base, 'home', 'models', 'small'));
    for (const name of ['', '..', '.hidden', 'a/b', '../x']) {
      expect(() => modelFolder(name)).toThrow(/cannot name a model/);
    }
  });
});

describe('the model in use', () => {
  it('is what was said last, as long as it is there', () => {
    expect(learntModel(root)).toBeNull();
    const model = join(base, 'model');
    const adapter = join(base, 'adapter');
    mkdirSync(model, { recursive: true });
    useModel(root, { model, adapter: null, base });
    expect(learntModel(root)).toEqual({ model, adapter: null, base });
    useModel(root, { model, adapter, base });
    expect(learntModel(root)).toBeNull();
    mkdirSync(adapter);
    expect(learntModel(root)).toEqual({ model, adapter, base });
    expect(learntModel(base)).toBeNull();
    rmSync(model, { recursive: true });
    expect(learntModel(root)).toBeNull();
  });

  it('is an error where the pointer is damaged', () => {
    useModel(root, { model: base, adapter: null, base });
    const file = join(workspaceFolder(root), 'current.json');
    for (const content of [
      '{',
      '{"model":1,"adapter":null,"base":"/x"}',
      'null',
      '{"model":"/x"}',
    ]) {
      writeFileSync(file, content);
      expect(() => learntModel(root)).toThrow(/current\.json.*elete/);
    }
  });
});

describe('runs', () => {
  const checkpoint = (run: { folder: string }) =>
    saveCheckpoint(checkpointsFolder(run), {}, 2, () => undefined);

  it('are listed newest first, with what became of them', async () => {
    expect(listRuns(root)).toEqual([]);
    const first = createRun(root);
    await new Promise((done) => setTimeout(done, 5));
    const second = createRun(root);
    setRunState(first, 'finished');
    expect(listRuns(root)).toEqual([second, first]);
    expect(listRuns(root).map(({ state }) => state)).toEqual(['running', 'finished']);
    expect(first.endedAt).not.toBeNull();
    setRunState(first, 'running');
    expect(listRuns(root)[1].endedAt).toBeNull();
    expect(listRuns(base)).toEqual([]);
  });

  it('are passed over where their file is damaged', () => {
    const run = createRun(root);
    const good = createRun(root);
    writeFileSync(join(run.folder, 'run.json'), '{');
    mkdirSync(join(run.folder, '..', 'stray'));
    expect(listRuns(root)).toEqual([good]);
  });

  it('can be gone on with where the newest that has begun did not finish', async () => {
    expect(resumableRun(root)).toBeNull();
    const runs = [];
    for (let i = 0; i < 4; i++) {
      runs.push(createRun(root));
      await new Promise((done) => setTimeout(done, 5));
    }
    const [older, done] = runs; // the others have no checkpoint yet
    [older, done].forEach(checkpoint);
    setRunState(older, 'stopped');
    setRunState(done, 'finished');
    expect(resumableRun(root)).toBeNull();
    setRunState(done, 'stopped');
    expect(resumableRun(root)).toEqual(done);
    setRunState(done, 'running'); // its process died
    expect(resumableRun(root)).toEqual(done);
  });

  it('of one workspace go one at a time', () => {
    const lock = lockWorkspace(root);
    expect(() => lockWorkspace(root)).toThrow(`The training of ${root} is busy`);
    lockWorkspace(base).release();
    lock.release();
    lockWorkspace(root).release();
  });
});
