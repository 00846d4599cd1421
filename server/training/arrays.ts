import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '../model/weights/safetensors.js';
import { latestCheckpoint, saveCheckpoint } from '../store/checkpoint.js';

const FILE = 'arrays.safetensors';

/** Saves a checkpoint of a state that survives JSON and of arrays by name. */
export function saveArrays(
  folder: string,
  state: unknown,
  arrays: ReadonlyMap<string, Float32Array>,
  keep: number,
): void {
  const tensors = new Map(
    [...arrays].map(([name, data]) => [name, { shape: [data.length], data }]),
  );
  saveCheckpoint(folder, state, keep, (into) => writeSafetensors(join(into, FILE), tensors));
}

/** The newest sound checkpoint of `saveArrays`, or null. */
export function loadArrays(
  folder: string,
): { state: unknown; arrays: Map<string, Float32Array> } | null {
  const { checkpoint } = latestCheckpoint(folder);
  if (checkpoint === null) {
    return null;
  }
  const file = readSafetensors(join(checkpoint.folder, FILE));
  try {
    const arrays = new Map([...file.tensors].map(([name, tensor]) => [name, tensor.read()]));
    return { state: checkpoint.state, arrays };
  } finally {
    file.close();
  }
}

/** The arrays whose names begin with a prefix, under the rest of their names. */
export function arraysUnder(
  prefix: string,
  arrays: ReadonlyMap<string, Float32Array>,
): Map<string, Float32Array> {
  return new Map(
    [...arrays]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, array]) => [name.slice(prefix.length), array]),
  );
}

/** The same arrays with a prefix before their names. */
export function prefixed(
  prefix: string,
  arrays: ReadonlyMap<string, Float32Array>,
): [string, Float32Array][] {
  return [...arrays].map(([name, array]) => [prefix + name, array]);
}
