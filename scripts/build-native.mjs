// Compiles server/tensor/native into dist/native/batcoder.node with the system's C++ compiler.
// It is npm's install script: it needs no dev dependency, downloads nothing, and where it cannot
// build it says so in one line and succeeds (BatCoder then runs the same kernels in WebAssembly, several times slower).
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sources = join(root, 'server', 'tensor', 'native');
const objects = join(root, 'dist', 'native', 'obj');
const output = join(root, 'dist', 'native', 'batcoder.node');

/** Instruction sets of this architecture: files in simd/ are compiled once for each. */
const instructionSets = {
  x64: {
    avx512: [
      '-mavx512f',
      '-mavx512bw',
      '-mavx512dq',
      '-mavx512vl',
      '-mavx2',
      '-mfma',
      '-mprefer-vector-width=512',
    ],
    avx2: ['-mavx2', '-mfma'],
    base: [],
  },
  arm64: { neon: [] },
}[process.arch];

function giveUp(why) {
  console.log(
    `BatCoder: no native kernels, those in WebAssembly serve, several times slower: ${why}`,
  );
  process.exit(0);
}

function findCompiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : ['c++', 'g++', 'clang++'];
  return candidates.find(
    (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
  );
}

function findHeaders() {
  try {
    return createRequire(join(root, 'package.json'))('node-api-headers').include_dir;
  } catch {
    return null;
  }
}

const filesOf = (folder, ending) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));

function compile(compiler, args) {
  return new Promise((resolve, reject) => {
    execFile(compiler, args, { maxBuffer: 1 << 24 }, (error, _stdout, stderr) => {
      if (error) {
        reject(new Error(stderr || error.message));
      } else {
        resolve();
      }
    });
  });
}

async function main() {
  if (!instructionSets) {
    giveUp(`they are written for x64 and arm64, this is ${process.arch}.`);
  }
  if (process.platform === 'win32') {
    giveUp('on Windows they are not built yet.');
  }
  const compiler = findCompiler();
  if (!compiler) {
    giveUp(
      'no C++ compiler found; install one (Debian and Ubuntu: apt install g++; macOS: xcode-select --install) and run `npm run build:native`.',
    );
  }
  const include = findHeaders();
  if (!include) {
    giveUp('the package node-api-headers is missing; run `npm install`.');
  }

  const version = spawnSync(compiler, ['--version'], { encoding: 'utf8' }).stdout;
  const folders = ['', 'decoder', 'simd'].map((folder) => join(sources, folder));
  const headers = folders.flatMap((folder) => filesOf(folder, '.h'));
  const shared = createHash('sha256').update(version);
  headers.forEach((file) => shared.update(readFileSync(file)));
  const sharedHash = shared.digest('hex');
  const common = [
    '-std=c++17',
    '-O3',
    '-fPIC',
    '-fno-exceptions',
    '-fno-rtti',
    '-fvisibility=hidden',
    '-ffp-contract=fast',
    '-fno-math-errno',
    '-fno-trapping-math',
    '-Wall',
    '-Wextra',
    '-Wno-psabi',
    '-Wno-unknown-pragmas',
    '-pthread',
    `-I${include}`,
  ];

  const jobs = folders
    .slice(0, 2)
    .flatMap((folder) => filesOf(folder, '.cc'))
    .map((file) => ({ file, flags: [] }));
  for (const [isa, flags] of Object.entries(instructionSets)) {
    for (const file of filesOf(join(sources, 'simd'), '.cc')) {
      jobs.push({ file, flags: [...flags, `-DBC_ISA=${isa}`] });
    }
  }
  for (const job of jobs) {
    job.args = [...common, ...job.flags];
    const hash = createHash('sha256')
      .update(sharedHash)
      .update(readFileSync(job.file))
      .update(job.args.join(' '));
    job.object = join(objects, `${hash.digest('hex').slice(0, 24)}.o`);
  }
  const link =
    process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
  const stamp = createHash('sha256')
    .update(jobs.map((job) => job.object).join('\n'))
    .digest('hex');
  const stampFile = join(dirname(output), 'stamp');
  if (existsSync(output) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) {
    return;
  }

  mkdirSync(objects, { recursive: true });
  const queue = jobs.filter((job) => !existsSync(job.object));
  const work = async () => {
    for (let job = queue.shift(); job; job = queue.shift()) {
      await compile(compiler, [...job.args, '-c', job.file, '-o', `${job.object}.tmp`]);
      renameSync(`${job.object}.tmp`, job.object);
    }
  };
  try {
    await Promise.all(Array.from({ length: availableParallelism() }, work));
    // A running process may have the old file mapped: replace it, never write into it.
    await compile(compiler, [
      ...link,
      '-pthread',
      ...jobs.map((job) => job.object),
      '-o',
      `${output}.tmp`,
    ]);
  } catch (error) {
    if (process.env.BATCODER_STRICT_BUILD) {
      throw error;
    }
    giveUp(
      `${compiler} failed: ${error.message.split('\n').find((line) => line.includes('error')) ?? error.message.split('\n')[0]}`,
    );
  }
  renameSync(`${output}.tmp`, output);
  writeFileSync(stampFile, stamp);
  const current = new Set(jobs.map((job) => job.object));
  filesOf(objects, '')
    .filter((file) => !current.has(file))
    .forEach((file) => rmSync(file));
  console.log(
    `BatCoder: native kernels built with ${version.split('\n')[0]} (${Object.keys(instructionSets).join(', ')}).`,
  );
}

await main();
