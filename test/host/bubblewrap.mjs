// Installs bubblewrap (apt-get), which the tests of `batcoder eval --tests` need. A machine that cannot have it tells so
// and goes on: those tests are skipped there.
import { aptInstall, debian } from './debian.mjs';
import { findProgram } from './paths.mjs';

if (findProgram('bwrap') === null && !(debian && aptInstall(['bubblewrap']))) {
  console.log('The tests of `batcoder eval --tests` are skipped: they need bubblewrap.');
  process.exit(debian ? 1 : 0);
}
