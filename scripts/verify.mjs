// npm run verify: installs what the checks need, runs every check, and ends with `N passed, N failed`.
// A stage that fails does not keep the next ones from running, so that one run tells everything.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { installPackages, root, run } from './run.mjs';

const out = join(root, 'test', '.out');
const vitestReport = join(out, 'vitest.json');
const bin = (name) => join(root, 'node_modules', '.bin', name);

let passed = 0;
let failed = 0;
const summary = [];
const failures = [];

function count(name, stagePassed, stageFailed, seconds) {
  passed += stagePassed;
  failed += stageFailed;
  summary.push(
    `${stageFailed === 0 ? 'ok    ' : 'FAILED'} ${name}: ${stagePassed} passed, ${stageFailed} failed (${seconds.toFixed(0)} s)`,
  );
}

/** Runs a command with its output shown; resolves to its exit status and what it wrote to stdout. */
function capture(command, args) {
  return new Promise((resolve) => {
    let stdout = '';
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (chunk) => {
      process.stdout.write(chunk);
      stdout += chunk;
    });
    child.on('error', (error) => resolve({ status: 1, stdout: error.message }));
    child.on('close', (status) => resolve({ status: status ?? 1, stdout }));
  });
}

async function stage(name, body) {
  console.log(`\n=== ${name}`);
  const start = Date.now();
  const [stagePassed, stageFailed] = await body();
  count(name, stagePassed, stageFailed, (Date.now() - start) / 1000);
  return stageFailed === 0;
}

/** A stage that is one check: its exit status decides. */
const check = (name, command, args) =>
  stage(name, () => (run(command, args) === 0 ? [1, 0] : [0, 1]));

/** A stage whose last line on stdout is `N passed, N failed`. */
const counted = (name, command, args) =>
  stage(name, async () => {
    const { status, stdout } = await capture(command, args);
    const line = stdout.match(/^(\d+) passed, (\d+) failed$/gm)?.at(-1);
    if (!line) {
      return [0, 1];
    }
    const [p, f] = line.match(/\d+/g).map(Number);
    return [p, status !== 0 && f === 0 ? 1 : f];
  });

/** The tests that failed, from Vitest's report: a long run is judged by its end. */
const failedTests = ({ testResults }) =>
  testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const tests = assertionResults.filter((test) => test.status === 'failed');
    return tests.length === 0 && status === 'failed'
      ? [`${file}: ${message}`]
      : tests.map((test) => `${file} > ${test.fullName}: ${test.failureMessages.join('\n')}`);
  });

/** Vitest under the given node binary; counts what its JSON report says. */
const vitest = (name, node, args, env) =>
  stage(name, () => {
    rmSync(vitestReport, { force: true });
    const options = ['--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`];
    const command = [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...options, ...args];
    const status = run(node, command, env);
    try {
      const report = JSON.parse(readFileSync(vitestReport, 'utf8'));
      failures.push(...failedTests(report));
      const broken = report.numFailedTests === 0 && (status !== 0 || !report.success) ? 1 : 0;
      return [report.numPassedTests, report.numFailedTests + broken];
    } catch {
      return [0, 1];
    }
  });

mkdirSync(out, { recursive: true });
if ((await installPackages()) !== 0) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}

await check('native addon', 'node', ['scripts/build-native.mjs']);
await check('build', 'node', ['esbuild.mjs']);
await check('format', bin('biome'), ['format', '.']);
await check('types', bin('tsc'), ['--noEmit']);
await check('lint', bin('eslint'), ['.']);
await check('import direction', bin('depcruise'), [
  '--config',
  '.dependency-cruiser.cjs',
  'server',
  'extension',
  'test',
]);
await check('dead code', bin('knip'), []);
await check('bubblewrap installed', 'node', ['test/host/bubblewrap.mjs']);
await check('software GPU installed', 'node', ['test/host/webgpu.mjs']);
await check('TensorFlow set up where there is one', 'node', ['test/host/tensorflow.mjs']);
await vitest('unit tests', process.execPath, []);
// Most machines have no AVX-512: the whole engine is tested on what they run, too.
await vitest(
  'engine tests with AVX2 kernels',
  process.execPath,
  ['test/unit/tensor', 'test/unit/model'],
  { BATCODER_ISA: 'avx2' },
);
await check('package', 'node', ['scripts/package.mjs']);
const hostReady = await check('real VS Code installed', 'node', ['test/host/install.mjs']);
if (hostReady) {
  const { nodeBinary } = await import('../test/host/paths.mjs');
  // VS Code runs Node 24: what loads native code or starts processes is tested there too.
  await vitest('unit tests on Node 24', nodeBinary, [
    'test/unit/tensor',
    'test/unit/model',
    'test/server',
  ]);
  await counted('integration tests in the extension host', 'node', ['test/integration/run.mjs']);
  await counted('end-to-end tests in the browser', 'node', ['test/e2e/run.mjs']);
}

console.log(`\n${[...failures, ...summary].join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
