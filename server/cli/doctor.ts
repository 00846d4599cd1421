import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { modelFor } from '../inference/builtInModel.js';
import { readConfig } from '../model/config.js';
import { parameterCount } from '../model/parameters.js';
import { formOfWeights, type WeightsForm } from '../model/weights/folder.js';
import { dataHome } from '../store/home.js';
import { listRuns } from '../store/runs.js';
import { initBackend } from '../tensor/backend.js';
import { setupTensorflow, type TensorflowSetup } from '../tensor/setupTensorflow.js';
import { describeAdapter, probeWebgpu } from '../tensor/webgpu/load.js';
import { setupWebgpu, type WebgpuSetup } from '../tensor/webgpu/setup.js';
import { tierOf } from '../training/settings.js';
import { UsageError } from '../util/errors.js';
import type { Command, Io, ParsedArgs } from './command.js';
import { workspaceOf } from './fileLine.js';

const GIB = 2 ** 30;
/** Less free disk than this, and a run's checkpoints may not fit. */
const LEAST_FREE_BYTES = GIB;

export const doctor: Command = {
  name: 'doctor',
  summary: 'tell what this machine has: processor, backends and why not others, model, disk',
  usage: '[--setup-tensorflow [PATH] | --setup-webgpu] [--json]',
  example: 'batcoder doctor',
  options: [
    {
      name: 'setup-tensorflow',
      summary:
        "make the tensorflow backend work: install tfjs-node with npm into BatCoder's own folder and link it to the TensorFlow of a Python environment (PATH: a Python or its environment; default: python3, else what the package downloads)",
    },
    {
      name: 'setup-webgpu',
      summary:
        "make the webgpu backend work: install Dawn (the package webgpu) with npm into BatCoder's own folder and try it",
    },
  ],
  positionals: { min: 0, max: 1 },
  async run(args, io) {
    const setup = await setUp(args, io);
    const backend = await initBackend();
    const root = workspaceOf(join(io.cwd, 'file'), io.cwd);
    const machine = {
      platform: `${process.platform} ${process.arch}`,
      node: process.version,
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      freeMemoryBytes: freemem(),
      tier: tierOf({
        cores: availableParallelism(),
        memoryBytes: totalmem(),
        gpu: backend.gpu,
      }),
    };
    const model = describeModel(root);
    const disk = describeDisk();
    io.print(
      `Machine   ${machine.processor}, ${machine.cores} cores, ${gib(machine.memoryBytes)} memory (${machine.tier})`,
    );
    io.print(`          ${machine.platform}, Node ${machine.node}`);
    for (const { name, ok, reason } of backend.tried) {
      io.print(`Backend   ${name}: ${ok ? 'in use' : 'no'}; ${reason}`);
    }
    const webgpu = backend.tried.some(({ name }) => name === 'webgpu') ? null : probeWebgpu();
    if (webgpu !== null) {
      const found = webgpu.ok
        ? `works, where BATCODER_BACKEND=webgpu or the setting batcoder.backend asks for it; ${describeAdapter(webgpu.adapter)}`
        : `no; ${webgpu.reason}`;
      io.print(`          webgpu: ${found}`);
    }
    io.print(
      `Model     ${model.folder}, ${(model.parameters / 1e6).toFixed(1)} million weights in ${model.weights}${model.adapter === null ? '' : `, adapter ${model.adapter}`}`,
    );
    if (model.weights === '8-bit integers') {
      io.print('          What rounding to 8 bits costs: docs/quantization.md');
    }
    io.print(`Disk      ${disk.home}: ${gib(disk.usedBytes)} used, ${gib(disk.freeBytes)} free`);
    if (disk.freeBytes < LEAST_FREE_BYTES) {
      io.print('          That is little: free some space before you train.');
    }
    const runs = listRuns(root).length;
    return {
      machine,
      backend,
      ...(webgpu && { webgpu }),
      workspace: root,
      model,
      disk,
      runs,
      ...(setup && { setup }),
    };
  },
};

async function setUp(args: ParsedArgs, io: Io): Promise<TensorflowSetup | WebgpuSetup | null> {
  const [path] = args.positionals;
  const onStep = (line: string): void => io.note(`Setup     ${line}`);
  if (args.flag('setup-tensorflow')) {
    const resolved = path === undefined ? undefined : resolve(io.cwd, path);
    return setupTensorflow({ path: resolved, onStep, signal: io.signal });
  }
  if (path !== undefined) {
    throw new UsageError(`'${path}' is one argument too many; see batcoder doctor --help`);
  }
  return args.flag('setup-webgpu') ? setupWebgpu(onStep, io.signal) : null;
}

function describeModel(root: string): {
  folder: string;
  adapter: string | null;
  parameters: number;
  weights: WeightsForm;
} {
  const { model, adapter } = modelFor(root);
  const parameters = parameterCount(readConfig(model));
  return { folder: model, adapter, parameters, weights: formOfWeights(model) };
}

function describeDisk(): { home: string; usedBytes: number; freeBytes: number } {
  const home = dataHome();
  let there = home;
  while (!existsSync(there)) {
    there = dirname(there);
  }
  const { bavail, bsize } = statfsSync(there);
  return { home, usedBytes: existsSync(home) ? folderBytes(home) : 0, freeBytes: bavail * bsize };
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
