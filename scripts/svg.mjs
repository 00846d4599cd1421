// Plots as SVG, drawn here: no library, readable in light and dark.

const LIGHT = ['#0969da', '#8c959f', '#1a7f37', '#bf8700', '#8250df', '#bc4c00', '#6e7781'];
const DARK = ['#4493f8', '#656c76', '#3fb950', '#d29922', '#ab7df8', '#db6d28', '#9198a1'];
const colours = (list) =>
  list.map((c, i) => `.c${i} { fill: ${c} } .l${i} { stroke: ${c}; fill: none }`).join('\n');
const STYLE = `<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.faint { fill: #57606a } .grid { stroke: #d0d7de } .goal { stroke: #cf222e; stroke-width: 2 }
${colours(LIGHT)}
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .faint { fill: #9198a1 } .grid { stroke: #3d444d } .goal { stroke: #ff7b72 }
${colours(DARK)}
}
</style>`;

export const WIDTH = 720;
const [LEFT, RIGHT, TOP, HEIGHT] = [50, 190, 34, 320];

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export const text = (x, y, content, more = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escape(String(content))}</text>`;

export function svg(height, title, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img"><title>${escape(title)}</title>
${STYLE}
${text(0, 16, title, 'font-weight="600"')}
${parts.join('\n')}
</svg>
`;
}

/**
 * Lines, each with its name beside the plot.
 * @param lines {label, points: [x, y][]}
 * @param ticks {x, y}: where the grid may lie; logarithmic scales where `log` is set
 */
export function linePlot(title, lines, ticks, log = false) {
  const scale = (at, from, to) => {
    const values = lines.flatMap(({ points }) => points.map((point) => point[at]));
    const pad = log ? 1.3 : 1;
    const [low, high] = [Math.min(...values) / pad, Math.max(...values) * pad];
    const least = log ? low : Math.min(0, low);
    const place = log ? Math.log : (value) => value;
    const inside = (value) => value >= least && value <= high;
    const share = (value) => (place(value) - place(least)) / (place(high) - place(least) || 1);
    return Object.assign((value) => from + (to - from) * share(value), { inside });
  };
  const x = scale(0, LEFT, WIDTH - RIGHT);
  const y = scale(1, HEIGHT, TOP);
  const line = (x1, x2, y1, y2) =>
    `<line class="grid" x1="${x1.toFixed(1)}" x2="${x2.toFixed(1)}" y1="${y1.toFixed(1)}" y2="${y2.toFixed(1)}"/>`;
  const grid = [
    ...ticks.x
      .filter(x.inside)
      .flatMap((n) => [
        line(x(n), x(n), TOP, HEIGHT),
        text(x(n), HEIGHT + 18, n, 'class="faint" text-anchor="middle"'),
      ]),
    ...ticks.y
      .filter(y.inside)
      .flatMap((n) => [
        line(LEFT, WIDTH - RIGHT, y(n), y(n)),
        text(LEFT - 6, y(n) + 4, n, 'class="faint" text-anchor="end"'),
      ]),
  ];
  const curves = lines.flatMap(({ label, points }, i) => {
    const at = points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(' ');
    return [
      `<polyline class="l${i}" points="${at}" stroke-width="2"/>`,
      `<rect class="c${i}" x="${WIDTH - RIGHT + 14}" y="${TOP + 22 * i}" width="12" height="12"/>`,
      text(WIDTH - RIGHT + 32, TOP + 11 + 22 * i, label),
    ];
  });
  return svg(HEIGHT + 30, title, [...grid, ...curves]);
}
