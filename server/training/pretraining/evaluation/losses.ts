import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TokenFile, type Objective } from '../../../corpus/pretraining/tokenFile.js';
import type { LoadedModel } from '../../../inference/loadedModel.js';
import { sha256File } from '../../../util/hash.js';
import { PretrainingData } from '../data.js';
import { answerLosses } from '../step.js';

/** Tokens of the evaluation file that are read, and of a pass. */
const TOKENS = 200_000;
const PASS_TOKENS = 8192;

/**
 * The mean of -log p over the answers' tokens of evaluation sequences, by objective, nats.
 * @returns null where the token file is missing or of another tokenizer than the model's
 */
export function evaluationLosses(
  prepared: string,
  { model, dir }: LoadedModel,
): Record<Objective, number | null> | null {
  const path = join(prepared, 'evaluation.tokens');
  if (!existsSync(path)) {
    return null;
  }
  const file = new TokenFile(path);
  try {
    if (sha256File(join(dir, 'tokenizer.json')) !== file.header.tokenizerHash) {
      return null;
    }
    return answerLosses(model, new PretrainingData(file).take(TOKENS), PASS_TOKENS);
  } finally {
    file.close();
  }
}
