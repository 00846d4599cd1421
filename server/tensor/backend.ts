import './gradients.js';
import '@tensorflow/tfjs-backend-cpu';
import { backend, setBackend } from '@tensorflow/tfjs-core';

export type BackendName = 'tensorflow' | 'native' | 'cpu';

export interface BackendReport {
  name: BackendName;
  /** Why this one, in words for the user. */
  reason: string;
  tried: { name: string; ok: boolean; reason: string }[];
  threads: number;
  /** Instruction set of the native kernels, or null. */
  isa: string | null;
}

/** Chooses the tensor backend of this thread. */
export async function initBackend(_prefer?: BackendName): Promise<BackendReport> {
  await setBackend('cpu');
  // tfjs would print an advertisement of tfjs-node at the first tensor.
  (backend() as unknown as { firstUse: boolean }).firstUse = false;
  return { name: 'cpu', reason: 'the only one so far', tried: [], threads: 1, isa: null };
}
