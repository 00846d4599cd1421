import { env, matMul, setBackend, tidy } from '@tensorflow/tfjs-core';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import nodeUtil from 'node:util';
import { dataHome } from '../store/home.js';
import { setTensorflowEnvironment } from './tensorflowEnvironment.js';

/** The packages that bring TensorFlow's backend, the better one first. */
export const TENSORFLOW_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;
export type TensorflowPackage = (typeof TENSORFLOW_PACKAGES)[number];

const PROBE_LIMIT_MS = 60_000;
/** The exit status by which a probe says that an exception was thrown. */
const PROBE_THREW = 3;

export type Probe = { ok: true; version: string; gpu: boolean } | { ok: false; reason: string };

/** Where `batcoder doctor --setup-tensorflow` installs a package. */
export function tensorflowFolder(): string {
  return join(dataHome(), 'tensorflow');
}

/**
 * Makes TensorFlow's backend the one in use, where one of its packages is installed beside BatCoder or by
 * the doctor. It is tried in a child process first: a library that does not fit the machine can end the
 * process that loads it.
 */
export async function loadTensorflow(
  threads: number,
): Promise<{ ok: boolean; reason: string; gpu: boolean }> {
  const failures: string[] = [];
  for (const { name, path } of installedPackages()) {
    const probe = probeTensorflow(path);
    if (!probe.ok) {
      failures.push(`${name}: ${probe.reason}`);
      continue;
    }
    restoreRemovedUtilities(nodeUtil);
    setTensorflowEnvironment(process.env, threads);
    requireQuietly(path);
    await setBackend('tensorflow');
    // A library that has not computed yet is unloaded with its worker thread, and the process then crashes;
    // the binding that the doctor builds stays loaded anyway, a downloaded one does not.
    tidy(() => matMul([[1]], [[1]]).dataSync());
    const device = probe.gpu ? 'the graphics processor' : 'the processor';
    return { ok: true, reason: `TensorFlow ${probe.version} on ${device}`, gpu: probe.gpu };
  }
  return {
    ok: false,
    reason: failures.join('; ') || 'no tfjs-node package is installed',
    gpu: false,
  };
}

/** The packages of TensorFlow that are there, in the order in which they are tried. */
export function installedPackages(): { name: string; path: string }[] {
  return [join(__dirname, 'package.json'), join(tensorflowFolder(), 'package.json')].flatMap(
    (base) =>
      TENSORFLOW_PACKAGES.flatMap((name) => {
        try {
          return [{ name, path: createRequire(base).resolve(name) }];
        } catch {
          return [];
        }
      }),
  );
}

/**
 * Runs one product in a child process.
 * @param path the package's main file
 */
export function probeTensorflow(path: string): Probe {
  const script = `(${restoreRemovedUtilities.toString()})(require('node:util'));
    try {
      const tf = require(${JSON.stringify(path)});
      if (tf.matMul([[2]], [[3]]).dataSync()[0] !== 6) throw new Error('2 x 3 is not 6 on it');
      const { binding, isUsingGpuDevice } = tf.backend();
      console.log(JSON.stringify({ version: binding.TF_Version, gpu: isUsingGpuDevice }));
    } catch (error) {
      console.log(JSON.stringify(String(error && error.message || error)));
      process.exitCode = ${PROBE_THREW};
    }`;
  const childEnv: NodeJS.ProcessEnv = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  setTensorflowEnvironment(childEnv);
  const run = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    timeout: PROBE_LIMIT_MS,
    env: childEnv,
  });
  const answer = run.stdout?.trim().split('\n').at(-1) ?? '';
  if (run.status === 0) {
    return { ok: true, ...(JSON.parse(answer) as { version: string; gpu: boolean }) };
  }
  if (run.status === PROBE_THREW) {
    return { ok: false, reason: (JSON.parse(answer) as string).split('\n')[0].trim() };
  }
  const ended = run.signal ? `signal ${run.signal}` : `status ${run.status}`;
  const said = run.stderr?.split('\n').find((line) => /error|fatal|abort/i.test(line));
  return {
    ok: false,
    reason: `loading it ended the process with ${ended}${said ? `: ${said.trim()}` : ''}`,
  };
}

/**
 * tfjs-node brings its own copy of tfjs, which shares the engine of ours (it is kept on the global object)
 * and would warn of every kernel that both register.
 */
function requireQuietly(path: string): void {
  const before = env().getBool('PROD');
  env().set('PROD', true);
  try {
    createRequire(path)(path);
  } finally {
    env().set('PROD', before);
  }
}

/** tfjs-node 4.22 calls util.isNullOrUndefined, which Node 23 removed. */
function restoreRemovedUtilities(util: object): void {
  const target = util as { isNullOrUndefined?: (value: unknown) => boolean };
  target.isNullOrUndefined ??= (value) => value === null || value === undefined;
}
