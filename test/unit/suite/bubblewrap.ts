import { spawnSync } from 'node:child_process';

/** Whether the tests that need bubblewrap can be run here; `npm run verify` installs it where it may. */
export const hasBubblewrap =
  spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-all', 'true']).status === 0;
