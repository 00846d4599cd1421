// What docs/results.jsonl keeps of a run.
import { meanOf } from './estimate.mjs';

/** Metrics whose course is kept. */
const CURVES = [
  'docReward',
  'codeReward',
  'parseRate',
  'leakRate',
  'rereadTrained',
  'rereadFrozen',
  'kl',
  'entropy',
  'docTokens',
  'zeroSpreadUnits',
];

/** What is kept of an evaluation besides the scores of each function; all have an interval. */
const SHARES_AND_LENGTHS = [
  'parseRate',
  'exactMatch',
  'leakRate',
  'wholeDocs',
  'validDocs',
  'truncatedDocs',
  'docTokens',
  'codeTokens',
  'originalTokens',
];

/** What the page needs of an evaluation. */
export function brief(evaluation) {
  const { perUnit, humanDocs } = evaluation;
  const column = (name) => perUnit.map((each) => rounded(each[name]));
  const estimates = [
    ...SHARES_AND_LENGTHS.map((name) => [name, evaluation[name]]),
    ['chrf', humanDocs && humanDocs.chrf],
    ['rougeL', humanDocs && humanDocs.rougeL],
  ];
  return {
    score: column('score'),
    roundTrip: column('roundTrip'),
    emptyDoc: column('emptyDoc'),
    ...Object.fromEntries(estimates.map(([name, of]) => [name, of && rounded(of.mean)])),
    intervals: Object.fromEntries(
      estimates.map(([name, of]) => [name, of && [of.low, of.high].map(rounded)]),
    ),
  };
}

function rounded(value) {
  return Number(value.toFixed(4));
}

/** The names of the scored functions; where several of a file have one name, they are numbered. */
export function namesOf(perUnit) {
  const counts = new Map();
  return perUnit.map(({ unit }) => {
    const count = (counts.get(unit) ?? 0) + 1;
    counts.set(unit, count);
    return count === 1 ? unit : `${unit} (${count})`;
  });
}

/** Means of the metrics over ten steps each. */
export function curveOf(steps) {
  return Array.from({ length: Math.ceil(steps.length / 10) }, (_, i) => {
    const part = steps.slice(10 * i, 10 * i + 10);
    const means = CURVES.map((name) => {
      const mean = meanOf(part, name);
      return [name, mean === null ? null : rounded(mean)];
    });
    return { step: part.at(-1).step, ...Object.fromEntries(means) };
  });
}
