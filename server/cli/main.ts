#!/usr/bin/env node
import { COMMANDS } from './commands.js';
import { runCommandLine } from './dispatch.js';

const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (controller.signal.aborted) {
      // The second Ctrl-C does not wait for anything.
      process.exit(130);
    }
    process.stderr.write('\nbatcoder: ending; once more to end at once\n');
    controller.abort();
  });
}
// The reader of a pipe has gone (`| head`): nothing more to say.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

void runCommandLine(process.argv.slice(2), {
  streams: { stdout: process.stdout, stderr: process.stderr },
  signal: controller.signal,
  cwd: process.cwd(),
  commands: COMMANDS,
  debug: Boolean(process.env.BATCODER_DEBUG),
}).then((code) => {
  // Written out first: a pipe may still hold the last lines.
  process.stdout.write('', () => process.exit(code));
});
