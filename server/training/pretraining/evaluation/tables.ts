import { PRETRAINING_LANGUAGES } from '../../../corpus/pretraining/record.js';
import type { LanguageId } from '../../../languages/types.js';
import { bootstrap, type Estimate } from '../../bootstrap.js';

/** Figures of several systems on the same units: one row for each language, and one for all units. */
export interface Table<System extends string, Measure extends string> {
  measures: readonly Measure[];
  systems: readonly System[];
  rows: TableRow<System, Measure>[];
}

export interface TableRow<System extends string, Measure extends string> {
  language: LanguageId | 'all';
  units: number;
  figures: Record<Measure, Record<System, Estimate>>;
  /** How far the first system is ahead of each baseline, unit by unit. */
  ahead: Record<Measure, Partial<Record<System, Estimate>>>;
}

/**
 * Averages scores by language and over all units, with intervals; differences are taken unit by unit.
 * @param scores of each system, in the order of the units; the first system is the one that is judged
 * @param baselines what the first system is judged by
 */
export function tabulate<System extends string, Measure extends string>(
  languages: readonly LanguageId[],
  scores: ReadonlyMap<System, readonly Readonly<Record<Measure, number>>[]>,
  measures: readonly Measure[],
  baselines: readonly System[],
  seed: number,
): Table<System, Measure> {
  const systems = [...scores.keys()];
  const rowOf = (language: LanguageId | 'all'): TableRow<System, Measure> => {
    const chosen = [...languages.keys()].filter(
      (i) => language === 'all' || languages[i] === language,
    );
    const values = (system: System, measure: Measure): number[] =>
      chosen.map((i) => scores.get(system)![i][measure]);
    const byMeasure = <T>(of: (measure: Measure) => T): Record<Measure, T> =>
      Object.fromEntries(measures.map((measure) => [measure, of(measure)])) as Record<Measure, T>;
    const figures = byMeasure(
      (measure) =>
        Object.fromEntries(
          systems.map((system) => [system, bootstrap(values(system, measure), seed)]),
        ) as Record<System, Estimate>,
    );
    const ahead = byMeasure((measure) => {
      const own = values(systems[0], measure);
      const by = baselines.map((baseline) => {
        const theirs = values(baseline, measure);
        const differences = own.map((value, i) => value - theirs[i]);
        return [baseline, bootstrap(differences, seed)];
      });
      return Object.fromEntries(by) as Partial<Record<System, Estimate>>;
    });
    return { language, units: chosen.length, figures, ahead };
  };
  const rows = PRETRAINING_LANGUAGES.filter((language) => languages.includes(language)).map(rowOf);
  return { measures, systems, rows: [...rows, rowOf('all')] };
}

/** The languages in which the first system is ahead of these baselines in every measure, beyond each interval. */
export function clearlyAhead<System extends string, Measure extends string>(
  { measures, rows }: Table<System, Measure>,
  baselines: readonly System[],
): LanguageId[] {
  return rows.flatMap(({ language, ahead }) => {
    const clear = measures.every((measure) =>
      baselines.every((baseline) => ahead[measure][baseline]!.low > 0),
    );
    return clear && language !== 'all' ? [language] : [];
  });
}
