import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { installedPackages } from '../../../server/tensor/tensorflow.js';
import { onTensorflow, useBackend } from '../model/backends.js';

onTensorflow('a worker thread', () => {
  // Node unloads an addon with the worker that loaded it, and TensorFlow has threads of its own.
  test('ends without taking the process with it, though it never computed', async () => {
    await useBackend('tensorflow');
    const [{ path }] = installedPackages();
    const worker = `require('node:util').isNullOrUndefined ??= (value) => value == null;
      require(${JSON.stringify(path)});
      require('node:worker_threads').parentPort.postMessage('loaded');
      setInterval(() => {}, 1000);`;
    const script = `const { Worker } = require('node:worker_threads');
      const worker = new Worker(${JSON.stringify(worker)}, { eval: true });
      worker.on('message', () => worker.terminate().then(() => setTimeout(() => console.log('alive'), 300)));`;
    const run = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    expect([run.stdout.trim(), run.signal]).toEqual(['alive', null]);
  });
});
