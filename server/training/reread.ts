import type { Random } from '../util/random.js';
import type { Reread } from './frozenReader.js';
import { mean } from './metrics.js';
import type { Reference } from './policy.js';
import { sampleCodes, type RolloutContext, type UnitRollout } from './rollout.js';

/**
 * Has the reference write code from a share of a step's valid docs, as the trained reader did.
 * It draws from the random generator the same number of times whatever the docs are.
 */
export async function reread(
  context: RolloutContext,
  reference: Reference,
  units: readonly UnitRollout[],
  step: number,
  random: Random,
): Promise<Reread[]> {
  const chosen = units
    .flatMap(({ example, docs }) => docs.map((doc) => ({ example, doc, chance: random.next() })))
    .filter(({ doc, chance }) => doc.validity > 0 && chance < context.settings.frozenShare);
  const codes = await reference.use((model) => sampleCodes({ ...context, model }, chosen, random));
  return chosen.map(({ doc }, i) => ({
    step,
    trained: mean(doc.codes.map((code) => code.similarity)),
    frozen: codes[i].similarity,
  }));
}
