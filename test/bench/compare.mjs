// Measures contenders in turn.

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Seconds that one contender runs before the next has its turn. */
const TURN_SECONDS = 1.5;

/**
 * Runs contenders turn by turn, `turns` times each, so that whatever else the machine does meets them alike.
 * @returns for each its seconds by phase, one list a turn, and what it says of itself at the end
 */
export async function compare(contenders, turns) {
  const results = [];
  try {
    for (const contender of contenders) {
      const warmUp = await contender.start();
      const slowest = Math.max(...Object.values(warmUp).flat());
      // A first round is slower than the others, so this rather errs to fewer rounds in a turn.
      const rounds = Math.max(1, Math.round(TURN_SECONDS / slowest));
      results.push({ rounds, turns: [] });
    }
    for (let turn = 0; turn < turns; turn++) {
      for (const [i, contender] of contenders.entries()) {
        results[i].turns.push(await contender.run(results[i].rounds));
      }
    }
    for (const [i, contender] of contenders.entries()) {
      results[i].about = await contender.finish();
    }
  } finally {
    contenders.forEach((contender) => contender.stop());
  }
  return results;
}

/** The median and the best of a phase's seconds. */
export function secondsOf({ turns }, phase) {
  const all = turns.flatMap((turn) => turn[phase]);
  return { median: median(all), best: Math.min(...all), rounds: all.length };
}

/** How many times faster the first is than the second, turn by turn: the median, the least and the most. */
export function speedRatio(ours, theirs, phase, theirPhase = phase) {
  const ratios = ours.turns.map(
    (turn, i) => median(theirs.turns[i][theirPhase]) / median(turn[phase]),
  );
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}
