import type { WasmMemory } from './wasmMemory.js';

export type Values = Record<string, unknown>;
type Callback = (env: number, info: number) => number;

const OK = 0;
const INVALID = 1;

/** The numbers of native/wasm/include/node_api.h. */
const TYPE = { undefined: 0, null: 1, boolean: 2, number: 3, string: 4, object: 6 } as const;
const ARRAY_TYPES = new Map<unknown, number>([
  [Int8Array, 0],
  [Uint8Array, 1],
  [Int16Array, 3],
  [Uint16Array, 4],
  [Int32Array, 5],
  [Uint32Array, 6],
  [Float32Array, 7],
  [Float64Array, 8],
]);

/** An argument from outside the kernels' memory, and its copy inside for the time of a call. */
interface Guest {
  outside: ArrayBufferView;
  inside: Uint8Array;
  offset: number;
}

/** Bytes of arguments from outside that a call copies without asking the heap. */
const STAGING_BYTES = 1 << 16;

/**
 * The part of the N-API that the kernels' bindings use (native/wasm/include/node_api.h), for the
 * WebAssembly build. A value is its index in the list of the call in progress, plus one.
 */
export class NapiCalls {
  private values: unknown[] = [];
  private argumentCount = 0;
  private guests: Guest[] = [];
  private pending: Error | null = null;
  private readonly ints: Int32Array;
  private readonly doubles: Float64Array;
  private readonly bytes: Uint8Array;
  private heap!: WasmMemory;
  private table!: WebAssembly.Table;
  private stackPointer!: WebAssembly.Global;
  private staging = 0;
  private staged = 0;
  private copied = 0;

  constructor(memory: WebAssembly.Memory) {
    // The stack and the constants lie at the start of the memory, which these reach for ever.
    this.ints = new Int32Array(memory.buffer);
    this.doubles = new Float64Array(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
  }

  /** After the module is made, before the first call. */
  start(heap: WasmMemory, table: WebAssembly.Table, stackPointer: WebAssembly.Global): void {
    this.heap = heap;
    this.table = table;
    this.stackPointer = stackPointer;
    this.staging = heap.take(STAGING_BYTES).offset;
  }

  /** Bytes copied into the kernels' memory because an argument lay outside. */
  get copiedBytes(): number {
    return this.copied;
  }

  /** Runs a call of the module with these arguments, and throws what it throws. */
  run(args: unknown[], call: () => number): unknown {
    const stack = this.stackPointer.value as number;
    this.values = args;
    this.argumentCount = args.length;
    this.staged = 0;
    let result: unknown;
    try {
      result = this.valueOf(call());
    } finally {
      this.stackPointer.value = stack;
      this.values = [];
      this.releaseGuests();
    }
    if (this.pending) {
      const error = this.pending;
      this.pending = null;
      throw error;
    }
    return result;
  }

  handleOf(value: unknown): number {
    return this.values.push(value);
  }

  imports(): Record<string, (...args: number[]) => number> {
    return {
      napi_get_cb_info: (_env, _info, count, values) => {
        for (let i = 0; i < this.argumentCount; i++) {
          this.ints[(values >> 2) + i] = i + 1;
        }
        this.ints[count >> 2] = this.argumentCount;
        return OK;
      },
      napi_typeof: (_env, handle, type) => {
        const value = this.valueOf(handle);
        const name = value === null ? 'null' : typeof value;
        this.ints[type >> 2] = TYPE[name as keyof typeof TYPE] ?? TYPE.object;
        return OK;
      },
      napi_get_value_double: (_env, handle, result) => {
        const value = this.valueOf(handle);
        if (typeof value !== 'number') {
          return INVALID;
        }
        this.doubles[result >> 3] = value;
        return OK;
      },
      napi_get_value_bool: (_env, handle, result) => {
        const value = this.valueOf(handle);
        if (typeof value !== 'boolean') {
          return INVALID;
        }
        this.bytes[result] = value ? 1 : 0;
        return OK;
      },
      napi_get_typedarray_info: (_env, handle, type, length, data) =>
        this.describeArray(this.valueOf(handle), type, length, data),
      napi_create_double: (_env, ...rest) => this.create(rest[0], rest[1]),
      napi_create_string_utf8: (_env, text, _length, result) =>
        this.create(this.text(text), result),
      napi_create_function: (_env, _name, _length, callback, _data, result) => {
        const target = this.table.get(callback) as Callback;
        return this.create((...args: unknown[]) => this.run(args, () => target(0, 0)), result);
      },
      napi_set_named_property: (_env, object, name, value) => {
        (this.valueOf(object) as Values)[this.text(name)] = this.valueOf(value);
        return OK;
      },
      napi_throw_type_error: (_env, _code, message) => {
        this.pending ??= new TypeError(this.text(message));
        return OK;
      },
      napi_throw_range_error: (_env, _code, message) => {
        this.pending ??= new RangeError(this.text(message));
        return OK;
      },
    };
  }

  private valueOf(handle: number): unknown {
    return handle === 0 ? undefined : this.values[handle - 1];
  }

  private create(value: unknown, result: number): number {
    this.ints[result >> 2] = this.handleOf(value);
    return OK;
  }

  private text(address: number): string {
    const end = this.bytes.indexOf(0, address);
    return Buffer.from(this.bytes.subarray(address, end)).toString('utf8');
  }

  private describeArray(value: unknown, type: number, length: number, data: number): number {
    const kind = ARRAY_TYPES.get((value as object | null)?.constructor);
    if (kind === undefined) {
      return INVALID;
    }
    const array = value as Float32Array;
    const offset = this.heap.holds(array) ? array.byteOffset : this.copyIn(array);
    this.ints[type >> 2] = kind;
    this.ints[length >> 2] = array.length;
    this.ints[data >> 2] = offset;
    return OK;
  }

  private copyIn(array: ArrayBufferView): number {
    const known = this.guests.find(({ outside }) => outside === array);
    if (known) {
      return known.offset;
    }
    const size = array.byteLength;
    const fits = this.staged + size <= STAGING_BYTES;
    const offset = fits ? this.staging + this.staged : this.heap.take(size).offset;
    if (fits) {
      this.staged += Math.ceil(size / 64) * 64;
    }
    const inside = new Uint8Array(this.heap.upTo(offset + size), offset, size);
    inside.set(new Uint8Array(array.buffer, array.byteOffset, size));
    this.guests.push({ outside: array, inside, offset });
    this.copied += size;
    return offset;
  }

  /** The kernels may have written to any of them. */
  private releaseGuests(): void {
    for (const { outside, inside, offset } of this.guests) {
      new Uint8Array(outside.buffer, outside.byteOffset, outside.byteLength).set(inside);
      if (offset < this.staging || offset >= this.staging + STAGING_BYTES) {
        this.heap.give({ buffer: inside.buffer, offset }, inside.byteLength);
      }
    }
    this.guests = [];
  }
}
