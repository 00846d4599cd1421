import './gradients.js';
import '@tensorflow/tfjs-backend-cpu';
import { backend, findBackend, registerBackend, setBackend } from '@tensorflow/tfjs-core';
import { UserError } from '../util/errors.js';
import { type Addon, kernelsInUse, nativeAddon } from './addon.js';
import { type KernelMemory, SystemMemory } from './kernelMemory.js';
import { registerKernels } from './kernels/register.js';
import { NativeBackend } from './nativeBackend.js';
import { loadTensorflow } from './tensorflow.js';
import { threadCount } from './threads.js';
import { wasmAddon } from './wasmAddon.js';
import { loadWebgpu } from './webgpu/load.js';

export type BackendName = 'tensorflow' | 'native' | 'webgpu' | 'wasm' | 'cpu';

export interface BackendReport {
  name: BackendName;
  /** Why this one, in words for the user. */
  reason: string;
  /** What was tried, in order, with what came of it. */
  tried: { name: string; ok: boolean; reason: string }[];
  threads: number;
  /** Whether it computes on a graphics processor. */
  gpu: boolean;
  /** Instruction set of the compiled kernels, or null. */
  isa: string | null;
}

export interface BackendOptions {
  /** Threads of the compiled kernels, as {@link threadCount} reads them; default: BATCODER_THREADS, else 0. */
  threads?: number;
}

const NAMES: readonly BackendName[] = ['tensorflow', 'native', 'webgpu', 'wasm', 'cpu'];
/**
 * What is tried where none is asked for, in order. Not webgpu: decoding a small model token by token is bound by the
 * hundreds of dispatches of a token, at which native is expected to be faster whatever the adapter is.
 */
const BY_ITSELF = NAMES.filter((name) => name !== 'webgpu');

/**
 * Chooses the tensor backend of this thread: `tensorflow` where it loads, else `native`, else
 * `wasm`, else `cpu`; `webgpu` where it is asked for.
 * @param prefer only this one; BATCODER_BACKEND in the environment does the same
 * @throws UserError where the one asked for does not work, or its name is unknown
 */
export async function initBackend(
  prefer?: BackendName,
  options: BackendOptions = {},
): Promise<BackendReport> {
  const forced = prefer ?? forcedByEnvironment();
  const tried: BackendReport['tried'] = [];
  for (const name of forced ? [forced] : BY_ITSELF) {
    const outcome = await tryBackend(name, options);
    tried.push({ name, ok: outcome.ok, reason: outcome.reason });
    if (outcome.ok) {
      const kernels = kernelsInUse();
      return {
        name,
        reason: forced ? `asked for; ${outcome.reason}` : outcome.reason,
        tried,
        threads: kernels?.threads() ?? (name === 'cpu' ? 1 : threadsOf(options)),
        gpu: outcome.gpu ?? false,
        isa: kernels?.isa() ?? null,
      };
    }
  }
  throw new UserError(`The backend '${forced}' does not work here: ${tried[0].reason}`);
}

/**
 * Bounds what the tensors of the compiled kernels may take from the system; other backends know no bound.
 * @param bytes Infinity: all there is
 * @returns whether the backend in use keeps to it
 */
export function limitMemory(bytes: number): boolean {
  const inUse = backend();
  if (!(inUse instanceof NativeBackend)) {
    return false;
  }
  inUse.pool.limit = bytes;
  return true;
}

function forcedByEnvironment(): BackendName | undefined {
  const name = process.env['BATCODER_BACKEND'];
  if (!name) {
    return undefined;
  }
  const known = NAMES.find((candidate) => candidate === name);
  if (!known) {
    throw new UserError(
      `BATCODER_BACKEND is '${name}': use one of ${NAMES.join(', ')}, or leave it out.`,
    );
  }
  return known;
}

async function tryBackend(
  name: BackendName,
  options: BackendOptions,
): Promise<{ ok: boolean; reason: string; gpu?: boolean }> {
  switch (name) {
    case 'tensorflow':
      return loadTensorflow(threadsOf(options));
    case 'native':
      return startKernels(name, options, 'build the kernels with `npm run build:native`', () => {
        const addon = nativeAddon();
        return { addon, memory: new SystemMemory((x) => addon.alignment(x)) };
      });
    case 'webgpu':
      return loadWebgpu();
    case 'wasm':
      return startKernels(name, options, 'run `npm run build`', () => {
        const addon = wasmAddon();
        return { addon, memory: addon.memory };
      });
    case 'cpu':
      await setBackend('cpu');
      // The CPU backend would print an advertisement of tfjs-node at the first tensor.
      (backend() as unknown as { firstUse: boolean }).firstUse = false;
      return { ok: true, reason: 'plain JavaScript, about a hundred times slower than native' };
  }
}

function threadsOf({ threads }: BackendOptions): number {
  return threadCount(threads ?? Number(process.env['BATCODER_THREADS'] ?? 0));
}

async function startKernels(
  name: 'native' | 'wasm',
  options: BackendOptions,
  cure: string,
  load: () => { addon: Addon; memory: KernelMemory },
): Promise<{ ok: boolean; reason: string }> {
  try {
    const { addon, memory } = load();
    addon.setThreads(threadsOf(options));
    if (!findBackend(name)) {
      registerBackend(name, () => new NativeBackend(addon, memory));
      registerKernels(name);
    }
    await setBackend(name);
    const count = addon.threads();
    const lost =
      name === 'wasm'
        ? ': several times slower than native, no paged cache, no sampling in C++'
        : '';
    return {
      ok: true,
      reason: `compiled kernels for ${addon.isa()} on ${count} thread${count === 1 ? '' : 's'}${lost}`,
    };
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { ok: false, reason: `${message}; ${cure}` };
  }
}
