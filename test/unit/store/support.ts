import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../../server/model/weights/safetensors.js';

const STORE = join(import.meta.dirname, '../../../server/store');

/** A folder that is gone after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'batcoder-store-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Bundles a script that imports from './x.js' of server/store, for a process of its own. */
export function bundleScript(folder: string, source: string): string {
  const outfile = join(folder, `script-${Math.random().toString(36).slice(2)}.cjs`);
  buildSync({
    stdin: { contents: source, resolveDir: STORE, loader: 'ts' },
    bundle: true,
    platform: 'node',
    outfile,
    logLevel: 'error',
  });
  return outfile;
}

/** Starts a bundled script; `firstOutput` settles when it prints. */
export function startScript(
  script: string,
  ...args: string[]
): { child: ChildProcess; firstOutput: Promise<string>; ended: Promise<void> } {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const firstOutput = new Promise<string>((resolve) => {
    child.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return { child, firstOutput, ended };
}

/** Writes one array, as the training writes its arrays. */
export function writeArray(file: string, data: Float32Array): void {
  writeSafetensors(file, new Map([['x', { shape: [data.length], data }]]));
}

export function readArray(file: string): Float32Array {
  const opened = readSafetensors(file);
  try {
    return opened.tensors.get('x')?.read() ?? new Float32Array(0);
  } finally {
    opened.close();
  }
}
