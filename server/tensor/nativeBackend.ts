import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { backend_util, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import type { Addon } from './addon.js';
import { type Block, BufferPool } from './bufferPool.js';
import type { KernelMemory } from './kernelMemory.js';

/** What the CPU backend keeps of a tensor; `block` where its memory is the pool's. */
interface TensorData {
  values?: backend_util.BackendValues;
  dtype: DataType;
  refCount: number;
  block?: Block;
}

type DataId = TensorInfo['dataId'];

/**
 * The `native` and `wasm` backends: tfjs's CPU backend with kernels in C++ (registered by
 * kernels/register.ts) and tensor memory from a pool.
 */
export class NativeBackend extends MathBackendCPU {
  readonly pool: BufferPool;

  constructor(
    readonly addon: Addon,
    readonly memoryOfKernels: KernelMemory,
  ) {
    super();
    // The base class would print an advertisement of tfjs-node at the first tensor.
    (this as unknown as { firstUse: boolean }).firstUse = false;
    this.pool = new BufferPool(memoryOfKernels);
  }

  /** A float tensor with undefined content, for a kernel to fill. */
  allocate(shape: number[]): TensorInfo {
    const size = util.sizeFromShape(shape);
    const block = this.pool.take(size);
    const values = new Float32Array(block.buffer, block.offset, size);
    const dataId = super.write(values, shape, 'float32');
    this.record(dataId).block = block;
    return { dataId, shape, dtype: 'float32' };
  }

  /** The memory of a float32 tensor. */
  floats(tensor: TensorInfo): Float32Array {
    return this.record(tensor.dataId).values as Float32Array;
  }

  /** The memory of a tensor of any kind. */
  values(tensor: TensorInfo): backend_util.TypedArray {
    return this.record(tensor.dataId).values as backend_util.TypedArray;
  }

  /** The same data under another shape. */
  alias(tensor: TensorInfo, shape: number[]): TensorInfo {
    this.incRef(tensor.dataId);
    return { dataId: tensor.dataId, shape, dtype: tensor.dtype };
  }

  override write(values: backend_util.BackendValues, shape: number[], dtype: DataType): DataId {
    const dataId = super.write(values, shape, dtype);
    this.bringIn(dataId);
    return dataId;
  }

  override move(
    dataId: DataId,
    values: backend_util.BackendValues,
    shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    super.move(dataId, values, shape, dtype, refCount);
    this.bringIn(dataId);
  }

  override readSync(dataId: DataId): backend_util.BackendValues {
    const values = super.readSync(dataId);
    // A reader may keep what it gets, the pool's memory will hold another tensor by then.
    return this.record(dataId).block ? (values as Float32Array).slice() : values;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const block = this.data.has(dataId) ? this.record(dataId).block : undefined;
    const gone = super.disposeData(dataId, force);
    if (gone && block) {
      this.pool.give(block);
    }
    return gone;
  }

  /** Floats that the kernels would have to copy at each call are copied once, into the pool. */
  private bringIn(dataId: DataId): void {
    const record = this.record(dataId);
    const { values } = record;
    if (values instanceof Float32Array && !this.memoryOfKernels.holds(values)) {
      record.block = this.pool.take(values.length);
      record.values = new Float32Array(record.block.buffer, record.block.offset, values.length);
      record.values.set(values);
    }
  }

  private record(dataId: DataId): TensorData {
    return this.data.get(dataId);
  }
}
