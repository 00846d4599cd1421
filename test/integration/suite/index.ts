// VS Code loads this file in the extension host and calls `run`.
import Mocha from 'mocha';
import { defineTests } from './extension.test.js';

export function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 120_000, reporter: Report });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  defineTests();
  return new Promise((resolve, reject) => {
    mocha.run((failures) =>
      failures === 0 ? resolve() : reject(new Error(`${failures} tests failed`)),
    );
  });
}

/** A line for each test; run.mjs reads the last line. */
class Report extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner) {
    super(runner);
    let passed = 0;
    let failed = 0;
    runner.on('pass', (test) => {
      passed += 1;
      console.log(`| ok   ${test.fullTitle()} (${test.duration} ms)`);
    });
    runner.on('fail', (test, error: Error) => {
      failed += 1;
      console.log(
        `| FAIL ${test.fullTitle()}: ${error.stack ?? error.message}`.replaceAll('\n', '\n|   '),
      );
    });
    runner.on('end', () => console.log(`batcoder-tests ${passed} ${failed}`));
  }
}
