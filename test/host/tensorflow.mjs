// Sets up what the tests of the tensorflow backend need, where the Python of BATCODER_TEST_PYTHON or `python3` has
// TensorFlow: the doctor links it into a folder of the tests. Elsewhere it says so, and those tests are skipped.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/run.mjs';

/** Where the headers lie that TensorFlow has from 2.10 on, without which the doctor cannot link it. */
const FIND = `
import importlib.util, os, sys
found = importlib.util.find_spec("tensorflow")
header = found and found.origin and os.path.join(os.path.dirname(found.origin), "include/tensorflow/c/c_api.h")
print(sys.executable if header and os.path.exists(header) else "")`;

const home = join(root, 'test', '.out', 'tensorflow');
const asked = process.env.BATCODER_TEST_PYTHON ?? 'python3';
const python = spawnSync(asked, ['-c', FIND], { encoding: 'utf8' }).stdout?.trim() ?? '';
if (python === '') {
  rmSync(home, { recursive: true, force: true });
  console.log(
    `The tests of tensorflow are skipped: ${asked} has no TensorFlow 2.10 or later (BATCODER_TEST_PYTHON names another).`,
  );
} else {
  const cli = join(root, 'dist', 'cli.js');
  const { status } = spawnSync(process.execPath, [cli, 'doctor', '--setup-tensorflow', python], {
    env: { ...process.env, BATCODER_HOME: home },
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}
