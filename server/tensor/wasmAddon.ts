import { readFileSync } from 'node:fs';
import { assetPath } from '../util/assets.js';
import type { Addon } from './addon.js';
import type { KernelMemory } from './kernelMemory.js';
import { NapiCalls, type Values } from './wasmNapi.js';
import { createMemory, type HeapExports, WasmMemory } from './wasmMemory.js';

interface Exports extends HeapExports {
  register: (env: number, exports: number) => number;
  __indirect_function_table: WebAssembly.Table;
  __stack_pointer: WebAssembly.Global;
}

/** The kernels compiled to WebAssembly: the addon's functions, and the memory they see. */
export interface WasmAddon extends Addon {
  memory: KernelMemory;
  /** Bytes copied so far because an argument of a call lay outside the memory. */
  copiedBytes: () => number;
}

let loaded: WasmAddon | null = null;

/**
 * The kernels in WebAssembly, loaded once in each thread: the addon's functions from the same
 * sources, for machines where the addon does not load.
 * @throws Error where the file is missing or this JavaScript engine cannot run it
 */
export function wasmAddon(): WasmAddon {
  loaded ??= load(readFileSync(assetPath('wasm', 'batcoder-kernels.wasm')));
  return loaded;
}

function load(bytes: Uint8Array): WasmAddon {
  const memory = createMemory();
  const calls = new NapiCalls(memory);
  const { pow, exp, log, tanh, cos, sin } = Math;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory },
    napi: calls.imports(),
    Math: { pow, exp, log, tanh, cos, sin },
  });
  const exported = instance.exports as unknown as Exports;
  const heap = new WasmMemory(memory, exported);
  calls.start(heap, exported.__indirect_function_table, exported.__stack_pointer);
  const addon: Values = {};
  calls.run([addon], () => exported.register(0, calls.handleOf(addon)));
  return { ...(addon as unknown as Addon), memory: heap, copiedBytes: () => calls.copiedBytes };
}
