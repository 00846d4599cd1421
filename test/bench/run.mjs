// node test/bench/run.mjs [--peers] [--only ID,ID...] [--turns N]: measures BatCoder with the sizes of suite.mjs; with
// --peers also the peers that this machine has, in turn with ours, and writes docs/benchmarks.{json,md} with plots.
// A comparison that is measured again takes the place of what the JSON holds of it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compare, secondsOf, speedRatio } from './compare.mjs';
import { Paced } from './contender.mjs';
import { findPeers, flags } from './peers.mjs';
import { writeReport } from './report.mjs';
import { SUITE } from './suite.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const record = join(root, 'docs', 'benchmarks.json');
const { values } = parseArgs({
  options: {
    peers: { type: 'boolean', default: false },
    only: { type: 'string' },
    turns: { type: 'string', default: '5' },
    report: { type: 'boolean', default: false },
  },
});
const turns = Number(values.turns);
const peers = values.peers ? findPeers(join(root, 'test', '.out', 'bench')) : null;
const chosen = values.only?.split(',') ?? SUITE.map(({ id }) => id);

if (!values.report) {
  for (const item of SUITE.filter(({ id }) => chosen.includes(id))) {
    if (item.model === null) {
      console.log(`${item.title}: left out, since BATCODER_BENCH_MODEL names no trained model.`);
      continue;
    }
    const result = (await attempt(item, 'once more')) ?? (await attempt(item, 'left out'));
    if (result === null) {
      process.exitCode = 1;
      continue;
    }
    console.log(`${item.title}: ${sentence(item, result)}`);
    if (peers) {
      keep(result);
    }
  }
}
if (values.peers || values.report) {
  writeReport(root, read());
}

/** @param next what happens where it fails, which is said */
async function attempt(item, next) {
  try {
    return await measure(item);
  } catch (error) {
    console.log(`${item.title}: ${next}, since it failed: ${error.message.trim()}`);
    return null;
  }
}

async function measure(item) {
  const missing = peers && item.peer ? peers.missing(item) : null;
  if (missing) {
    console.log(`${item.title}: without ${item.peer}, since this machine lacks ${missing}.`);
  }
  const cli = join(root, 'dist', 'cli.js');
  const asked = flags({ ...item.options, ...item.ours, ...(item.model && { model: item.model }) });
  const contenders = [
    new Paced(process.execPath, [cli, 'bench', item.what, ...asked, '--paced', '--json']),
  ];
  if (peers && item.peer && !missing) {
    contenders.push(peers.contender(item));
  }
  const load = loadavg()[0];
  const [ours, theirs] = await compare(contenders, turns);
  const parts = theirs && ours.about.docTokens ? partsOf(ours, theirs, item) : null;
  if (theirs && ours.about.tokens) {
    // Answers end where they end: the peer's time is scaled to as many tokens.
    scale(theirs, item.phase, ours.about.tokens / item.options.length);
  }
  return {
    id: item.id,
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    load,
    turns,
    ours: { ...secondsOf(ours, item.phase), ...ours.about },
    peer: theirs ? { name: item.peer, ...secondsOf(theirs, item.phase), ...theirs.about } : null,
    speed: theirs ? speedRatio(ours, theirs, item.phase) : null,
    ...(parts && { parts }),
  };
}

/** How many times as fast docs and code are, each against as many of the peer's tokens. */
function partsOf(ours, theirs, { phase, options }) {
  const { docTokens, codeTokens } = ours.about;
  const part = (name, tokens) =>
    (speedRatio(ours, theirs, name, phase).median * tokens) / options.length;
  return { docs: part('docs', docTokens), code: part('code', codeTokens) };
}

function scale({ turns: measured }, phase, factor) {
  for (const turn of measured) {
    turn[phase] = turn[phase].map((value) => value * factor);
  }
}

function sentence({ phase }, { ours, peer, speed }) {
  const own = `${seconds(ours.median)} a ${phase}, ${mebibytes(ours.peakRssBytes)}`;
  return peer
    ? `${own}; ${peer.name} ${seconds(peer.median)}, ${mebibytes(peer.peakRssBytes)}: ` +
        `${speed.median.toFixed(2)} times as fast (${speed.least.toFixed(2)} to ${speed.most.toFixed(2)})`
    : own;
}

function seconds(value) {
  return value < 0.1 ? `${(1000 * value).toFixed(1)} ms` : `${value.toFixed(2)} s`;
}

function mebibytes(bytes) {
  return bytes === null ? 'memory not known' : `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** The last change of what computes. */
function commit() {
  const computes = ['server/tensor', 'server/model', 'server/training'];
  try {
    const args = ['log', '-1', '--format=%h', '--', ...computes];
    return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

function read() {
  return existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : { results: [] };
}

function keep(result) {
  const { results } = read();
  const machine = {
    processor: cpus()[0].model.trim(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
  };
  const order = SUITE.map(({ id }) => id);
  const all = [...results.filter(({ id }) => id !== result.id && order.includes(id)), result];
  all.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, `${JSON.stringify({ machine, results: all }, null, 2)}\n`);
}
