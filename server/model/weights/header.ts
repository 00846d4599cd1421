import { DTYPE_BYTES, isDtype, type Dtype } from './dtypes.js';

/** Where a tensor lies: `begin` and `end` are bytes from the start of the data. */
export interface TensorPlace {
  dtype: Dtype;
  shape: number[];
  begin: number;
  end: number;
}

export interface Header {
  tensors: Map<string, TensorPlace>;
  metadata: Record<string, string>;
}

export const METADATA_KEY = '__metadata__';

/**
 * Reads the JSON header of a safetensors file and checks all of it: types, shapes, and that the tensors
 * cover the data exactly, without overlap or hole.
 * @param dataBytes how many bytes follow the header
 * @throws Error that says what is wrong
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number): Header {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new Error(`its header is not JSON (${(error as Error).message})`, { cause: error });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Error('its header is no JSON object');
  }
  const tensors = new Map<string, TensorPlace>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json as Record<string, unknown>)) {
    if (name === METADATA_KEY) {
      metadata = parseMetadata(value);
    } else {
      tensors.set(name, parsePlace(name, value));
    }
  }
  checkCover(tensors, dataBytes);
  return { tensors, metadata };
}

/** The number of elements of a shape, or NaN where it is none or too large to count. */
export function elementCount(shape: readonly unknown[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || (size as number) < 0) {
      return NaN;
    }
    count *= size as number;
    if (!Number.isSafeInteger(count)) {
      return NaN;
    }
  }
  return count;
}

function parseMetadata(value: unknown): Record<string, string> {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap || !Object.values(value).every((text) => typeof text === 'string')) {
    throw new Error(`its ${METADATA_KEY} is not an object of strings`);
  }
  return value as Record<string, string>;
}

function parsePlace(name: string, value: unknown): TensorPlace {
  const label = `tensor ${JSON.stringify(name)}`;
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const { dtype, shape, data_offsets: offsets } = fields;
  if (!isDtype(dtype)) {
    throw new Error(`${label} has the unknown type ${JSON.stringify(dtype)}`);
  }
  const count = Array.isArray(shape) ? elementCount(shape) : NaN;
  if (Number.isNaN(count) || !Number.isSafeInteger(count * DTYPE_BYTES[dtype])) {
    throw new Error(`${label} has the impossible shape ${JSON.stringify(shape)}`);
  }
  const pair: unknown[] = Array.isArray(offsets) && offsets.length === 2 ? offsets : [];
  const [begin, end] = pair;
  if (!isOffset(begin) || !isOffset(end)) {
    throw new Error(`${label} has the impossible offsets ${JSON.stringify(offsets)}`);
  }
  if (end - begin !== count * DTYPE_BYTES[dtype]) {
    throw new Error(
      `${label} takes ${end - begin} bytes, where its shape and type need ${count * DTYPE_BYTES[dtype]}`,
    );
  }
  return { dtype, shape: shape as number[], begin, end };
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function checkCover(tensors: ReadonlyMap<string, TensorPlace>, dataBytes: number): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const [name, { begin, end }] of inOrder) {
    if (begin !== covered) {
      const fault = begin < covered ? 'overlaps the one before it' : 'leaves a hole before it';
      throw new Error(`tensor ${JSON.stringify(name)} ${fault}`);
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new Error(
      covered > dataBytes
        ? `it is cut off: its tensors need ${covered} bytes, ${dataBytes} are there`
        : `${dataBytes - covered} bytes at its end belong to no tensor`,
    );
  }
}
