import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { writeFileAtomicWith, writeFully } from '../../store/atomic.js';
import { UserError, errorMessage } from '../../util/errors.js';
import { DTYPE_BYTES, NARROW, WIDEN, type Dtype, type FloatDtype } from './dtypes.js';
import {
  elementCount,
  METADATA_KEY,
  parseHeader,
  type Header,
  type TensorPlace,
} from './header.js';

/** A tensor in a file. */
export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /**
   * Reads and converts the elements, row-major, into a new array.
   * @throws UserError where the file was closed or changed, or the type is not one that can be read
   */
  read(): Float32Array;
  /** Reads an I8 tensor as it is; throws as `read` does. */
  readInt8(): Int8Array;
}

/** Tensors by name. Nothing but the header is in memory until `read`. */
export interface WeightsReader {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  close(): void;
}

/** A tensor to write; `data` in row-major order. */
export type TensorData = { shape: readonly number[] } & (
  | {
      data: Float32Array;
      /** F32 where it is left out. */
      dtype?: FloatDtype;
    }
  | { data: Int8Array; dtype: 'I8' }
);

/** The format allows no longer header. */
const MAX_HEADER_BYTES = 100_000_000;
/** How much is read or written at once: below the 2 GB that one system call can move. */
const PIECE_BYTES = 64 * 2 ** 20;
/** How many elements are converted at once. */
const CONVERTED_AT_ONCE = 2 ** 20;

/**
 * Opens a safetensors file and checks its header. Close it when done.
 * @throws UserError naming the file where it cannot be read or is not sound
 */
export function readSafetensors(file: string): WeightsReader {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    throw new UserError(`Cannot read the weights ${file}: ${errorMessage(error)}.`, {
      cause: error,
    });
  }
  try {
    const { header, dataStart } = readHeader(fd);
    return new SafetensorsFile(file, fd, header, dataStart);
  } catch (error) {
    closeSync(fd);
    throw unsound(file, error);
  }
}

class SafetensorsFile implements WeightsReader {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  private readonly places: ReadonlyMap<string, TensorPlace>;

  constructor(
    private readonly file: string,
    private fd: number | null,
    header: Header,
    private readonly dataStart: number,
  ) {
    this.places = header.tensors;
    this.metadata = header.metadata;
    this.tensors = new Map(
      [...header.tensors].map(([name, place]) => [
        name,
        {
          dtype: place.dtype,
          shape: place.shape,
          read: () => this.read(name, (fd, start) => readElements(fd, place, start)),
          readInt8: () => this.read(name, (fd, start) => readIntegers(fd, place, start)),
        },
      ]),
    );
  }

  close(): void {
    if (this.fd !== null) {
      closeSync(this.fd);
      this.fd = null;
    }
  }

  private read<T>(name: string, elements: (fd: number, start: number) => T): T {
    if (this.fd === null) {
      throw new Error(`${this.file} was closed before ${name} was read.`);
    }
    try {
      return elements(this.fd, this.dataStart + this.places.get(name)!.begin);
    } catch (error) {
      throw unsound(this.file, `tensor ${JSON.stringify(name)}: ${errorMessage(error)}`);
    }
  }
}

function unsound(file: string, fault: unknown): UserError {
  return new UserError(
    `${file} is not a sound safetensors file: ${errorMessage(fault)}. Get or make the file again.`,
  );
}

function readHeader(fd: number): { header: Header; dataStart: number } {
  const { size } = fstatSync(fd);
  if (size < 8) {
    throw new Error(`it is only ${size} bytes long`);
  }
  const length = Number(readExactly(fd, Buffer.alloc(8), 0).readBigUInt64LE());
  if (length > MAX_HEADER_BYTES || 8 + length > size) {
    throw new Error(`its header is said to take ${length} bytes of the file's ${size}`);
  }
  const header = readExactly(fd, Buffer.alloc(length), 8);
  return { header: parseHeader(header, size - 8 - length), dataStart: 8 + length };
}

