// npm run quickstart [-- DIR]: installs, builds, and runs the main job on DIR (default: this repository).
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { installPackages, root, run } from './run.mjs';

const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  console.error(`BatCoder needs Node 20 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}
const directory = resolve(process.env.INIT_CWD ?? root, process.argv[2] ?? root);
if (!existsSync(directory)) {
  console.error(
    `${directory} does not exist: give a folder that holds code, for example: npm run quickstart -- ../my-project`,
  );
  process.exit(2);
}

const steps = [
  ['Installing packages', () => installPackages()],
  ['Building the native kernels', () => run('node', ['scripts/build-native.mjs'])],
  ['Building', () => run('node', ['esbuild.mjs', '--log-level=warning'])],
  ['Running', () => run('node', ['dist/cli.js', 'quickstart', directory])],
];
for (const [index, [title, step]] of steps.entries()) {
  console.log(`\n[${index + 1}/${steps.length}] ${title}`);
  const status = await step();
  if (status !== 0) {
    console.error(`quickstart stopped at: ${title}`);
    process.exit(status);
  }
}
