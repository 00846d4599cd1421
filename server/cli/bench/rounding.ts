import { resolve } from 'node:path';
import { scanCorpus } from '../../corpus/scan.js';
import { promptsFor } from '../../inference/prompts.js';
import { viewOf } from '../../inference/view.js';
import { loadTokenizer } from '../../model/tokenizer/load.js';
import { Qwen2Model } from '../../model/transformer.js';
import { microBatches, packGroups, type Group } from '../../training/batch.js';
import { scoreTokens } from '../../training/gradients.js';
import { deviation, mean } from '../../training/metrics.js';
import { UserError } from '../../util/errors.js';
import { Random } from '../../util/random.js';
import type { Io, ParsedArgs } from '../command.js';

/** Functions that are scored. */
const UNITS = 128;
/** Of one forward pass. */
const TOKENS = 2048;

/** The forms that are compared with the floats, each made from a fresh copy of them. */
const FORMS: Record<string, (model: Qwen2Model) => void> = {
  'int8 weights, exact rows': (model) => {
    model.quantize('int8');
    model.dequantize();
  },
  int8: (model) => model.quantize('int8'),
  int4: (model) => model.quantize('int4'),
};

/** What a form of the weights loses, over all tokens that were predicted. */
interface Loss {
  form: string;
  perplexity: number;
  /** Of the log-probability of a token: the mean, 99th percentile and largest absolute difference to the floats'. */
  meanDifference: number | null;
  difference99: number | null;
  largestDifference: number | null;
  /** Standard deviation of p / p of the floats: of the importance ratio, were one the sampler's and one the learner's. */
  ratioDeviation: number | null;
}

/**
 * What rounding the weights of a model takes, on functions of a folder: it is told their docs' tokens and predicts the
 * code, and the other way round where people wrote a doc.
 */
export async function benchRounding(args: ParsedArgs, io: Io) {
  const [dir, from] = [args.string('model'), args.string('from')].map((path) =>
    path === undefined ? undefined : resolve(io.cwd, path),
  );
  if (dir === undefined || from === undefined) {
    throw new UserError('bench rounding needs a model and code: --model DIR --from DIR.');
  }
  const groups = await answersOf(from, dir, args.number('seed') ?? 1, io.signal);
  const exact = score(dir, groups, () => undefined);
  const losses = [lossOf('f32', exact, null)];
  for (const [form, change] of Object.entries(FORMS)) {
    losses.push(lossOf(form, score(dir, groups, change), exact));
  }
  io.print(`${exact.length} tokens of ${groups.length} answers; against f32, per token:`);
  for (const loss of losses) {
    const parts = [
      `perplexity ${loss.perplexity.toFixed(3)}`,
      ...(loss.meanDifference === null
        ? []
        : [
            `log p off by ${loss.meanDifference.toFixed(4)}`,
            `99 % within ${loss.difference99!.toFixed(3)}`,
            `at most ${loss.largestDifference!.toFixed(3)}`,
            `ratio deviates by ${loss.ratioDeviation!.toFixed(4)}`,
          ]),
    ];
    io.print(`${loss.form.padEnd(25)} ${parts.join(', ')}`);
  }
  return { what: 'rounding', model: dir, answers: groups.length, tokens: exact.length, losses };
}

/** Prompts and the answers that people gave to them. */
async function answersOf(
  from: string,
  dir: string,
  seed: number,
  signal: AbortSignal,
): Promise<Group[]> {
  const prompts = promptsFor(await loadTokenizer(dir));
  const { units } = await scanCorpus(from, { seed, signal });
  const views = new Random(seed)
    .shuffle([...units])
    .slice(0, UNITS)
    .map(viewOf);
  const groups = views.flatMap((view): Group[] => {
    const code = {
      prompt: prompts.generate(view.language, view.doc ?? '', view.signature),
      answers: [prompts.codeAnswer(view.rest)],
    };
    const doc = {
      prompt: prompts.document(view),
      answers: [prompts.docAnswer(view.doc ?? '')],
    };
    return view.doc === null ? [code] : [code, doc];
  });
  if (groups.length === 0) {
    throw new UserError(`${from} holds no functions: give a folder with code.`);
  }
  return groups;
}

/** The log-probability of every token of the answers. */
function score(
  dir: string,
  groups: readonly Group[],
  change: (model: Qwen2Model) => void,
): Float32Array {
  const model = Qwen2Model.load(dir);
  try {
    if (model.matrices().size > 0) {
      throw new UserError(`The weights in ${dir} are rounded already: give the model in floats.`);
    }
    change(model);
    const { contextLength } = model.config;
    const short = groups.filter(
      ({ prompt, answers: [answer] }) => prompt.length + answer.length <= contextLength,
    );
    const logProbs = microBatches(short, TOKENS, (group) => group).flatMap((batch) => {
      const packed = packGroups(batch);
      const all = scoreTokens(model, packed.batch).logProbs;
      return packed.spans.flatMap(({ start, length }) => [...all.subarray(start, start + length)]);
    });
    return Float32Array.from(logProbs);
  } finally {
    model.dispose();
  }
}

function lossOf(form: string, logProbs: Float32Array, exact: Float32Array | null): Loss {
  const perplexity = Math.exp(-mean([...logProbs]));
  if (exact === null) {
    return {
      form,
      perplexity,
      meanDifference: null,
      difference99: null,
      largestDifference: null,
      ratioDeviation: null,
    };
  }
  const differences = [...logProbs.map((p, i) => Math.abs(p - exact[i])).sort()];
  return {
    form,
    perplexity,
    meanDifference: mean(differences),
    difference99: differences[Math.floor(0.99 * (differences.length - 1))],
    largestDifference: differences[differences.length - 1],
    ratioDeviation: deviation([...logProbs.map((p, i) => Math.exp(p - exact[i]))]),
  };
}
