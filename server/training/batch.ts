import type { TargetBatch } from '../model/loss.js';
import type { Segment } from '../tensor/segments.js';

/** A prompt and the answers sampled from it, which share its computation. */
export interface Group {
  prompt: readonly number[];
  answers: readonly (readonly number[])[];
}

/** Where an answer lies in a packed batch: its first target stands at `start`. */
export interface AnswerSpan {
  group: number;
  answer: number;
  start: number;
  length: number;
}

/** Tokens that a group takes in a packed batch. */
export function groupCost(group: Group): number {
  return group.answers.reduce((sum, answer) => sum + answer.length, group.prompt.length - 1);
}

/**
 * Packs groups: the prompt once, but for its last token, which begins each answer's segment, since it predicts each
 * answer's first token. Every target belongs to an answer.
 */
export function packGroups(groups: readonly Group[]): {
  batch: TargetBatch;
  spans: AnswerSpan[];
} {
  const total = groups.reduce((sum, group) => sum + groupCost(group), 0);
  const writer = new BatchWriter(total);
  const spans: AnswerSpan[] = [];
  groups.forEach((group, groupIndex) => {
    const shared = group.prompt.length - 1;
    const prefix = writer.segment(group.prompt.slice(0, -1), null, 0, null);
    group.answers.forEach((answer, answerIndex) => {
      const ids = [group.prompt[shared], ...answer.slice(0, -1)];
      const segment = writer.segment(ids, answer, shared, shared > 0 ? prefix : null);
      spans.push({
        group: groupIndex,
        answer: answerIndex,
        start: segment.start,
        length: answer.length,
      });
    });
  });
  return { batch: writer.finish(), spans };
}

/** Packs whole sequences one after another; every token but the first is a target. */
export function packSequences(sequences: readonly (readonly number[])[]): TargetBatch {
  const writer = new BatchWriter(sequences.reduce((sum, ids) => sum + ids.length - 1, 0));
  for (const ids of sequences) {
    writer.segment(ids.slice(0, -1), ids.slice(1), 0, null);
  }
  return writer.finish();
}

/**
 * Cuts groups into micro-batches of at most `limit` tokens; a group that is larger than that is split between its
 * answers, the prompt repeated. A single answer over the limit stands alone.
 */
export function microBatches<T extends Group>(
  groups: readonly T[],
  limit: number,
  part: (group: T, from: number, to: number) => T,
): T[][] {
  const pieces = groups.flatMap((group) => splitGroup(group, limit, part));
  const batches: T[][] = [];
  let room = 0;
  for (const piece of pieces) {
    const cost = groupCost(piece);
    if (batches.length === 0 || cost > room) {
      batches.push([]);
      room = limit;
    }
    batches[batches.length - 1].push(piece);
    room -= cost;
  }
  return batches;
}

function splitGroup<T extends Group>(
  group: T,
  limit: number,
  part: (group: T, from: number, to: number) => T,
): T[] {
  const pieces: T[] = [];
  let from = 0;
  let cost = group.prompt.length - 1;
  group.answers.forEach((answer, index) => {
    if (index > from && cost + answer.length > limit) {
      pieces.push(part(group, from, index));
      from = index;
      cost = group.prompt.length - 1;
    }
    cost += answer.length;
  });
  pieces.push(part(group, from, group.answers.length));
  return pieces;
}

class BatchWriter {
  private readonly ids: Int32Array;
  private readonly positions: Int32Array;
  private readonly targets: Int32Array;
  private readonly segments: Segment[] = [];
  private next = 0;

  constructor(tokens: number) {
    this.ids = new Int32Array(tokens);
    this.positions = new Int32Array(tokens);
    this.targets = new Int32Array(tokens).fill(-1);
  }

  segment(
    ids: readonly number[],
    targets: readonly number[] | null,
    firstPosition: number,
    prefix: Segment | null,
  ): Segment {
    const start = this.next;
    const end = start + ids.length;
    this.ids.set(ids, start);
    for (let i = 0; i < ids.length; i++) {
      this.positions[start + i] = firstPosition + i;
    }
    if (targets !== null) {
      this.targets.set(targets, start);
    }
    const segment = { start, end, prefixStart: prefix?.start ?? 0, prefixEnd: prefix?.end ?? 0 };
    if (end > start) {
      this.segments.push(segment);
    }
    this.next = end;
    return segment;
  }

  finish(): TargetBatch {
    return {
      ids: this.ids,
      positions: this.positions,
      segments: this.segments,
      targets: this.targets,
    };
  }
}
