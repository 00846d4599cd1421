/** Progress of a long piece of work: percent and the time left, measured from the pace so far. */
export interface Progress {
  /** @param note what is being done now; shown on a terminal only when there is room */
  update(done: number, total: number, note?: string): void;
  /** Ends the display and prints the time taken. May be called more than once. */
  end(summary?: string): void;
}

/** Where progress is shown: stderr, or a fake in tests. */
export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

const BAR_WIDTH = 24;
/** Between two redraws of the bar, and between two plain lines, in milliseconds. */
const REDRAW_MS = 100;
const LINE_MS = 5_000;
/** The pace is only worth a forecast after this long. */
const FORECAST_AFTER_MS = 1_000;

/**
 * A bar on a terminal; elsewhere (pipes, logs) plain lines, one for every tenth or every five seconds.
 * @param now milliseconds; replaced in tests
 */
export function startProgress(
  stream: ProgressStream,
  label: string,
  now: () => number = () => performance.now(),
): Progress {
  const started = now();
  let lastShown = -Infinity;
  let lastTenth = -1;
  let ended = false;
  // Resumed work begins with a part that took no time now.
  let first: { done: number; at: number } | null = null;

  const left = (done: number, total: number) => {
    first ??= { done, at: now() };
    const elapsed = now() - first.at;
    const since = done - first.done;
    const known = since > 0 && done < total && elapsed >= FORECAST_AFTER_MS;
    return known ? `, ${formatDuration((elapsed * (total - done)) / since)} left` : '';
  };

  const draw = (done: number, total: number, note: string | undefined) => {
    const share = total > 0 ? Math.min(1, done / total) : 0;
    const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
    if (stream.isTTY === true) {
      const filled = Math.round(share * BAR_WIDTH);
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
      const line = `${label} ${bar} ${percent} (${done}/${total})${left(done, total)}`;
      const room = (stream.columns ?? 80) - line.length - 3;
      stream.write(`\r\x1b[K${room > 8 && note ? `${line}  ${shorten(note, room)}` : line}`);
    } else {
      stream.write(`${label}: ${percent.trim()} (${done}/${total})${left(done, total)}\n`);
    }
  };

  return {
    update(done, total, note) {
      if (ended) {
        return;
      }
      const time = now();
      const tenth = total > 0 ? Math.floor((10 * done) / total) : 0;
      const due =
        stream.isTTY === true
          ? time - lastShown >= REDRAW_MS || done === total
          : time - lastShown >= LINE_MS || (tenth > lastTenth && time - lastShown >= REDRAW_MS);
      if (due) {
        lastShown = time;
        lastTenth = tenth;
        draw(done, total, note);
      }
    },
    end(summary) {
      if (ended) {
        return;
      }
      ended = true;
      const text = `${label}: ${summary ?? 'done'} in ${formatDuration(now() - started)}`;
      stream.write(stream.isTTY === true ? `\r\x1b[K${text}\n` : `${text}\n`);
    },
  };
}

function shorten(text: string, room: number): string {
  return text.length <= room ? text : `…${text.slice(text.length - room + 1)}`;
}

/** A length of time as a person says it: `0.4 s`, `12 s`, `3 min 20 s`, `1 h 5 min`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 9.95) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
