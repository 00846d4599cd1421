import { expect, it } from 'vitest';
import { runLimited } from '../../../server/training/suite/limitedProcess.js';

const options = { cwd: '/', env: { PATH: '/usr/bin:/bin' }, seconds: 30 };

it('kills a process whose signal was aborted before it started', async () => {
  const ended = await runLimited(['sleep', '20'], { ...options, signal: AbortSignal.abort() });
  expect(ended).toMatchObject({ code: null, timedOut: true });
}, 10_000);
