import { errorMessage } from '../../util/errors.js';

/** What the `webgpu` package exports. */
interface DawnModule {
  create: (options: string[]) => GPU;
  globals: Record<string, unknown>;
}

/** What the types of tfjs's version of WebGPU do not know yet. */
type Adapter = GPUAdapter & {
  readonly info: GPUAdapterInfo & { readonly isFallbackAdapter: boolean };
};

/** What a person may want to know of a graphics processor. */
export interface AdapterFacts {
  /** As the driver calls it. */
  name: string;
  /** A processor that plays a graphics processor: right, and slow. */
  fallback: boolean;
  /** Bytes that a kernel can see of one buffer. */
  maxBinding: number;
  /** Bytes that the threads of a workgroup share. */
  maxShared: number;
}

/** Longer than any driver compiles: then the device hangs. */
const READ_LIMIT_MS = 120_000;
const SPINS = 200;
const PAUSE_MS = 0.05;

/**
 * A device of Dawn, the implementation of WebGPU in the `webgpu` package, in this thread.
 */
export class Dawn {
  private failure: string | null = null;
  private readonly sleeper = new Int32Array(new SharedArrayBuffer(4));

  private constructor(
    readonly device: GPUDevice,
    readonly info: GPUAdapterInfo,
    readonly facts: AdapterFacts,
  ) {
    device.addEventListener('uncapturederror', (event) => {
      this.failure ??= (event as GPUUncapturedErrorEvent).error.message;
    });
    void device.lost.then(({ message }) => {
      this.failure ??= `the device was lost: ${message}`;
    });
  }

  /**
   * @param module URL of the package's main file
   * @throws Error where it does not load or finds no adapter
   */
  static async open(module: string): Promise<Dawn> {
    const { create, globals } = (await import(module)) as DawnModule;
    const gpu = create([]);
    Object.assign(globalThis, globals);
    // Node 21 has a navigator, of its own kind. It also keeps the object alive: without it Dawn ends the process.
    const navigator = (globalThis as { navigator?: object }).navigator ?? {};
    Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
    Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
    const adapter = (await gpu.requestAdapter({
      powerPreference: 'high-performance',
    })) as Adapter | null;
    if (!adapter) {
      throw new Error(NO_ADAPTER);
    }
    const device = await adapter.requestDevice({
      // Not `shader-f16`: weights of 16 bits are stored so, and widened by what every WGSL has.
      requiredLimits: mostOf(adapter.limits),
    });
    // What Dawn still has to do in the event loop for these two calls is done in its next two rounds.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    return new Dawn(device, adapter.info, factsOf(adapter));
  }

  /**
   * The content of a buffer that can be mapped, after all that was submitted has been done.
   *
   * Dawn settles a mapping in a function that it hands to the global setImmediate: calling that here, until the
   * buffer is mapped, makes the read synchronous, as the rest of BatCoder expects of a backend.
   * @throws Error where anything since the last read failed, or the device was lost
   */
  read(buffer: GPUBuffer): ArrayBuffer {
    const plain = globalThis.setImmediate;
    let tick: (() => void) | null = null;
    const take = (callback: () => void): void => {
      tick = callback;
    };
    globalThis.setImmediate = take as unknown as typeof plain;
    try {
      buffer.mapAsync(GPUMapMode.READ).catch((error: unknown) => {
        this.failure ??= errorMessage(error);
      });
      this.pump(buffer, () => {
        const now = tick;
        tick = null;
        now?.();
        return now !== null;
      });
    } finally {
      globalThis.setImmediate = plain;
      if (tick !== null) {
        plain(tick);
      }
    }
    if (this.failure !== null || buffer.mapState !== 'mapped') {
      throw new Error(`WebGPU failed: ${this.failure ?? 'a buffer could not be read'}`);
    }
    const values = buffer.getMappedRange().slice(0);
    buffer.unmap();
    return values;
  }

  private pump(buffer: GPUBuffer, step: () => boolean): void {
    const end = Date.now() + READ_LIMIT_MS;
    for (let spin = 0; buffer.mapState === 'pending'; spin++) {
      if (!step() || Date.now() > end) {
        this.failure ??= 'the device does not answer';
        return;
      }
      if (spin > SPINS) {
        Atomics.wait(this.sleeper, 0, 0, PAUSE_MS);
      }
    }
  }
}

export const NO_ADAPTER =
  'Dawn finds no adapter that it can use: is a driver for Vulkan (on Linux with libvulkan1), Metal or Direct3D 12 installed?';

export function factsOf({ info, limits }: Adapter): AdapterFacts {
  return {
    name: info.description || [info.vendor, info.architecture].join(' '),
    fallback: info.isFallbackAdapter,
    maxBinding: limits.maxStorageBufferBindingSize,
    maxShared: limits.maxComputeWorkgroupStorageSize,
  };
}

/** The limits that large models and tiles meet; what is not asked for is only what every device has. */
function mostOf(limits: GPUSupportedLimits): Record<string, number> {
  return {
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
  };
}
