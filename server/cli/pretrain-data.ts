import { join, resolve } from 'node:path';
import { Contamination } from '../corpus/pretraining/contamination.js';
import { type HarvestedSource, HarvestStore } from '../corpus/pretraining/harvestStore.js';
import { type Manifest, makeManifest, type TokenCounts } from '../corpus/pretraining/manifest.js';
import type { PretrainingSplit } from '../corpus/pretraining/record.js';
import { type SelectionReport, select } from '../corpus/pretraining/select.js';
import {
  DEFAULT_SHARES,
  type SequenceParts,
  sequencesOf,
} from '../corpus/pretraining/sequences.js';
import { Shards, vocabularySample } from '../corpus/pretraining/shards.js';
import { problemWith, readSources, type Source } from '../corpus/pretraining/sources.js';
import { TokenFileWriter } from '../corpus/pretraining/tokenFile.js';
import { promptsFor, SPECIAL_TOKENS } from '../inference/prompts.js';
import { firstSentence, viewOf } from '../inference/view.js';
import { parsePlainDoc, renderPlainDoc } from '../languages/docs/plain.js';
import { loadTokenizer, saveTokenizer } from '../model/tokenizer/load.js';
import type { Tokenizer } from '../model/tokenizer/tokenizer.js';
import { trainTokenizer } from '../model/tokenizer/train.js';
import { writeFileAtomic } from '../store/atomic.js';
import { UsageError, UserError } from '../util/errors.js';
import { sha256File } from '../util/hash.js';
import { Random } from '../util/random.js';
import type { Command, Io, ParsedArgs } from './command.js';

/** Characters that the vocabulary is learned from. */
const SAMPLE_CHARS = 24_000_000;
const MEGA = 1_000_000;

