import { findBackend, registerBackend, setBackend } from '@tensorflow/tfjs-core';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dataHome } from '../../store/home.js';
import { errorMessage } from '../../util/errors.js';
import { type AdapterFacts, Dawn, factsOf, NO_ADAPTER } from './dawn.js';

export const WEBGPU_PACKAGE = 'webgpu';
export const WEBGPU_VERSION = '0.6.2';

/** Dawn hands JavaScript memory of its own, which Electron's cage for pointers has no room for. */
const ELECTRON =
  "it cannot run in VS Code's own Node (Electron forbids what Dawn needs): name a Node 20 or later in the setting batcoder.server.node";
const MISSING = `the package ${WEBGPU_PACKAGE} is not installed: batcoder doctor --setup-webgpu installs it`;
const PROBE_LIMIT_MS = 60_000;
/** The exit status by which a probe says that an exception was thrown. */
const PROBE_THREW = 3;

export type WebgpuProbe = { ok: true; adapter: AdapterFacts } | { ok: false; reason: string };

/** Where `batcoder doctor --setup-webgpu` installs the package. */
export function webgpuFolder(): string {
  return join(dataHome(), 'webgpu');
}

/** The main file of the package `webgpu`, beside BatCoder or where the doctor installed it; null: it is nowhere. */
function installedWebgpu(): string | null {
  for (const folder of [__dirname, webgpuFolder()]) {
    try {
      return createRequire(join(folder, 'package.json')).resolve(WEBGPU_PACKAGE);
    } catch {
      // Not there: the next one.
    }
  }
  return null;
}

/** Tries the package in a child process, because Dawn can end the process that it does not fit. */
export function probeWebgpu(
  versions: Readonly<Record<string, string | undefined>> = process.versions,
): WebgpuProbe {
  if (versions['electron']) {
    return { ok: false, reason: ELECTRON };
  }
  const path = installedWebgpu();
  return path === null ? { ok: false, reason: MISSING } : probePackage(path);
}

/** @param path the package's main file */
export function probePackage(path: string): WebgpuProbe {
  const script = `(async () => {
      const { create, globals } = await import(${JSON.stringify(pathToFileURL(path).href)});
      Object.assign(globalThis, globals);
      globalThis.held = create([]);
      const adapter = await held.requestAdapter({ powerPreference: 'high-performance' });
      if (!adapter) throw new Error(${JSON.stringify(NO_ADAPTER)});
      const device = await adapter.requestDevice();
      const code = '@group(0) @binding(0) var<storage, read_write> x: array<f32>;' +
        '@compute @workgroup_size(1) fn main() { x[0] = x[0] * x[1]; }';
      const module = device.createShaderModule({ code });
      const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
      const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
      const buffer = device.createBuffer({ size: 8, usage: STORAGE | COPY_SRC | COPY_DST });
      const result = device.createBuffer({ size: 8, usage: MAP_READ | COPY_DST });
      device.queue.writeBuffer(buffer, 0, Float32Array.of(2, 3));
      const entries = [{ binding: 0, resource: { buffer } }];
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
      pass.dispatchWorkgroups(1);
      pass.end();
      encoder.copyBufferToBuffer(buffer, 0, result, 0, 8);
      device.queue.submit([encoder.finish()]);
      await result.mapAsync(GPUMapMode.READ);
      if (new Float32Array(result.getMappedRange())[0] !== 6) throw new Error('2 x 3 is not 6 on it');
      console.log(JSON.stringify((${factsOf.toString()})(adapter)));
    })().catch((error) => {
      console.log(JSON.stringify(String(error && error.message || error)));
      process.exitCode = ${PROBE_THREW};
    });`;
  const run = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    timeout: PROBE_LIMIT_MS,
  });
  const answer = run.stdout?.trim().split('\n').at(-1) ?? '';
  if (run.status === 0) {
    return { ok: true, adapter: JSON.parse(answer) as AdapterFacts };
  }
  if (run.status === PROBE_THREW) {
    return { ok: false, reason: (JSON.parse(answer) as string).split('\n')[0].trim() };
  }
  const ended = run.signal ? `signal ${run.signal}` : `status ${run.status}`;
  return { ok: false, reason: `trying it ended the process with ${ended}` };
}

/** Makes WebGPU the backend of this thread. */
export async function loadWebgpu(): Promise<{ ok: boolean; reason: string; gpu: boolean }> {
  const probe = probeWebgpu();
  if (!probe.ok) {
    return { ...probe, gpu: false };
  }
  try {
    if (!findBackend('webgpu')) {
      // Before the navigator has a GPU: tfjs would register a backend of its own.
      const { WebgpuBackend } = await import('./backend.js');
      const { registerWebgpuKernels } = await import('./register.js');
      const dawn = await Dawn.open(pathToFileURL(installedWebgpu()!).href);
      registerBackend('webgpu', () => new WebgpuBackend(dawn));
      registerWebgpuKernels();
    }
    await setBackend('webgpu');
  } catch (error) {
    return { ok: false, reason: errorMessage(error).split('\n')[0], gpu: false };
  }
  return { ok: true, reason: describeAdapter(probe.adapter), gpu: !probe.adapter.fallback };
}

/** One line on what was found. */
export function describeAdapter({ name, fallback, maxBinding, maxShared }: AdapterFacts): string {
  const kind = fallback ? 'a processor that plays a GPU, slow' : 'a GPU';
  return `${name} (${kind}; buffers of ${maxBinding / 2 ** 20} MiB, ${maxShared / 1024} KiB shared by a workgroup); frozen weights in 8 bits are held as 16-bit floats, rounded`;
}
