import { setBackend } from '@tensorflow/tfjs-core';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import nodeUtil from 'node:util';
import { join } from 'node:path';

const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];
const PROBE_LIMIT_MS = 60_000;

/**
 * Loads TensorFlow's backend where one of its packages is installed. It is tried in a child process
 * first: a library that does not fit the machine can end the process that loads it.
 */
export async function loadTensorflow(): Promise<{ ok: boolean; reason: string }> {
  const require = createRequire(join(__dirname, 'package.json'));
  const failures: string[] = [];
  for (const name of PACKAGES) {
    let path: string;
    try {
      path = require.resolve(name);
    } catch {
      continue;
    }
    const failure = probe(path);
    if (failure) {
      failures.push(`${name}: ${failure}`);
      continue;
    }
    restoreRemovedUtilities(nodeUtil);
    require(path);
    await setBackend('tensorflow');
    return { ok: true, reason: `${name} loads` };
  }
  return { ok: false, reason: failures.join('; ') || 'no tfjs-node package is installed' };
}

/** Runs one product in a child process; returns what went wrong, or null. */
function probe(path: string): string | null {
  const script = `(${restoreRemovedUtilities.toString()})(require('node:util'));
    const tf = require(${JSON.stringify(path)});
    if (tf.matMul([[2]], [[3]]).dataSync()[0] !== 6) throw new Error('wrong product');`;
  const run = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    timeout: PROBE_LIMIT_MS,
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', TF_CPP_MIN_LOG_LEVEL: '2' },
  });
  if (run.status === 0) {
    return null;
  }
  const lines = run.stderr.split('\n').filter((line) => /error/i.test(line));
  return lines[0]?.trim() || `it ended with ${run.signal ?? `status ${run.status}`}`;
}

/** tfjs-node 4.22 calls util.isNullOrUndefined, which Node 23 removed. */
function restoreRemovedUtilities(util: object): void {
  const target = util as { isNullOrUndefined?: (value: unknown) => boolean };
  target.isNullOrUndefined ??= (value) => value === null || value === undefined;
}
