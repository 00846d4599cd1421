import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '../../store/json.js';
import { UserError } from '../../util/errors.js';
import { readSafetensors, type StoredTensor, type WeightsReader } from './safetensors.js';

const SINGLE_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';

/**
 * Opens the weights of a model's folder: model.safetensors, or the several files that
 * model.safetensors.index.json names. Close it when done.
 * @throws UserError naming the file that is missing or not sound
 */
export function openWeights(folder: string): WeightsReader {
  const single = join(folder, SINGLE_FILE);
  if (existsSync(single)) {
    return readSafetensors(single);
  }
  const index = join(folder, INDEX_FILE);
  if (!existsSync(index)) {
    throw new UserError(
      `${folder} holds no weights: neither ${SINGLE_FILE} nor ${INDEX_FILE} is there.`,
    );
  }
  return openShards(folder, index);
}

/** In what form a folder holds its matrices, in words. */
export type WeightsForm = '8-bit integers' | '16-bit floats' | '32-bit floats';

/** @throws UserError as {@link openWeights} does */
export function formOfWeights(folder: string): WeightsForm {
  const weights = openWeights(folder);
  const types = new Set([...weights.tensors.values()].map(({ dtype }) => dtype));
  weights.close();
  if (types.has('I8')) {
    return '8-bit integers';
  }
  return types.has('F16') || types.has('BF16') ? '16-bit floats' : '32-bit floats';
}

function openShards(folder: string, index: string): WeightsReader {
  const files = new Map<string, WeightsReader>();
  const close = () => files.forEach((file) => file.close());
  try {
    const tensors = new Map<string, StoredTensor>();
    for (const [name, shard] of readWeightMap(index)) {
      let file = files.get(shard);
      if (!file) {
        file = readSafetensors(join(folder, shard));
        files.set(shard, file);
      }
      const tensor = file.tensors.get(name);
      if (!tensor) {
        throw new UserError(
          `${index} says that ${shard} holds ${JSON.stringify(name)}; it does not.`,
        );
      }
      tensors.set(name, tensor);
    }
    return { tensors, metadata: {}, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Tensor names with the file that holds each. */
function readWeightMap(index: string): [string, string][] {
  const json = readJson(index) as { weight_map?: unknown } | null;
  const map = json?.weight_map;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw new UserError(`${index} has no "weight_map" object.`);
  }
  return Object.entries(map as Record<string, unknown>).map(([name, shard]) => {
    // Files elsewhere are none of a model's business.
    if (typeof shard !== 'string' || !/^[\w.-]+$/.test(shard) || shard.startsWith('.')) {
      throw new UserError(
        `${index} names ${JSON.stringify(shard)}, which is no file of its folder.`,
      );
    }
    return [name, shard];
  });
}
