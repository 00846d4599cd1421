/**
 * Which tokens of a packed batch attend to which. Token t of a segment, start <= t < end, sees
 * [prefixStart, prefixEnd) and [start, t]. An empty prefix is 0, 0.
 */
export interface Segment {
  start: number;
  end: number;
  prefixStart: number;
  prefixEnd: number;
}

/**
 * Checks that the segments cover [0, tokens) in order without gap or overlap, and that each prefix
 * is part of one earlier segment that itself has no prefix.
 * @throws Error naming the first segment that is wrong
 */
export function checkSegments(segments: readonly Segment[], tokens: number): void {
  let next = 0;
  segments.forEach((segment, index) => {
    const { start, end, prefixStart, prefixEnd } = segment;
    if (start !== next || end <= start) {
      throw new Error(`Segment ${index} is [${start}, ${end}), expected it to start at ${next}.`);
    }
    if (prefixEnd > prefixStart) {
      const owner = segments
        .slice(0, index)
        .find((s) => prefixStart >= s.start && prefixEnd <= s.end);
      if (!owner || owner.prefixEnd > owner.prefixStart) {
        throw new Error(
          `The prefix [${prefixStart}, ${prefixEnd}) of segment ${index} is not part of an earlier segment without a prefix.`,
        );
      }
    }
    next = end;
  });
  if (next !== tokens) {
    throw new Error(`The segments cover ${next} tokens of ${tokens}.`);
  }
}

/** Segments of sequences that lie one after another and share nothing. */
export function segmentsOf(lengths: readonly number[]): Segment[] {
  let start = 0;
  return lengths.map((length) => {
    const segment = { start, end: start + length, prefixStart: 0, prefixEnd: 0 };
    start += length;
    return segment;
  });
}

/** The form that the native kernels read: start, end, prefixStart, prefixEnd of each segment. */
export function packSegments(segments: readonly Segment[]): Int32Array {
  const packed = new Int32Array(segments.length * 4);
  segments.forEach((s, i) => packed.set([s.start, s.end, s.prefixStart, s.prefixEnd], i * 4));
  return packed;
}
