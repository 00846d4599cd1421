import { beforeAll, describe, expect, it } from 'vitest';
import { initBackend } from '../../../server/tensor/backend.js';
import { AdamW } from '../../../server/tensor/adamw.js';
import { packGroups, packSequences } from '../../../server/training/batch.js';
import { scoreTokens, GradientSum } from '../../../server/training/gradients.js';
import { Reference } from '../../../server/training/policy.js';
import { learningGroups, update, type LearningGroup } from '../../../server/training/update.js';
import type { UnitRollout } from '../../../server/training/rollout.js';
import { tiny } from './tiny.js';

beforeAll(async () => {
  await initBackend('cpu');
});

const pause = (): Promise<void> => Promise.resolve();

function groupsFor(parts: ReturnType<typeof tiny>): LearningGroup[] {
  return parts.examples.slice(0, 4).map((example, i) => {
    const answers = [
      parts.prompts.docAnswer(`Answer ${i} of the first.`),
      parts.prompts.docAnswer('Another answer.'),
    ];
    const { batch, spans } = packGroups([{ prompt: example.documentPrompt, answers }]);
    const { logProbs } = scoreTokens(parts.policy.model, batch);
    return {
      prompt: example.documentPrompt,
      answers,
      oldLogProbs: spans.map(({ start, length }) => logProbs.slice(start, start + length)),
      advantages: [1 + i, -1],
      weights: answers.map(() => 0.01),
    };
  });
}

async function updated(
  microBatchTokens: number,
): Promise<{ weights: Map<string, Float32Array>; loss: number }> {
  const parts = tiny({ microBatchTokens });
  const reference = Reference.of(parts.policy, parts.policy.weights());
  const optimizer = new AdamW(parts.policy.trainable, { lr: 0.01 });
  const metrics = await update(
    parts.policy,
    reference,
    optimizer,
    groupsFor(parts),
    parts.settings,
    0.01,
    pause,
  );
  const weights = parts.policy.weights();
  expect(metrics.samplerGap).toBeLessThan(1e-4);
  expect(metrics.kl).toBeCloseTo(0, 6);
  expect(metrics.clipShare).toBe(0);
  reference.dispose();
  parts.policy.dispose();
  return { weights, loss: metrics.loss };
}

describe('update', () => {
  it('is the same in one micro-batch as in many', async () => {
    const one = await updated(100_000);
    const many = await updated(40);
    expect(many.loss).toBeCloseTo(one.loss, 5);
    for (const [name, values] of one.weights) {
      const other = many.weights.get(name)!;
      values.forEach((value, i) => expect(Math.abs(value - other[i])).toBeLessThan(2e-3));
    }
  });

  it('makes answers with an advantage likelier and those without less likely', async () => {
    const parts = tiny();
    const groups = groupsFor(parts);
    const scores = (): number[] =>
      groups[0].answers.map((answer) => {
        const { batch } = packGroups([{ prompt: groups[0].prompt, answers: [answer] }]);
        return scoreTokens(parts.policy.model, batch).logProbs.reduce(
          (sum, value) => sum + value,
          0,
        );
      });
    const before = scores();
    const reference = Reference.of(parts.policy, parts.policy.weights());
    const optimizer = new AdamW(parts.policy.trainable, { lr: 0.003 });
    await update(
      parts.policy,
      reference,
      optimizer,
      groups.slice(0, 1),
      parts.settings,
      0.003,
      pause,
    );
    const after = scores();
    expect(after[0] - before[0]).toBeGreaterThan(after[1] - before[1]);
    expect(after[0]).toBeGreaterThan(before[0]);
    reference.dispose();
    parts.policy.dispose();
  });

  it('scores a shared prompt as it would each answer alone', () => {
    const parts = tiny();
    const [{ prompt, answers }] = groupsFor(parts);
    const { batch, spans } = packGroups([{ prompt, answers }]);
    const { logProbs } = scoreTokens(parts.policy.model, batch);
    answers.forEach((answer, i) => {
      const alone = scoreTokens(
        parts.policy.model,
        packSequences([[...prompt, ...answer]]),
      ).logProbs;
      const { start, length } = spans[i];
      const tail = alone.slice(alone.length - length);
      logProbs
        .slice(start, start + length)
        .forEach((value, j) => expect(value).toBeCloseTo(tail[j], 4));
    });
    parts.policy.dispose();
  });
});

