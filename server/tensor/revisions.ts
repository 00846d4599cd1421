const revisions = new WeakMap<object, number>();

/** Notes that numbers were changed where they lie. */
export function noteWritten(values: object): void {
  revisions.set(values, revisionOf(values) + 1);
}

/** How often that happened: what was computed from the numbers holds while this stays. */
export function revisionOf(values: object): number {
  return revisions.get(values) ?? 0;
}
