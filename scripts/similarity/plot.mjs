// docs/similarity/cost.svg from what `batcoder bench similarity --json` printed: node scripts/similarity/plot.mjs FILE...
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COLOURS = ['#0969da', '#bc4c00', '#1a7f37', '#8250df'];
const [WIDTH, HEIGHT, LEFT, BOTTOM, RIGHT, TOP] = [640, 380, 60, 40, 150, 30];
const folder = join(dirname(fileURLToPath(import.meta.url)), '../../docs/similarity');

const lines = process.argv
  .slice(2)
  .flatMap((file) =>
    JSON.parse(readFileSync(file, 'utf8').trim().split('\n').at(-1)).languages.filter(
      ({ sizes }) => sizes.length > 4,
    ),
  );
const points = lines.flatMap(({ sizes }) =>
  sizes.map((each) => [each.lines, 1000 / each.pairsPerSecond]),
);
const range = (at) => [
  Math.min(...points.map((p) => p[at])) / 1.3,
  Math.max(...points.map((p) => p[at])) * 1.3,
];
const scale =
  ([low, high], from, to) =>
  (value) =>
    from + ((to - from) * Math.log(value / low)) / Math.log(high / low);
const x = scale(range(0), LEFT, WIDTH - RIGHT);
const y = scale(range(1), HEIGHT - BOTTOM, TOP);
const inside =
  ([low, high]) =>
  (value) =>
    value >= low && value <= high;
const text = (left, top, content, more = '') =>
  `<text x="${left.toFixed(1)}" y="${top.toFixed(1)}" ${more}>${content}</text>`;
const grid = [
  ...[10, 20, 40, 80, 160, 320]
    .filter(inside(range(0)))
    .map(
      (n) =>
        `<line class="grid" x1="${x(n).toFixed(1)}" x2="${x(n).toFixed(1)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>${text(x(n), HEIGHT - BOTTOM + 18, n, 'text-anchor="middle"')}`,
    ),
  ...[0.25, 0.5, 1, 2, 5, 10, 20, 50]
    .filter(inside(range(1)))
    .map(
      (ms) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(ms).toFixed(1)}" y2="${y(ms).toFixed(1)}"/>${text(LEFT - 6, y(ms) + 4, ms, 'text-anchor="end"')}`,
    ),
];
const curves = lines.map(({ language, exponent, sizes }, i) => {
  const colour = COLOURS[i % COLOURS.length];
  const at = sizes.map((each) =>
    [x(each.lines), y(1000 / each.pairsPerSecond)].map((v) => v.toFixed(1)).join(','),
  );
  const dots = at
    .map((p) => `<circle cx="${p.split(',')[0]}" cy="${p.split(',')[1]}" r="3" fill="${colour}"/>`)
    .join('');
  const label = text(
    WIDTH - RIGHT + 12,
    TOP + 16 + 22 * i,
    `${language}: lines^${exponent.toFixed(2)}`,
    `style="fill:${colour}"`,
  );
  return `<polyline points="${at.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}${label}`;
});
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, 'cost.svg'),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"><title>Milliseconds a pair by lines of each function</title>
<style>text{font:13px system-ui,sans-serif;fill:#57606a}.grid{stroke:#8c959f;stroke-opacity:.4}@media(prefers-color-scheme:dark){text{fill:#9198a1}}</style>
${text(0, 16, 'Milliseconds a pair, parse of both included, by lines of each function')}
${[...grid, ...curves].join('\n')}
</svg>
`,
);
