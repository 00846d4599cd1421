import type { Prompts } from '../../inference/prompts.js';
import { Adapter } from '../../model/adapter.js';
import { parameterCount } from '../../model/parameters.js';
import { AdamW } from '../../tensor/adamw.js';
import type { BackendReport } from '../../tensor/backend.js';
import type { Example } from '../../training/examples.js';
import { Policy, Reference } from '../../training/policy.js';
import { rollout } from '../../training/rollout.js';
import { makeSettings } from '../../training/settings.js';
import { learningGroups, update } from '../../training/update.js';
import { Random } from '../../util/random.js';
import type { Io, ParsedArgs } from '../command.js';
import { quantizeAs } from './quantize.js';
import { randomModel, someIds } from './randomModel.js';
import { measureRounds, median, since } from './rounds.js';
import { shapeOf, shapeReported } from './sizes.js';
import { line, summarize } from './summary.js';

/** Random weights write no text, and nothing ends an answer but its length. */
const NO_TEXT: Prompts = {
  kind: 'tokens',
  document: () => [],
  generate: () => [],
  docAnswer: () => [],
  codeAnswer: () => [],
  readDoc: () => '',
  readCode: () => '',
  stopIds: [],
  codeEnd: null,
};

/** The rollout and the update of one learning step, with a reward that costs nothing: the share of even ids. */
export async function benchStep(args: ParsedArgs, io: Io, backend: BackendReport) {
  const promptLength = args.number('prompt') ?? 160;
  const length = args.number('length') ?? 64;
  const rank = args.number('lora') ?? 16;
  const config = shapeOf(args, promptLength + length);
  const settings = makeSettings({ unitsPerStep: args.number('batch') ?? 8 }, 'small', 'given');
  const { unitsPerStep, docsPerUnit } = settings;
  const model = randomModel(config);
  const base = quantizeAs(model, args.string('base'));
  const policy = new Policy(model, Adapter.init(config, { rank, alpha: 2 * rank }, 1));
  const reference = Reference.of(policy, policy.weights());
  const optimizer = new AdamW(policy.trainable, { lr: settings.learningRate });
  const examples = Array.from({ length: unitsPerStep }, (_, unit) =>
    exampleOf([...someIds(promptLength, config.vocabSize, unit * promptLength)], length),
  );
  const context = { model, prompts: NO_TEXT, similarities: new Map(), settings };
  const random = new Random(1);
  const { seconds } = await measureRounds(args, io, async () => {
    const start = performance.now();
    const { units } = await rollout(context, examples, random);
    for (const doc of units.flatMap(({ docs }) => docs)) {
      doc.reward = doc.generation.ids.filter((id) => id % 2 === 0).length / length;
    }
    const rolledOut = performance.now();
    const { groups } = learningGroups(units, settings);
    await update(policy, reference, optimizer, groups, settings, settings.learningRate, () =>
      Promise.resolve(),
    );
    return { step: since(start), rollout: (rolledOut - start) / 1000, update: since(rolledOut) };
  });
  const sampled = unitsPerStep * docsPerUnit * length;
  const read = unitsPerStep * promptLength;
  // Sampling and the reference read each token once; the update goes forward and, by the input, back.
  const passes = 1 + (settings.beta > 0 ? 1 : 0) + 2;
  const work = 2 * parameterCount(config) * passes * (sampled + read);
  const result = {
    what: 'step',
    parameters: parameterCount(config),
    ...summarize({ tokens: sampled, seconds: seconds.step, work }, backend),
    rolloutSeconds: median(seconds.rollout),
    updateSeconds: median(seconds.update),
    ...shapeReported(config),
    batch: unitsPerStep,
    samples: docsPerUnit,
    prompt: promptLength,
    length,
    lora: rank,
    base,
    beta: settings.beta,
  };
  io.print(`${result.secondsPerStep.toFixed(2)} s a step: ${line(result)}`);
  optimizer.dispose();
  reference.dispose();
  policy.dispose();
  return result;
}

/** A unit of which nothing is read but its prompt and its cap. */
function exampleOf(documentPrompt: number[], cap: number): Example {
  const start = { line: 0, character: 0 };
  const range = { start, end: start };
  const name = 'f';
  const text = { signature: '', body: '', code: '', doc: null };
  const facts = { parameters: [], returns: { value: false, type: null } };
  return {
    unit: {
      name,
      qualifiedName: name,
      kind: 'function',
      language: 'typescript',
      range,
      signatureRange: range,
      bodyRange: range,
      docRange: null,
      docInsert: { position: start, indent: '' },
      file: 'f.ts',
      split: 'train',
      ...text,
      ...facts,
    },
    view: {
      language: 'typescript',
      name,
      rest: '',
      returnsValue: false,
      ...text,
      parameters: [],
    },
    documentPrompt,
    codeTokens: 0,
    restTokens: 0,
    docCap: cap,
    codeCap: cap,
  };
}
