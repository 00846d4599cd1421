import { MODEL_SIZES } from '../model/presets.js';
import { METRICS } from '../similarity/similarity.js';
import { UsageError } from '../util/errors.js';
import { ADVANTAGES } from './advantage.js';
import { AGGREGATIONS } from './aggregation.js';
import { makeSettings, type Settings } from './settings.js';

const CHOICES: Partial<Record<keyof Settings, readonly string[]>> = {
  advantage: ADVANTAGES,
  aggregation: AGGREGATIONS,
  metric: METRICS,
  modelSize: MODEL_SIZES,
};

/**
 * Settings that were written as text, `NAME=VALUE` each.
 * @throws UsageError where a name is unknown or a value does not fit it
 */
export function readSettings(texts: readonly string[]): Partial<Settings> {
  const known = makeSettings({}, 'small', 'given');
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      const name = text.slice(0, Math.max(at, 0)) as keyof Settings;
      if (!Object.hasOwn(known, name)) {
        throw new UsageError(
          `'${text}' sets nothing: write NAME=VALUE, with one of these names: ${Object.keys(known).join(', ')}.`,
        );
      }
      return [name, readValue(name, text.slice(at + 1), known[name])];
    }),
  );
}

/** @param like a value of the setting; null where it is a number or nothing */
function readValue(
  name: keyof Settings,
  text: string,
  like: Settings[keyof Settings],
): string | number | boolean {
  const choices = CHOICES[name] ?? (typeof like === 'boolean' ? ['true', 'false'] : null);
  if (choices !== null) {
    if (!choices.includes(text)) {
      throw new UsageError(`${name} is one of ${choices.join(', ')}, not '${text}'.`);
    }
    return typeof like === 'boolean' ? text === 'true' : text;
  }
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < 0) {
    throw new UsageError(`${name} is a number of at least 0, not '${text}'.`);
  }
  return number;
}
