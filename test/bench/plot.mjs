// The plots of the benchmarks.
import { svg, text, WIDTH } from '../../scripts/svg.mjs';

const LABELS = 160;
const RIGHT = 70;
const ROW = 30;
const TOP = 34;

const bar = (x, y, width, height, colour) =>
  `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(width, 0.5).toFixed(1)}" height="${height}" class="c${colour}" rx="2"/>`;

/**
 * Horizontal bars on a logarithmic scale around 1, with a mark where the goal is.
 * @param rows {label, value, goal}; a null value leaves the row empty
 */
export function ratioPlot(title, rows) {
  const shown = rows.flatMap(({ value, goal }) => [value, goal]).filter((value) => value > 0);
  const least = Math.min(0.5, ...shown) / 1.1;
  const most = Math.max(2, ...shown) * 1.1;
  const x = (value) =>
    LABELS + ((WIDTH - LABELS - RIGHT) * Math.log(value / least)) / Math.log(most / least);
  const bottom = TOP + rows.length * ROW;
  const parts = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32]
    .filter((value) => value >= least && value <= most)
    .flatMap((value) => [
      `<line class="grid" x1="${x(value).toFixed(1)}" x2="${x(value).toFixed(1)}" y1="${TOP - 6}" y2="${bottom}"/>`,
      text(x(value), bottom + 16, `${value}×`, 'class="faint" text-anchor="middle"'),
    ]);
  rows.forEach(({ label, value, goal }, i) => {
    const y = TOP + i * ROW;
    parts.push(text(LABELS - 8, y + 15, label, 'text-anchor="end"'));
    if (value) {
      const [from, to] = [x(Math.min(1, value)), x(Math.max(1, value))];
      parts.push(bar(from, y + 3, to - from, ROW - 12, value >= 1 ? 0 : 5));
      // Beside the bar, but not on the mark.
      const mark = goal ? x(goal) : 0;
      const end = mark > to - 4 && mark < to + 54 ? mark : to;
      parts.push(text(end + 6, y + 15, `${value.toFixed(2)}×`));
    }
    if (goal) {
      const at = x(goal).toFixed(1);
      parts.push(`<line class="goal" x1="${at}" x2="${at}" y1="${y}" y2="${y + ROW - 6}"/>`);
    }
  });
  return svg(bottom + 24, title, parts);
}

/**
 * Pairs of horizontal bars, ours above the peer's, each pair to its own scale.
 * @param rows {label, ours, peer, show: value -> text}
 */
export function pairPlot(title, rows) {
  const room = WIDTH - LABELS - RIGHT - 30;
  const height = 40;
  const parts = rows.flatMap(({ label, ours, peer, show }, i) => {
    const y = TOP + i * height;
    const most = Math.max(ours, peer);
    return [
      text(LABELS - 8, y + 20, label, 'text-anchor="end"'),
      bar(LABELS, y + 2, (room * ours) / most, 13, 0),
      text(LABELS + (room * ours) / most + 6, y + 13, show(ours)),
      bar(LABELS, y + 17, (room * peer) / most, 13, 1),
      text(LABELS + (room * peer) / most + 6, y + 28, show(peer), 'class="faint"'),
    ];
  });
  return svg(TOP + rows.length * height, title, parts);
}

/**
 * Stacked shares of a whole, one line each, with a key below.
 * @param rows {label, parts: {name: share}}; names get their colour in the order of `names`
 */
export function sharePlot(title, names, rows) {
  const room = WIDTH - LABELS - 10;
  const parts = [];
  rows.forEach(({ label, parts: shares }, i) => {
    const y = TOP + i * ROW;
    parts.push(text(LABELS - 8, y + 15, label, 'text-anchor="end"'));
    let at = LABELS;
    names.forEach((name, colour) => {
      const width = room * (shares[name] ?? 0);
      if (width > 0) {
        parts.push(bar(at, y + 2, width, ROW - 10, colour));
        at += width;
      }
    });
  });
  let x = 0;
  const y = TOP + rows.length * ROW + 14;
  names.forEach((name, colour) => {
    parts.push(bar(x, y - 10, 12, 12, colour), text(x + 17, y, name));
    x += 34 + 7.8 * name.length;
  });
  return svg(y + 12, title, parts);
}
