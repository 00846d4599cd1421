// The peers that this machine has: PyTorch, transformers, peft and trl in a Python environment, and llama.cpp.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Paced, Restarted } from './contender.mjs';

const scripts = join(dirname(fileURLToPath(import.meta.url)), 'peers');
const cli = join(dirname(dirname(dirname(scripts))), 'dist', 'cli.js');
const THREADS = availableParallelism();

/** What the scripts of each peer import. */
const PACKAGES = {
  torch: ['torch', 'transformers'],
  peft: ['torch', 'transformers', 'peft'],
  trl: ['torch', 'transformers', 'peft', 'trl', 'datasets'],
};

export const flags = (options) =>
  Object.entries(options).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  );

/**
 * Looks for the peers: a Python by BATCODER_PEERS_PYTHON or `python3`, llama.cpp's llama-bench by
 * BATCODER_LLAMA_BENCH or on the PATH, its other programs beside it.
 * @param folder where files for the peers are made
 */
export function findPeers(folder) {
  const python = process.env.BATCODER_PEERS_PYTHON ?? 'python3';
  const packages = installedPackages(python);
  const llama = findLlama();
  return {
    /** What is missing for a comparison, in words, or null. */
    missing({ peer }) {
      if (peer === 'llama.cpp') {
        return llama === null ? 'llama-bench (BATCODER_LLAMA_BENCH)' : null;
      }
      if (packages === null) {
        return `a Python with ${PACKAGES[peer].join(', ')} (BATCODER_PEERS_PYTHON)`;
      }
      const lacking = PACKAGES[peer].filter((name) => !packages[name]);
      return lacking.length === 0 ? null : `${lacking.join(', ')} for ${python}`;
    },

    contender({ peer, phase, model, options, peerOptions, type }) {
      if (peer === 'llama.cpp') {
        const source = model ?? saveRandomModel(folder, options);
        return llamaContender(llama, exportGguf(source, folder, type), phase, options);
      }
      const script = join(scripts, peer === 'trl' ? 'grpo.py' : 'train.py');
      const given = { ...options, ...peerOptions, threads: THREADS };
      return new Paced(python, [script, ...flags(given)]);
    },
  };
}

/** The versions of the packages in question, or null where there is no such Python. */
function installedPackages(python) {
  const names = [...new Set(Object.values(PACKAGES).flat())];
  const code = `
import importlib.metadata as m, json
found = {d.name.lower(): d.version for d in m.distributions()}
print(json.dumps({n: found.get(n) for n in ${JSON.stringify(names)}}))`;
  const { status, stdout } = spawnSync(python, ['-c', code], { encoding: 'utf8' });
  return status === 0 ? JSON.parse(stdout) : null;
}

function findLlama() {
  const named = process.env.BATCODER_LLAMA_BENCH;
  if (named) {
    return existsSync(named) ? named : null;
  }
  const folders = (process.env.PATH ?? '').split(':');
  return folders.map((folder) => join(folder, 'llama-bench')).find(existsSync) ?? null;
}

/** A folder with the random weights that `batcoder bench decode` has for a shape. */
function saveRandomModel(folder, { batch, prompt, length, ...shape }) {
  const dir = join(folder, 'random');
  batcoder(['bench', 'decode', ...flags(shape), '--length', 1, '--rounds', 1, '--save', dir]);
  return dir;
}

/** The weights of a model folder. */
function exportGguf(model, folder, type) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `model-${type}.gguf`);
  batcoder(['export', file, '--gguf', '--type', type, '--model', model]);
  return file;
}

function batcoder(args) {
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`batcoder ${args[0]} failed:\n${stderr}`);
  }
}

const LONG_PROMPT = 512;

function llamaContender(bench, file, phase, { batch = 1, prompt, length }) {
  const common = ['-m', file, '-t', THREADS];
  if (batch > 1) {
    // llama.cpp rounds the context of each row up to a multiple of 256.
    const total = batch * 256 * Math.ceil((prompt + length) / 256);
    const sizes = ['-npp', prompt, '-ntg', length, '-npl', batch, '-c', total];
    return new Restarted(
      join(dirname(bench), 'llama-batched-bench'),
      () => [...common, ...sizes, '--output-format', 'jsonl'],
      (output) => ({ decode: [lastJson(output).t_tg] }),
      {},
    );
  }
  const sizes = phase === 'prompt' ? ['-p', LONG_PROMPT, '-n', 0] : ['-p', 0, '-n', length];
  const version = {};
  return new Restarted(
    bench,
    (rounds) => [...common, ...sizes, '-r', rounds, '-o', 'json'],
    (output) => {
      const [run] = JSON.parse(output);
      version['llama.cpp'] = run.build_commit;
      return { [phase]: run.samples_ns.map((nanoseconds) => nanoseconds / 1e9) };
    },
    { versions: version },
  );
}

function lastJson(output) {
  const line = output.split('\n').findLast((each) => each.startsWith('{'));
  if (line === undefined) {
    throw new Error(`llama-batched-bench answered with no figures: '${output.slice(-200).trim()}'`);
  }
  return JSON.parse(line);
}
