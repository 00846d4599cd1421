import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { type backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Dawn } from './dawn.js';

/** One run of a kernel in WGSL. */
export interface Dispatch {
  /** Names the code: two of the same key are one. */
  key: string;
  code: () => string;
  /** What the shader sees at @group(0), from @binding(0) on. */
  buffers: readonly (TensorInfo | GPUBuffer)[];
  /** The fields of the uniform struct at the binding after the last buffer: u32 first, then f32. */
  ints: readonly number[];
  floats?: readonly number[];
  workgroups: readonly [number, number?, number?];
}

type DataId = TensorInfo['dataId'];

/** What this file uses of tfjs's backend beyond its public interface; its version is fixed for that. */
interface Internals {
  computePassEncoder: GPUComputePassEncoder | null;
  commandEncoder: GPUCommandEncoder;
  commandQueueOwnedIds: WeakSet<DataId>;
  uniformPendingDisposal: GPUBuffer[];
  dispatchCountInPass: number;
}

/** Dispatches that are recorded before they are handed to the device. */
const BATCH = 64;

/** tfjs's WebGPU backend over Dawn, with kernels of ours among its own and reads that wait. */
export class WebgpuBackend extends WebGPUBackend {
  private readonly pipelines = new Map<string, GPUComputePipeline>();
  private readonly inner = this as unknown as Internals;

  constructor(readonly dawn: Dawn) {
    super(dawn.device, dawn.info);
  }

  /** A tensor with undefined content, for a kernel to fill. */
  allocate(shape: number[]): TensorInfo {
    return this.makeTensorInfo(shape, 'float32');
  }

  /** A tensor of integers for the time of a kernel; the caller disposes its data. */
  integers(values: Int32Array): TensorInfo {
    return this.makeTensorInfo([values.length], 'int32', values);
  }

  /** A buffer that kernels read, for as long as it is referenced. */
  constant(values: Uint32Array | Float32Array): GPUBuffer {
    const buffer = this.device.createBuffer({
      size: values.byteLength,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.queue.writeBuffer(buffer, 0, values.buffer, values.byteOffset, values.byteLength);
    return buffer;
  }

  /** Workgroups for so many rows, in as many dimensions as the device needs: the shader's row is x + y * groups.x. */
  grid(rows: number): [number, number] {
    const most = this.device.limits.maxComputeWorkgroupsPerDimension;
    const down = Math.ceil(rows / most);
    return [Math.ceil(rows / down), down];
  }

  /** Gives back tensors that only kernels already dispatched still need. */
  discard(...tensors: TensorInfo[]): void {
    tensors.forEach(({ dataId }) => this.disposeData(dataId));
  }

  /** Records a kernel after those recorded before; each sees what the earlier ones wrote. */
  dispatch({ key, code, buffers, ints, floats = [], workgroups }: Dispatch): void {
    const pipeline = this.pipeline(key, code);
    const bound = [
      ...buffers.map((one) => ('dataId' in one ? this.bufferOf(one) : one)),
      this.uniform(ints, floats),
    ];
    const bindGroup = this.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: bound.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const { inner } = this;
    this.ensureCommandEncoderReady();
    inner.computePassEncoder ??= inner.commandEncoder.beginComputePass();
    inner.computePassEncoder.setPipeline(pipeline);
    inner.computePassEncoder.setBindGroup(0, bindGroup);
    inner.computePassEncoder.dispatchWorkgroups(...(workgroups as [number]));
    if (++inner.dispatchCountInPass >= BATCH) {
      this.endComputePassEncoder();
      this.submitQueue();
    }
  }

  /** Waits for what was dispatched; the values are kept until the tensor goes or changes. */
  override readSync(dataId: object): backend_util.BackendValues {
    const data = this.tensorMap.get(dataId);
    if (data.values) {
      return data.values;
    }
    const source = data.resource as GPUBuffer;
    const staging = this.bufferManager.acquireBuffer(
      source.size,
      GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    );
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    this.inner.commandEncoder.copyBufferToBuffer(source, 0, staging, 0, source.size);
    this.submitQueue();
    const bytes = this.dawn.read(staging);
    this.bufferManager.releaseBuffer(staging);
    data.values = util.convertBackendValuesAndArrayBuffer(bytes, data.dtype);
    return data.values;
  }

  override read(dataId: object): Promise<backend_util.BackendValues> {
    return Promise.resolve(this.readSync(dataId));
  }

  /** The same data under another shape. */
  alias({ dataId, dtype }: TensorInfo, shape: number[]): TensorInfo {
    this.incRef(dataId);
    return { dataId, shape, dtype: dtype };
  }

  /** Notes that a kernel changes a tensor in place: values read before are old. */
  changed({ dataId }: TensorInfo): void {
    this.uploadToGPU(dataId);
    this.tensorMap.get(dataId).values = null as unknown as backend_util.BackendValues;
  }

  private bufferOf({ dataId }: TensorInfo): GPUBuffer {
    this.uploadToGPU(dataId);
    this.inner.commandQueueOwnedIds.add(dataId);
    return this.tensorMap.get(dataId).resource as GPUBuffer;
  }

  private pipeline(key: string, code: () => string): GPUComputePipeline {
    let pipeline = this.pipelines.get(key);
    if (!pipeline) {
      const module = this.device.createShaderModule({ code: code(), label: key });
      pipeline = this.device.createComputePipeline({
        label: key,
        layout: 'auto',
        compute: { module, entryPoint: 'main' },
      });
      this.pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  private uniform(ints: readonly number[], floats: readonly number[]): GPUBuffer {
    const bytes = new ArrayBuffer(Math.ceil((ints.length + floats.length) / 4) * 16);
    new Uint32Array(bytes).set(ints);
    new Float32Array(bytes, ints.length * 4).set(floats);
    const buffer = this.bufferManager.acquireBuffer(
      bytes.byteLength,
      GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM,
    );
    this.queue.writeBuffer(buffer, 0, bytes);
    this.inner.uniformPendingDisposal.push(buffer);
    return buffer;
  }
}