describe('GradientSum', () => {
  it('eight micro-batches of one are one of eight', () => {
    const parts = tiny();
    const sequences = Array.from({ length: 8 }, (_, i) => [
      ...parts.examples[i % 6].documentPrompt.slice(0, 10 + i),
    ]);
    const slopes = (count: number): Float32Array => new Float32Array(count).fill(-0.01);
    const together = new GradientSum(parts.policy.model);
    together.add(packSequences(sequences), ({ logProbs }) => slopes(logProbs.length));
    const apart = new GradientSum(parts.policy.model);
    for (const sequence of sequences) {
      apart.add(packSequences([sequence]), ({ logProbs }) => slopes(logProbs.length));
    }
    for (const [name, tensor] of together.gradients) {
      const other = apart.gradients.get(name)!.dataSync();
      tensor.dataSync().forEach((value, i) => expect(value).toBeCloseTo(other[i], 5));
    }
    const known = new GradientSum(parts.policy.model);
    for (const sequence of sequences) {
      const batch = packSequences([sequence]);
      const { logProbs } = known.addWeighted(batch, slopes(batch.ids.length));
      expect([...logProbs]).toEqual([...scoreTokens(parts.policy.model, batch).logProbs]);
    }
    for (const [name, tensor] of together.gradients) {
      const other = known.gradients.get(name)!.dataSync();
      tensor.dataSync().forEach((value, i) => expect(value).toBeCloseTo(other[i], 5));
    }
    for (const sum of [together, apart, known]) {
      sum.dispose();
    }
    parts.policy.dispose();
  });
});

describe('learningGroups', () => {
  it('drops groups without spread, counts them, and weighs each direction for itself', () => {
    const parts = tiny({ aggregation: 'dapo', advantage: 'dr_grpo' });
    const sample = (length: number) => ({
      ids: new Array<number>(length).fill(1),
      logProbs: new Float32Array(length),
      finish: 'stop' as const,
    });
    const code = (similarity: number, length: number) => ({
      generation: sample(length),
      rest: '',
      parses: true,
      truncated: false,
      similarity,
      reward: similarity,
    });
    const doc = (reward: number, length: number, similarities: [number, number]) => ({
      generation: sample(length),
      text: '',
      validity: 1 as const,
      leaks: false,
      truncated: false,
      prompt: [1, 2],
      codes: similarities.map((similarity) => code(similarity, 5)),
      reward,
    });
    const units: UnitRollout[] = [
      { example: parts.examples[0], docs: [doc(0.5, 2, [0.5, 0.5]), doc(0.1, 6, [0.2, 0.0])] },
      { example: parts.examples[1], docs: [doc(0.3, 3, [0.3, 0.3]), doc(0.3, 3, [0.3, 0.3])] },
    ];
    const learning = learningGroups(units, parts.settings);
    expect(learning).toMatchObject({ docGroups: 2, flatDocs: 1, codeGroups: 4, flatCodes: 3 });
    expect(learning.groups.length).toBe(2);
    const [docs, codes] = learning.groups;
    expect(docs.advantages[0]).toBeCloseTo(0.2, 9);
    expect(docs.weights).toEqual([1 / 8, 1 / 8]);
    expect(codes.advantages[0]).toBeCloseTo(0.1, 9);
    expect(codes.weights).toEqual([1 / 10, 1 / 10]);
    parts.policy.dispose();
  });
});
