import { rebuild, type UnitView } from '../inference/view.js';
import type { Similarity } from '../similarity/similarity.js';

/** Bodies that do nothing, in the forms that our languages have; those that do not parse in one do not count. */
const NOTHING = [
  ' {}',
  ' {\n  return;\n}',
  ' null',
  ' => {}',
  '\n    pass',
  '\n    return',
  '\nend',
  '\n  nil\nend',
  '\n  return\nend',
  ' = null',
  ' {\n  :\n}',
] as const;

const known = new WeakMap<UnitView, number>();

/**
 * The similarity that a body of nothing has to a unit: the signature is given, so its parameters match by themselves.
 * A model that is rewarded for this learns to write nothing (the exploit of trivial code; measured here: within 25
 * steps every reconstruction was seven tokens long, at a similarity of 0.38 and a forward lift of 0).
 */
export function trivialSimilarity(view: UnitView, similarity: Similarity): number {
  let most = known.get(view);
  if (most === undefined) {
    const scores = emptyCodes(view, similarity).map((code) => similarity.score(view.code, code));
    most = Math.max(0, ...scores);
    known.set(view, most);
  }
  return most;
}

/** A unit with a body that does nothing, in every form that parses. */
export function emptyCodes(view: UnitView, similarity: Similarity): string[] {
  return NOTHING.map((rest) => rebuild(view, rest)).filter((code) => similarity.parses(code));
}

/**
 * A similarity with that of nothing taken as zero, as Cohen's kappa (1960) does with chance: 0 for code that is no
 * better than an empty body, 1 for equal code.
 */
export function aboveTrivial(similarity: number, trivial: number): number {
  return trivial >= 1 ? 0 : Math.max(0, (similarity - trivial) / (1 - trivial));
}
