import './gradients.js';
import '@tensorflow/tfjs-backend-cpu';
import { backend, findBackend, registerBackend, setBackend } from '@tensorflow/tfjs-core';
import { availableParallelism } from 'node:os';
import { UserError } from '../util/errors.js';
import { nativeAddon } from './addon.js';
import { registerNativeKernels } from './kernels/register.js';
import { NativeBackend } from './nativeBackend.js';
import { loadTensorflow } from './tensorflow.js';

export type BackendName = 'tensorflow' | 'native' | 'cpu';

export interface BackendReport {
  name: BackendName;
  /** Why this one, in words for the user. */
  reason: string;
  /** What was tried, in order, with what came of it. */
  tried: { name: string; ok: boolean; reason: string }[];
  threads: number;
  /** Whether it computes on a graphics processor. */
  gpu: boolean;
  /** Instruction set of the native kernels, or null. */
  isa: string | null;
}

export interface BackendOptions {
  /** Threads of the native kernels; default: BATCODER_THREADS, else what the machine lets this process use. */
  threads?: number;
}

const NAMES: readonly BackendName[] = ['tensorflow', 'native', 'cpu'];

/**
 * Chooses the tensor backend of this thread: `tensorflow` where it loads, else `native`, else `cpu`.
 * @param prefer only this one; BATCODER_BACKEND in the environment does the same
 * @throws UserError where the one asked for does not work, or its name is unknown
 */
export async function initBackend(
  prefer?: BackendName,
  options: BackendOptions = {},
): Promise<BackendReport> {
  const forced = prefer ?? forcedByEnvironment();
  const tried: BackendReport['tried'] = [];
  for (const name of forced ? [forced] : NAMES) {
    const outcome = await tryBackend(name, options);
    tried.push({ name, ok: outcome.ok, reason: outcome.reason });
    if (outcome.ok) {
      const native = name === 'native' ? nativeAddon() : null;
      return {
        name,
        reason: forced ? `asked for; ${outcome.reason}` : outcome.reason,
        tried,
        threads: native?.threads() ?? (name === 'cpu' ? 1 : threadsOf(options)),
        gpu: outcome.gpu ?? false,
        isa: native?.isa() ?? null,
      };
    }
  }
  throw new UserError(`The backend '${forced}' does not work here: ${tried[0].reason}`);
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
      return startNative(options);
    case 'cpu':
      await setBackend('cpu');
      // The CPU backend would print an advertisement of tfjs-node at the first tensor.
      (backend() as unknown as { firstUse: boolean }).firstUse = false;
      return { ok: true, reason: 'plain JavaScript, about a hundred times slower than native' };
  }
}

function threadsOf({ threads }: BackendOptions): number {
  const asked = threads ?? Number(process.env['BATCODER_THREADS'] ?? 0);
  return asked > 0 ? asked : availableParallelism();
}

async function startNative(options: BackendOptions): Promise<{ ok: boolean; reason: string }> {
  try {
    const addon = nativeAddon();
    addon.setThreads(threadsOf(options));
    if (!findBackend('native')) {
      registerBackend('native', () => new NativeBackend(addon));
      registerNativeKernels();
    }
    await setBackend('native');
    return {
      ok: true,
      reason: `compiled kernels for ${addon.isa()} on ${addon.threads()} threads`,
    };
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { ok: false, reason: `${message}; build the kernels with \`npm run build:native\`` };
  }
}
