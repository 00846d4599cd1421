import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PairTable } from '../../../server/model/tokenizer/pairTable.js';

it('behaves as a Map of pairs, also when it grows', () => {
  const id = fc.oneof(fc.nat(20), fc.nat(2 ** 31 - 1));
  fc.assert(
    fc.property(fc.array(fc.tuple(id, id, fc.nat()), { maxLength: 300 }), (entries) => {
      const table = new PairTable(1);
      const map = new Map<string, number>();
      for (const [left, right, value] of entries) {
        expect(table.get(left, right)).toBe(map.get(`${left} ${right}`) ?? -1);
        table.set(left, right, value);
        map.set(`${left} ${right}`, value);
      }
      for (const [left, right] of entries) {
        expect(table.get(left, right)).toBe(map.get(`${left} ${right}`));
      }
    }),
  );
});
