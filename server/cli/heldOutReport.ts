import type { Estimate } from '../training/bootstrap.js';
import type { Evaluation } from '../training/evaluate.js';
import type { UnitTests } from '../training/suite/unitTests.js';

type Form = (value: number) => string;

const score: Form = (value) => value.toFixed(3);
const share: Form = (value) => `${(100 * value).toFixed(1)} %`;
const length: Form = (value) => value.toFixed(1);

/** What the report names, in its order: null where an evaluation has none of it. */
const ROWS: readonly [string, Form, (evaluation: Evaluation) => Estimate | null][] = [
  ['score (an empty body is 0)', score, ({ aboveTrivial }) => aboveTrivial],
  ['round trip', score, ({ roundTrip }) => roundTrip],
  ['round trip by CodeBLEU', score, ({ neighbours }) => neighbours.codebleu ?? null],
  ['round trip by TSED', score, ({ neighbours }) => neighbours.tsed ?? null],
  ['round trip by CrystalBLEU', score, ({ neighbours }) => neighbours.crystalbleu ?? null],
  ['round trip, empty doc', score, ({ emptyDoc }) => emptyDoc],
  ['lift: what the doc adds', score, ({ lift }) => lift],
  ['whole docs', share, ({ wholeDocs }) => wholeDocs],
  ['valid docs', share, ({ validDocs }) => validDocs],
  ['docs that leak', share, ({ leakRate }) => leakRate],
  ['docs cut off', share, ({ truncatedDocs }) => truncatedDocs],
  ['code that parses', share, ({ parseRate }) => parseRate],
  ['code equal to the original', share, ({ exactMatch }) => exactMatch],
  ['chrF to docs by people', score, ({ humanDocs }) => humanDocs && humanDocs.chrf],
  ['ROUGE-L to docs by people', score, ({ humanDocs }) => humanDocs && humanDocs.rougeL],
  ['tokens of a doc', length, ({ docTokens }) => docTokens],
  ['tokens of a rebuilt body', length, ({ codeTokens }) => codeTokens],
  ['tokens of an original body', length, ({ originalTokens }) => originalTokens],
];

/** The held-out report as a table: a figure a line with its 95 % interval, the functions as they are and with masked names. */
export function heldOutReport(evaluation: Evaluation, masked: Evaluation): string[] {
  const rows = ROWS.flatMap(([name, form, pick]) => {
    const cells = [evaluation, masked].map((each) => cell(pick(each), form));
    return cells.every((text) => text === '-') ? [] : [[name, ...cells]];
  });
  const docs = evaluation.humanDocs?.chrf.count ?? 0;
  const all = [['', 'as they are', 'names masked'], ...rows];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return [
    `${evaluation.units} functions of files kept apart, ${docs} of them with a doc by people; 95 % intervals over functions:`,
    ...all.map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    ),
  ];
}

/** What the workspace's own tests say of the rebuilt functions; nothing where they were not run. */
export function testReport(tests: UnitTests | undefined): string[] {
  if (tests === undefined) {
    return [];
  }
  const { command, seconds, reached, units, passAt1, emptyBody } = tests;
  const passes = `'${command}' passes on the code as it is (${seconds.toFixed(1)} s)`;
  return reached === 0
    ? [`${passes}, and also where one of these functions raises an error: there is no pass@1.`]
    : [
        `${passes} and fails where one of these functions raises an error, for ${reached} of ${units.length}; of these:`,
        `pass@1  ${cell(passAt1, share)}; of an empty body  ${cell(emptyBody, share)}`,
      ];
}

function cell(estimate: Estimate | null, form: Form): string {
  return estimate === null || estimate.count === 0
    ? '-'
    : `${form(estimate.mean)} [${form(estimate.low)}, ${form(estimate.high)}]`;
}
