// docs/similarity/cost.svg from what `batcoder bench similarity --json` printed: node scripts/similarity/plot.mjs FILE...
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../run.mjs';
import { linePlot } from '../svg.mjs';

const lines = process.argv
  .slice(2)
  .flatMap((file) => JSON.parse(readFileSync(file, 'utf8').trim().split('\n').at(-1)).languages)
  .filter(({ sizes }) => sizes.length > 4)
  .map(({ language, exponent, sizes }) => ({
    label: `${language}: lines^${exponent.toFixed(2)}`,
    points: sizes.map((each) => [each.lines, 1000 / each.pairsPerSecond]),
  }));
const ticks = { x: [10, 20, 40, 80, 160, 320], y: [0.25, 0.5, 1, 2, 5, 10, 20, 50] };
const folder = join(root, 'docs', 'similarity');
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, 'cost.svg'),
  linePlot('Milliseconds a pair, parse of both included, by lines of each', lines, ticks, true),
);
