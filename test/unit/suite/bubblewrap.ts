import { spawnSync } from 'node:child_process';

export const NOBODY = 65534;
export const superUser = process.getuid?.() === 0;

const works = (user: { uid?: number; gid?: number }) =>
  spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-all', 'true'], user).status === 0;

/** Whether the tests that need bubblewrap can be run here; `npm run verify` installs it where it may. */
export const hasBubblewrap = works({});
/** Some systems let only the super-user make namespaces. */
export const usersHaveBubblewrap = superUser ? works({ uid: NOBODY, gid: NOBODY }) : hasBubblewrap;
