// A progress display for what runs before anything is built; the product's own is server/cli/progress.ts.

const seconds = (ms) => `${Math.max(1, Math.round(ms / 1000))} s`;

/**
 * A bar on a terminal, a plain line for every fifth elsewhere; percent and the time left, from the pace so far.
 * @returns update(done, total) and end()
 */
export function startProgress(label) {
  const started = Date.now();
  let lastFifth = -1;
  return {
    update(done, total) {
      const share = Math.min(1, done / Math.max(total, 1));
      const elapsed = Date.now() - started;
      const left =
        share > 0.02 && share < 1 ? `, ${seconds((elapsed * (1 - share)) / share)} left` : '';
      const text = `${label}: ${Math.floor(share * 100)} %${left}`;
      if (process.stderr.isTTY) {
        const bar = '█'.repeat(Math.round(share * 24)).padEnd(24, '░');
        process.stderr.write(`\r\x1b[K${bar} ${text}`);
      } else if (Math.floor(share * 5) > lastFifth) {
        lastFifth = Math.floor(share * 5);
        process.stderr.write(`${text}\n`);
      }
    },
    end() {
      const start = process.stderr.isTTY ? '\r\x1b[K' : '';
      process.stderr.write(`${start}${label}: done in ${seconds(Date.now() - started)}\n`);
    },
  };
}