function readElements(fd: number, { dtype, shape }: TensorPlace, start: number): Float32Array {
  const widen = WIDEN[dtype];
  if (!widen) {
    throw new Error(`the type ${dtype} cannot be turned into 32-bit floats`);
  }
  const elements = new Float32Array(elementCount(shape));
  if (dtype === 'F32') {
    readExactly(fd, new Uint8Array(elements.buffer), start);
    return elements;
  }
  const size = DTYPE_BYTES[dtype];
  const bytes = new Uint8Array(Math.min(elements.length, CONVERTED_AT_ONCE) * size);
  for (let done = 0; done < elements.length; done += CONVERTED_AT_ONCE) {
    const into = elements.subarray(done, done + CONVERTED_AT_ONCE);
    widen(readExactly(fd, bytes.subarray(0, into.length * size), start + done * size), into);
  }
  return elements;
}

function readIntegers(fd: number, { dtype, shape }: TensorPlace, start: number): Int8Array {
  if (dtype !== 'I8') {
    throw new Error(`its type is ${dtype}, not I8`);
  }
  const elements = new Int8Array(elementCount(shape));
  readExactly(fd, new Uint8Array(elements.buffer), start);
  return elements;
}

/** Fills `into` from a place in the file. */
function readExactly<T extends Uint8Array>(fd: number, into: T, position: number): T {
  for (let done = 0; done < into.length; ) {
    const count = readSync(
      fd,
      into,
      done,
      Math.min(PIECE_BYTES, into.length - done),
      position + done,
    );
    if (count === 0) {
      throw new Error('it ended while it was read');
    }
    done += count;
  }
  return into;
}

/**
 * Writes a safetensors file atomically. Wider types come first, so that all elements lie aligned.
 * @param metadata transformers asks for `{format: 'pt'}`
 * @throws Error where a tensor's data does not fit its shape
 */
export function writeSafetensors(
  file: string,
  tensors: ReadonlyMap<string, TensorData>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): void {
  const inOrder = [...tensors].sort(
    ([, a], [, b]) => DTYPE_BYTES[b.dtype ?? 'F32'] - DTYPE_BYTES[a.dtype ?? 'F32'],
  );
  const header = makeHeader(inOrder, metadata);
  writeFileAtomicWith(file, (fd) => {
    writeFully(fd, header);
    for (const [, tensor] of inOrder) {
      writeElements(fd, tensor);
    }
  });
}

function makeHeader(
  tensors: readonly [string, TensorData][],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0;
  const places = tensors.map(([name, { shape, data, dtype = 'F32' }]): [string, unknown] => {
    if (elementCount(shape) !== data.length || name === METADATA_KEY) {
      throw new Error(
        `Cannot write tensor ${JSON.stringify(name)}: ${data.length} elements for the shape [${shape.join(', ')}].`,
      );
    }
    const begin = end;
    end += data.length * DTYPE_BYTES[dtype];
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  const json = Buffer.from(
    JSON.stringify(Object.fromEntries([[METADATA_KEY, metadata], ...places])),
    'utf8',
  );
  const padded = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + padded, ' ');
  header.writeBigUInt64LE(BigInt(padded));
  json.copy(header, 8);
  return header;
}

function writeElements(fd: number, tensor: TensorData): void {
  const { data } = tensor;
  const narrow = tensor.dtype === 'F16' || tensor.dtype === 'BF16' ? NARROW[tensor.dtype] : null;
  const atOnce = narrow ? CONVERTED_AT_ONCE : PIECE_BYTES / data.BYTES_PER_ELEMENT;
  const narrowed = new Uint16Array(narrow ? Math.min(data.length, atOnce) : 0);
  for (let done = 0; done < data.length; done += atOnce) {
    let elements: Float32Array | Int8Array | Uint16Array = data.subarray(done, done + atOnce);
    if (narrow) {
      const into = narrowed.subarray(0, elements.length);
      narrow(elements as Float32Array, into);
      elements = into;
    }
    writeFully(fd, new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength));
  }
}
