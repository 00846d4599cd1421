import { nativeAddon } from '../../tensor/addon.js';

export interface KernelTime {
  kernel: string;
  calls: number;
  seconds: number;
}

/**
 * Times every call of the native addon from now on, by putting a clock around each of its functions. What a step takes
 * beyond the calls is the price of running it through tfjs: graph, tape and tensor bookkeeping, garbage collection.
 * @returns ends it and tells the time of each kernel, the longest first
 */
export function startKernelClock(): () => KernelTime[] {
  const addon = nativeAddon() as unknown as Record<string, (...args: unknown[]) => unknown>;
  const originals = Object.entries(addon);
  const times = new Map<string, KernelTime>();
  for (const [kernel, original] of originals) {
    const time: KernelTime = { kernel, calls: 0, seconds: 0 };
    times.set(kernel, time);
    addon[kernel] = (...args) => {
      const start = performance.now();
      const result = original(...args);
      time.seconds += (performance.now() - start) / 1000;
      time.calls++;
      return result;
    };
  }
  return () => {
    for (const [kernel, original] of originals) {
      addon[kernel] = original;
    }
    return [...times.values()]
      .filter(({ calls }) => calls > 0)
      .sort((a, b) => b.seconds - a.seconds);
  };
}
