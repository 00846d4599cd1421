import type { Example } from './examples.js';
import { cipherVerdict, type Reread } from './frozenReader.js';
import { withinMemory } from './memoryBudget.js';
import { deviation, mean, shareOf, type StepMetrics } from './metrics.js';
import { reread } from './reread.js';
import { rollout, type RolloutContext, type RolloutTimes, type UnitRollout } from './rollout.js';
import { hasZeroSpread } from './advantage.js';
import type { TrainingState } from './state.js';
import { learningGroups, update, type LearningGroups, type UpdateMetrics } from './update.js';

/**
 * One step of reinforcement learning: draw units, roll out, score, update. Nothing that a checkpoint holds changes
 * before the optimizer's step, so a step that is aborted has not happened; the caller puts the random state back.
 */
export async function learningStep(
  state: TrainingState,
  context: RolloutContext,
  examples: readonly Example[],
  learningRate: number,
  pause: () => Promise<void>,
): Promise<StepMetrics> {
  const { settings } = context;
  const { random, sampler, progressed } = state;
  const step = progressed.steps + 1;
  const drawn = sampler.draw(settings.unitsPerStep, random);
  await pause();
  const { units, times } = await rollout(
    context,
    drawn.map((index) => examples[index]),
    random,
  );
  const began = performance.now();
  const rereads = await reread(context, state.reference!, units, step, random);
  const rereadSeconds = (performance.now() - began) / 1000;
  const learning = learningGroups(units, settings);
  // The update alone: sampling takes no less memory with fewer tokens at a time.
  const updated = await withinMemory(progressed, state.policy.model, () =>
    update(
      state.policy,
      state.reference!,
      state.optimizer,
      learning.groups,
      { ...settings, microBatchTokens: progressed.microBatchTokens },
      learningRate,
      pause,
    ),
  );

  progressed.steps = step;
  progressed.rereads.push(...rereads);
  progressed.cipher = cipherVerdict(progressed.rereads).cipher;
  units.forEach((unit, i) => sampler.note(drawn[i], isFlat(unit)));
  const sampled = sampledTokens(units);
  progressed.tokens += updated.tokens + sampled.docs + sampled.codes;
  const seconds = { ...times, reread: rereadSeconds };
  return stepMetrics(step, units, learning, updated, seconds, learningRate, rereads);
}

/** Whether nothing was to be learnt from a unit: neither its docs nor the codes of any doc differ in reward. */
function isFlat({ docs }: UnitRollout): boolean {
  return (
    hasZeroSpread(docs.map((doc) => doc.reward)) &&
    docs.every((doc) => hasZeroSpread(doc.codes.map((code) => code.reward)))
  );
}

function sampledTokens(units: readonly UnitRollout[]): { docs: number; codes: number } {
  let docs = 0;
  let codes = 0;
  for (const doc of units.flatMap((unit) => unit.docs)) {
    docs += doc.generation.ids.length;
    codes += doc.codes.reduce((sum, code) => sum + code.generation.ids.length, 0);
  }
  return { docs, codes };
}

/** Of a step that had no group to learn from. */
const NOT_MEASURED = {
  loss: null,
  kl: null,
  entropy: null,
  clipShare: null,
  gradNorm: null,
  samplerGap: null,
};

function stepMetrics(
  step: number,
  units: readonly UnitRollout[],
  learning: LearningGroups,
  updated: UpdateMetrics,
  times: RolloutTimes & { reread: number },
  learningRate: number,
  rereads: readonly Reread[],
): StepMetrics {
  const docs = units.flatMap((unit) => unit.docs);
  const codes = docs.flatMap((doc) => doc.codes);
  const docRewards = docs.map((doc) => doc.reward);
  const codeRewards = codes.map((code) => code.reward);
  const sampled = sampledTokens(units);
  const { loss, kl, entropy, clipShare, gradNorm, samplerGap } =
    learning.groups.length > 0 ? updated : NOT_MEASURED;
  return {
    phase: 'learning',
    step,
    docReward: mean(docRewards),
    docRewardDeviation: deviation(docRewards),
    codeReward: mean(codeRewards),
    codeRewardDeviation: deviation(codeRewards),
    similarity: mean(codes.map((code) => code.similarity)),
    zeroSpreadDocs: learning.flatDocs / Math.max(learning.docGroups, 1),
    zeroSpreadCodes: learning.flatCodes / Math.max(learning.codeGroups, 1),
    zeroSpreadUnits: shareOf(units, isFlat),
    loss,
    kl,
    entropy,
    clipShare,
    gradNorm,
    learningRate,
    samplerGap,
    docTokens: sampled.docs / Math.max(docs.length, 1),
    codeTokens: sampled.codes / Math.max(codes.length, 1),
    truncatedDocs: shareOf(docs, (doc) => doc.truncated),
    truncatedCodes: shareOf(codes, (code) => code.truncated),
    wholeDocs: shareOf(docs, (doc) => doc.validity === 1),
    validDocs: shareOf(docs, (doc) => doc.validity > 0),
    leakRate: shareOf(docs, (doc) => doc.leaks),
    parseRate: shareOf(codes, (code) => code.parses),
    ...readers(rereads),
    rolloutTokensPerSecond: (sampled.docs + sampled.codes) / (times.documents + times.codes),
    trainingTokensPerSecond: updated.tokens / Math.max(updated.seconds, 1e-9),
    seconds: {
      ...times,
      reference: updated.referenceSeconds,
      update: updated.seconds - updated.referenceSeconds,
    },
  };
}

type Readers = Pick<StepMetrics, 'rereadTrained' | 'rereadFrozen' | 'frozenGap'>;

function readers(rereads: readonly Reread[]): Readers {
  if (rereads.length === 0) {
    return { rereadTrained: null, rereadFrozen: null, frozenGap: null };
  }
  const rereadTrained = mean(rereads.map(({ trained }) => trained));
  const rereadFrozen = mean(rereads.map(({ frozen }) => frozen));
  return { rereadTrained, rereadFrozen, frozenGap: rereadTrained - rereadFrozen };
}
