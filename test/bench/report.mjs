// docs/benchmarks.md and its plots, from docs/benchmarks.json.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pairPlot, ratioPlot, sharePlot } from './plot.mjs';
import { SUITE } from './suite.mjs';

const number = (value, digits = 2) => (Number.isFinite(value) ? value.toFixed(digits) : '–');
const mebibytes = (bytes) =>
  bytes ? `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MiB` : '–';
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** @param root of the repository */
export function writeReport(root, { machine, results }) {
  const items = SUITE.flatMap((item) => {
    const result = results.find(({ id }) => id === item.id);
    return result ? [{ ...item, result }] : [];
  });
  const folder = join(root, 'docs', 'benchmarks');
  mkdirSync(folder, { recursive: true });
  const compared = items.filter(({ result }) => result.peer);
  const profiled = items.filter(({ result }) => result.ours.kernels);
  const plots = {
    'speed.svg': ratioPlot(
      'Times as fast as the peer; the red marks are the goals',
      compared.map(({ title, goal, result }) => ({
        label: title,
        value: result.speed.median,
        goal: goal.speed,
      })),
    ),
    'memory.svg': pairPlot(
      'Peak memory: BatCoder (blue) and the peer (grey)',
      compared
        .filter(({ result }) => result.ours.peakRssBytes && result.peer.peakRssBytes)
        .map(({ title, result }) => ({
          label: title,
          ours: result.ours.peakRssBytes,
          peer: result.peer.peakRssBytes,
          show: mebibytes,
        })),
    ),
    'kernels.svg': kernelPlot(profiled),
  };
  for (const [name, plot] of Object.entries(plots)) {
    writeFileSync(join(folder, name), plot);
  }
  const notes = join(root, 'test', 'bench', 'notes.md');
  const text = [
    '# Benchmarks',
    '',
    '<!-- Written by `npm run bench -- --peers` from docs/benchmarks.json and test/bench/notes.md. -->',
    '',
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${machine.system}; Node ${machine.node}. ` +
      `Peers: ${versions(compared)}. Both sides use ${machine.cores} threads and take turns in one run; ` +
      'a figure is the median over all rounds, a ratio the median of the ratios turn by turn, with the least and the most.',
    '`npm run bench -- --peers` makes this page again ([how to get the peers](../test/bench/README.md)).',
    '',
    '## Against the peers',
    '',
    '![Speed ratios](benchmarks/speed.svg)',
    '',
    table(
      [
        '',
        'ours',
        'peer',
        '',
        'times as fast',
        'goal',
        'memory',
        'of the peer’s',
        'turns',
        'load',
        'commit',
      ],
      compared.map(comparisonRow),
    ),
    '',
    'commit: the last change of what computes; a row that is not measured again keeps its figures. load: how many programs wanted a processor when the comparison began, in the mean of a minute. On a busy machine the absolute figures are low for both sides, and the ratios less sharp.',
    '',
    '![Peak memory](benchmarks/memory.svg)',
    '',
    '## Where the time of a training step goes',
    '',
    '![Shares of the kernels](benchmarks/kernels.svg)',
    '',
    table(
      [
        '',
        'GFLOP/s',
        'of a 1024³ product in the same run',
        'tfjs: outside all kernels',
        'kernel calls',
      ],
      profiled.map(profileRow),
    ),
    '',
    'A frozen base of LoRA multiplies in 8 bits, which the processor does faster than 32-bit products: measured by the peak of these, such a row can pass 100 %.',
    '',
    ...profiled.map(({ title, result }) => kernelTable(title, result.ours)),
    '## Loading',
    '',
    table(
      [
        '',
        'file',
        'opened in',
        'times a plain read',
        'goal',
        'first token, from opening the file',
        'from the start of a process, its file on the disk',
      ],
      items.filter(({ what }) => what === 'load').map(loadingRow),
    ),
    '',
    ...(existsSync(notes) ? [readFileSync(notes, 'utf8').trim(), ''] : []),
  ];
  writeFileSync(join(root, 'docs', 'benchmarks.md'), text.join('\n'));
}

function versions(items) {
  const all = Object.assign({}, ...items.map(({ result }) => result.peer.versions));
  return Object.entries(all)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}

function comparisonRow({ title, goal, result }) {
  const { ours, peer, speed, parts, turns, load, commit } = result;
  const memory = ours.peakRssBytes / peer.peakRssBytes;
  const met = speed.median >= goal.speed && !(memory > goal.memory);
  const goals = [`≥ ${goal.speed}`, ...(goal.memory ? [`memory ≤ ${goal.memory}`] : [])];
  return [
    title,
    rate(ours.median),
    rate(peer.median),
    peer.name,
    `**${number(speed.median)}** (${number(speed.least)}–${number(speed.most)})` +
      (parts ? `; docs ${number(parts.docs)}, code ${number(parts.code)}` : ''),
    `${goals.join(', ')}: ${met ? 'met' : 'not met'}`,
    mebibytes(ours.peakRssBytes),
    peer.peakRssBytes ? number(memory) : '–',
    turns,
    number(load, 1),
    commit,
  ];
}

const rate = (seconds) =>
  seconds < 1 ? `${number(1000 * seconds, 1)} ms` : `${number(seconds)} s`;

function profileRow({ title, result: { ours } }) {
  const dispatch = ours.dispatchSeconds;
  const total = dispatch + ours.kernels.reduce((sum, { seconds }) => sum + seconds, 0);
  return [
    title,
    number(ours.gflops, 0),
    ours.shareOfPeak === null ? '–' : `${number(100 * ours.shareOfPeak, 0)} %`,
    `${number(1000 * dispatch, 1)} ms (${number((100 * dispatch) / total, 1)} %)`,
    number(
      ours.kernels.reduce((sum, { calls }) => sum + calls, 0),
      0,
    ),
  ];
}

function kernelTable(title, { kernels }) {
  const rows = kernels
    .filter(({ share }) => share >= 0.005)
    .map(({ kernel, calls, seconds, share }) => [
      kernel,
      number(calls, 0),
      `${number(1000 * seconds, 1)} ms`,
      `${number(100 * share, 1)} %`,
    ]);
  return `<details><summary>${title}, by kernel</summary>\n\n${table(['kernel', 'calls', 'a step', 'share'], rows)}\n\n</details>\n`;
}

const SHOWN_KERNELS = 5;

function kernelPlot(items) {
  const sums = new Map();
  for (const { kernel, share } of items.flatMap(({ result }) => result.ours.kernels)) {
    sums.set(kernel, (sums.get(kernel) ?? 0) + share);
  }
  const main = [...sums].sort(([, a], [, b]) => b - a).slice(0, SHOWN_KERNELS);
  const names = [...main.map(([name]) => name), 'others', 'tfjs'];
  const rows = items.map(({ title, result: { ours } }) => {
    const inKernels = ours.kernels.reduce((sum, { share }) => sum + share, 0);
    const parts = { others: 0, tfjs: 1 - inKernels };
    for (const { kernel, share } of ours.kernels) {
      const name = names.includes(kernel) ? kernel : 'others';
      parts[name] = (parts[name] ?? 0) + share;
    }
    return { label: title, parts };
  });
  return sharePlot('Shares of the time of a training step', names, rows);
}

function loadingRow({ title, goal, result: { ours } }) {
  return [
    title,
    `${number(ours.fileBytes / 1e9)} GB`,
    rate(ours.median),
    number(ours.timesPlainRead),
    `< ${goal.plainRead}: ${ours.timesPlainRead < goal.plainRead ? 'met' : 'not met'}`,
    rate(ours.firstTokenSeconds),
    ours.processFirstTokenSeconds
      ? `${rate(ours.processFirstTokenSeconds)}${ours.fileEvicted ? '' : ' (in memory)'}`
      : '–',
  ];
}