export const pretrainData: Command = {
  name: 'pretrain-data',
  summary: 'prepare public sources for training the built-in model',
  usage:
    'SOURCES.json --root DIR --out DIR (--benchmark FILE... | --no-benchmark) [--tokenizer DIR | --vocab N]',
  example:
    'batcoder pretrain-data docs/model/manifest.json --root sources --out prepared --benchmark HumanEval.jsonl.gz',
  options: [
    {
      name: 'root',
      value: 'string',
      placeholder: 'DIR',
      summary: 'where each source lies in the folder of its name (sources)',
    },
    {
      name: 'out',
      value: 'string',
      placeholder: 'DIR',
      summary: 'where everything is written (prepared)',
    },
    {
      name: 'benchmark',
      value: 'string',
      placeholder: 'FILE',
      repeat: true,
      summary: 'a .jsonl or .jsonl.gz benchmark whose texts are kept out',
    },
    { name: 'no-benchmark', summary: 'for data that no benchmark will be run on' },
    {
      name: 'tokenizer',
      value: 'string',
      placeholder: 'DIR',
      summary: 'use this tokenizer instead of training one',
    },
    {
      name: 'vocab',
      value: 'integer',
      min: 1_024,
      max: 65_536,
      summary: 'size of the vocabulary to train (20480)',
    },
    {
      name: 'context',
      value: 'integer',
      min: 128,
      max: 65_535,
      summary: 'longest sequence, in tokens (1024)',
    },
    {
      name: 'cap',
      value: 'number',
      min: 0.1,
      summary: 'million characters of documented code that one source may give (8)',
    },
    { name: 'seed', value: 'integer', min: 0, summary: 'seed of every random choice (1)' },
  ],
  positionals: { min: 1, max: 1 },
  async run(args, io) {
    const root = args.string('root') ?? 'sources';
    const sources = readSources(resolve(io.cwd, args.positionals[0]), resolve(io.cwd, root));
    requireAll(sources, root, io);
    const benchmarks = readBenchmarks(args, io);
    const out = resolve(io.cwd, args.string('out') ?? 'prepared');
    const seed = args.number('seed') ?? 1;
    const store = new HarvestStore(join(out, 'units'));
    const harvested = await harvestAll(sources, store, io);
    const shards = new Shards(join(out, 'shards'));
    const selected = await selectAll(sources, harvested, benchmarks, store, shards, args, io, seed);

    const folder = await tokenizerFolder(args, shards, out, seed, io);
    const tokenizer = await loadTokenizer(folder);
    const hash = sha256File(join(folder, 'tokenizer.json'));
    const tokens: Manifest['tokens'] = {};
    for (const split of ['evaluation', 'train'] as const) {
      const writer = new TokenFileWriter({
        vocabSize: tokenizer.vocabSize,
        maxTokens: args.number('context') ?? 1_024,
        tokenizerHash: hash,
      });
      tokens[split] = await fillTokens(writer, split, shards, tokenizer, args, io, seed);
      const order = Array.from({ length: writer.sequenceCount }, (_, i) => i);
      writer.write(join(out, `${split}.tokens`), new Random(seed + 1).shuffle(order), seed);
      io.print(`${split}.tokens: ${writer.sequenceCount} sequences, ${writer.totalTokens} tokens`);
    }
    const manifest = makeManifest(sources, harvested, benchmarks.files, selected, tokens);
    writeFileAtomic(join(out, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
    return { out, totals: manifest.totals, refused: manifest.refused, tokens };
  },
};

/** @throws UserError after naming each source that is not there, or not at its commit */
function requireAll(sources: readonly Source[], root: string, io: Io): void {
  let count = 0;
  for (const source of sources) {
    const problem = problemWith(source);
    if (problem !== null) {
      count += 1;
      const { name, version, url } = source;
      io.note(`${name} ${problem}; it should be ${url}${version === null ? '' : ` at ${version}`}`);
    }
  }
  if (count > 0) {
    throw new UserError(
      `${count} of ${sources.length} sources are not under ${root} as the list has them (see above); get a commit with` +
        ` git init ${root}/NAME; git -C ${root}/NAME fetch --depth 1 URL COMMIT; git -C ${root}/NAME checkout FETCH_HEAD` +
        ` and unpack a release into ${root}/NAME.`,
    );
  }
}

/** @throws UsageError where it is left open what the model will be measured on */
function readBenchmarks(args: ParsedArgs, io: Io): Contamination {
  const files = args.strings('benchmark');
  if ((files.length === 0) !== args.flag('no-benchmark')) {
    throw new UsageError(
      'give --benchmark FILE for each benchmark that the model will be run on, or --no-benchmark if it is for none.',
    );
  }
  const contamination = new Contamination();
  files.forEach((file) => contamination.addFile(resolve(io.cwd, file)));
  return contamination;
}

async function harvestAll(
  sources: readonly Source[],
  store: HarvestStore,
  io: Io,
): Promise<HarvestedSource[]> {
  const progress = io.progress('reading sources');
  const harvested: HarvestedSource[] = [];
  for (const [i, source] of sources.entries()) {
    progress.update(i, sources.length, source.name);
    harvested.push(await store.ensure(source, viewOf, io.signal));
  }
  progress.end();
  for (const { name } of harvested.filter(({ licence }) => licence === null)) {
    io.note(`${name} is left out: no permissive licence found in it.`);
  }
  return harvested;
}

async function selectAll(
  sources: readonly Source[],
  harvested: readonly HarvestedSource[],
  benchmarks: Contamination,
  store: HarvestStore,
  shards: Shards,
  args: ParsedArgs,
  io: Io,
  seed: number,
): Promise<Map<string, SelectionReport>> {
  // Counted without those left out, as the manifest has them: the cap draws by seed and index.
  const used = sources.filter((_, index) => harvested[index].licence !== null);
  const selectable = used.map((source, index) => ({
    index,
    split: source.split,
    units: () => store.units(source),
  }));
  const selected = new Map<string, SelectionReport>();
  const progress = io.progress('choosing units');
  const capChars = (args.number('cap') ?? 8) * MEGA;
  const records = select(selectable, benchmarks, { seed, capChars }, (index, report) => {
    selected.set(used[index].name, report);
    io.signal.throwIfAborted();
    progress.update(selected.size, used.length, used[index].name);
  });
  await shards.write(records);
  progress.end();
  return selected;
}

/** The given tokenizer's folder, or that of a new one learned from the training split. */
async function tokenizerFolder(
  args: ParsedArgs,
  shards: Shards,
  out: string,
  seed: number,
  io: Io,
): Promise<string> {
  const given = args.string('tokenizer');
  if (given !== undefined) {
    return resolve(io.cwd, given);
  }
  const folder = join(out, 'tokenizer');
  const vocabSize = args.number('vocab') ?? 20_480;
  io.print(`learning a vocabulary of ${vocabSize}`);
  const texts = await vocabularySample(shards, SAMPLE_CHARS, seed);
  saveTokenizer(folder, trainTokenizer(texts, { vocabSize, specials: SPECIAL_TOKENS }));
  return folder;
}

async function fillTokens(
  writer: TokenFileWriter,
  split: PretrainingSplit,
  shards: Shards,
  tokenizer: Tokenizer,
  args: ParsedArgs,
  io: Io,
  seed: number,
): Promise<TokenCounts> {
  const parts = sequenceParts(tokenizer);
  const options = { ...DEFAULT_SHARES, maxTokens: args.number('context') ?? 1_024 };
  const random = new Random(seed);
  const counts: TokenCounts = { sequences: 0, tokens: 0, byObjective: {}, byLanguage: {} };
  let files = 0;
  for await (const units of shards.files(split)) {
    for (const sequence of sequencesOf(units, parts, options, random)) {
      const { objective, language, ids } = sequence;
      writer.add(sequence);
      counts.sequences += 1;
      counts.tokens += ids.length;
      counts.byObjective[objective] = (counts.byObjective[objective] ?? 0) + ids.length;
      counts.byLanguage[language] = (counts.byLanguage[language] ?? 0) + ids.length;
    }
    files += 1;
    if (files % 2_000 === 0) {
      io.signal.throwIfAborted();
      io.note(`${split}: ${files} files, ${writer.totalTokens} tokens`);
    }
  }
  return counts;
}

function sequenceParts(tokenizer: Tokenizer): SequenceParts {
  const prompts = promptsFor(tokenizer);
  if (prompts.kind !== 'tokens') {
    throw new RangeError(
      `The tokenizer lacks special tokens: it needs ${SPECIAL_TOKENS.join(' ')}.`,
    );
  }
  return {
    document: (unit) => prompts.document(unit),
    generate: (...asked) => prompts.generate(...asked),
    docAnswer: (doc) => prompts.docAnswer(doc),
    codeAnswer: (rest) => prompts.codeAnswer(rest),
    encode: (text) => tokenizer.encode(text),
    special: (token) => tokenizer.tokenToId(token) as number,
    shortDoc(text) {
      const { summary, params, returns } = parsePlainDoc(text);
      return renderPlainDoc({
        summary: firstSentence(summary),
        params: params.map((param) => ({ name: param.name, text: firstSentence(param.text) })),
        returns: returns === null ? null : firstSentence(returns),
      });
    },
  };
}
