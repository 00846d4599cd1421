// Means with their intervals, for the page of results.

/** The mean of what the items have under a name; null where none has any. */
export function meanOf(items, name) {
  const values = items.map((item) => item[name]).filter((value) => typeof value === 'number');
  return values.length === 0 ? null : mean(values);
}

export function groups(items, key) {
  const found = new Map();
  for (const item of items) {
    found.set(key(item), [...(found.get(key(item)) ?? []), item]);
  }
  return [...found.values()];
}

export function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

export function mean(values) {
  return sum(values) / Math.max(values.length, 1);
}

const DRAWS = 2000;

/**
 * The mean and its 95 % interval (percentile bootstrap over functions), the same for the same values.
 * @param items {unit, value}; '-' where there are none
 */
export function estimate(items) {
  if (items.length === 0) {
    return '-';
  }
  const units = groups(items, ({ unit }) => unit).map((each) => ({
    total: sum(each.map(({ value }) => value)),
    count: each.length,
  }));
  let state = 1;
  const draw = () => {
    // A linear congruential generator (Numerical Recipes): enough to resample with.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return units[Math.floor((state / 2 ** 32) * units.length)];
  };
  const means = Array.from({ length: DRAWS }, () => {
    const drawn = units.map(draw);
    return sum(drawn.map(({ total }) => total)) / sum(drawn.map(({ count }) => count));
  }).sort((a, b) => a - b);
  const [low, high] = [means[0.025 * DRAWS], means[0.975 * DRAWS]];
  return `${mean(items.map(({ value }) => value)).toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
