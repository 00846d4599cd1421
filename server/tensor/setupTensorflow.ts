import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { errorMessage, UserError } from '../util/errors.js';
import { runChild } from './childProcess.js';
import { installWithNpm } from './npmPackage.js';
import { probeTensorflow, tensorflowFolder, type TensorflowPackage } from './tensorflow.js';
import { buildBinding, findPythonTensorflow } from './tensorflowLibrary.js';

/** The last release, of the same version as our tfjs. */
const VERSION = '4.22.0';
const SCRIPT_LIMIT_MS = 30 * 60_000;
const LOOK_LIMIT_MS = 20_000;

export interface SetupOptions {
  /** A Python, its environment or its TensorFlow; left out: `python3`, then what the package downloads. */
  path?: string;
  /** Told what was found and what is being done, a line at a time. */
  onStep: (line: string) => void;
  signal?: AbortSignal;
}

export interface TensorflowSetup {
  package: TensorflowPackage;
  /** Where the package was installed. */
  folder: string;
  /** The TensorFlow that it is linked to. */
  library: string;
  version: string;
  gpu: boolean;
}

/**
 * Makes the `tensorflow` backend work: installs tfjs-node by npm into BatCoder's own folder, links it to a
 * TensorFlow and tries it in a child process.
 * @throws UserError which says what was tried and what to do
 */
export async function setupTensorflow(options: SetupOptions): Promise<TensorflowSetup> {
  const { onStep } = options;
  // All that is run runs there: some programs look for others in the folder they run in.
  mkdirSync(tensorflowFolder(), { recursive: true });
  const name = await choosePackage(options);
  const folder = await installWithNpm(tensorflowFolder(), name, VERSION, options.signal);
  onStep(`Installed ${name} ${VERSION} in ${folder}`);

  const failures: string[] = [];
  for (const source of sources(name, folder, options)) {
    onStep(`Trying ${source.title}`);
    try {
      const library = await source.link();
      const probe = probeTensorflow(mainFile(name));
      if (probe.ok) {
        onStep(`It works: TensorFlow ${probe.version} on ${probe.gpu ? 'a GPU' : 'the processor'}`);
        if (!probe.gpu) {
          onStep('On a processor native is faster: BATCODER_BACKEND=native goes back to it');
        }
        return { package: name, folder, library, version: probe.version, gpu: probe.gpu };
      }
      throw new Error(`linked to ${library}, but ${probe.reason}`);
    } catch (error) {
      options.signal?.throwIfAborted();
      failures.push(`${source.title}: ${errorMessage(error)}`);
      onStep(`That failed: ${errorMessage(error)}`);
    }
  }
  throw new UserError(
    `TensorFlow could not be set up (${failures.join('; ')}). Name a Python environment that has TensorFlow 2.10 or later: batcoder doctor --setup-tensorflow PATH; until then the native backend is used.`,
  );
}

interface Source {
  title: string;
  /** Links the binding to this TensorFlow; returns where that lies. */
  link(): Promise<string>;
}

function sources(
  name: TensorflowPackage,
  folder: string,
  { path, signal, onStep }: SetupOptions,
): Source[] {
  const fromPython: Source = {
    title: `the TensorFlow of ${path ?? 'python3'}`,
    async link() {
      const tensorflow = await findPythonTensorflow(path ?? null, tensorflowFolder(), signal);
      onStep(`Found ${tensorflow.folder}; building the binding against it, which takes a minute`);
      onStep(`Built with ${await buildBinding(folder, tensorflow, signal)}`);
      return tensorflow.folder;
    },
  };
  const fromScript: Source = {
    title: `the TensorFlow that ${name} downloads`,
    async link() {
      await runInstallScript(folder, signal);
      return join(folder, 'deps', 'lib');
    },
  };
  return path === undefined ? [fromPython, fromScript] : [fromPython];
}

/** Both packages hold the same code; they differ in the TensorFlow that their script downloads. */
async function choosePackage({ onStep, signal }: SetupOptions): Promise<TensorflowPackage> {
  const look = await runChild('nvidia-smi', ['-L'], {
    cwd: tensorflowFolder(),
    signal,
    timeoutMs: LOOK_LIMIT_MS,
  });
  const gpus = look.ok ? look.stdout.trim().split('\n') : [];
  if (gpus.length > 0 && /^GPU \d/.test(gpus[0])) {
    onStep(`Found ${gpus.map((line) => line.replace(/ \(UUID.*/, '')).join(', ')}`);
    return '@tensorflow/tfjs-node-gpu';
  }
  onStep('Found no NVIDIA GPU (nvidia-smi lists none)');
  return '@tensorflow/tfjs-node';
}

/** The package's own way: its script downloads a TensorFlow and a binding, or builds the binding. */
async function runInstallScript(folder: string, signal?: AbortSignal): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    scripts: { install: string };
  };
  const [, ...args] = manifest.scripts.install.split(' ');
  const tools = join(tensorflowFolder(), 'node_modules', '.bin');
  const run = await runChild(process.execPath, args, {
    cwd: folder,
    signal,
    timeoutMs: SCRIPT_LIMIT_MS,
    env: { ...process.env, PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}` },
  });
  if (!run.ok) {
    throw new Error(`its install script failed: ${run.reason}`);
  }
}

function mainFile(name: TensorflowPackage): string {
  return createRequire(join(tensorflowFolder(), 'package.json')).resolve(name);
}
