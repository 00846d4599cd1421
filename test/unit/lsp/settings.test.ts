import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LruCache } from '../../../server/util/lruCache.js';
import { readSettings } from '../../../server/lsp/settings.js';
import { DEFAULT_SETTINGS } from '../../../server/protocol.js';

test('settings of the right type are taken, all others are the defaults', () => {
  const given = {
    hover: { enabled: false },
    ghostText: { enabled: 'no' },
    docStyle: { python: 'numpy', go: 3 },
    training: { minutes: Number.NaN, steps: 7 },
    threads: 2,
    unknown: true,
  };
  expect(readSettings(given)).toEqual({
    ...DEFAULT_SETTINGS,
    hover: { enabled: false },
    docStyle: { python: 'numpy' },
    training: { minutes: DEFAULT_SETTINGS.training.minutes, steps: 7 },
    threads: 2,
  });
});

test('no settings at all, or nonsense, are the defaults', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.anything())),
      (given) => {
        expect(readSettings(given)).toEqual(DEFAULT_SETTINGS);
      },
    ),
  );
});

test('the cache forgets what was used longest ago', () => {
  const cache = new LruCache<string, number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  expect(cache.get('a')).toBe(1);
  cache.set('c', 3);
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3]);
});
