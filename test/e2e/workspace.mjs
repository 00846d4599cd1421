// The folder that the end-to-end test opens: some of this repository's own sources, and the code of a
// small shop, regular as such code is, so that a model of two million weights learns it in minutes.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NOUNS = 'customer order product parcel invoice voucher courier crate basket ticket'.split(
  ' ',
);
const FIELDS = 'price weight stock rating amount height delay limit'.split(' ');
const capital = (word) => word[0].toUpperCase() + word.slice(1);

/** The functions that a file has for each field; every one is a unit with a doc. */
const functionsFor = (noun, field) => {
  const Noun = capital(noun);
  const Field = capital(field);
  return [
    `/**
 * Adds up the ${field} of all ${noun}s.
 *
 * @param ${noun}s - the ${noun}s to add up
 * @returns the total ${field}
 */
export function total${Field}(${noun}s: ${Noun}[]): number {
  let total = 0;
  for (const ${noun} of ${noun}s) {
    total += ${noun}.${field};
  }
  return total;
}`,
    `/**
 * Finds the ${noun} with the largest ${field}.
 *
 * @param ${noun}s - the ${noun}s to search
 * @returns the ${noun} with the largest ${field}
 */
export function largest${Field}(${noun}s: ${Noun}[]): ${Noun} {
  let best = ${noun}s[0];
  for (const ${noun} of ${noun}s) {
    if (${noun}.${field} > best.${field}) {
      best = ${noun};
    }
  }
  return best;
}`,
    `/**
 * Keeps the ${noun}s whose ${field} is at least a limit.
 *
 * @param ${noun}s - the ${noun}s to filter
 * @param limit - the least ${field}
 * @returns the ${noun}s with at least that ${field}
 */
export function withLeast${Field}(${noun}s: ${Noun}[], limit: number): ${Noun}[] {
  return ${noun}s.filter((${noun}) => ${noun}.${field} >= limit);
}`,
    `/**
 * Sorts the ${noun}s by their ${field}.
 *
 * @param ${noun}s - the ${noun}s to sort
 * @returns the ${noun}s with the smallest ${field} first
 */
export function sortedBy${Field}(${noun}s: ${Noun}[]): ${Noun}[] {
  return [...${noun}s].sort((a, b) => a.${field} - b.${field});
}`,
  ];
};

/** Every noun has a file for five of the eight fields. */
const fieldsOf = (index) => FIELDS.filter((_, i) => (i + index) % 8 < 5);

/** What the test has written: these functions are in no file of the shop, their siblings are. */
const LEFT_OUT = [
  'totalWeight(orders',
  'totalStock(orders',
  'largestAmount(crates',
  'sortedByPrice(invoices',
];

/** The file that the test works in: two functions without a doc, and two docs whose functions have no body. */
export const DESK = `import type { Crate, Invoice, Order } from '../shop/types.js';

export function totalWeight(orders: Order[]): number {
  let total = 0;
  for (const order of orders) {
    total += order.weight;
  }
  return total;
}

/**
 * Adds up the stock of all orders.
 *
 * @param orders - the orders to add up
 * @returns the total stock
 */
export function totalStock(orders: Order[]): number {
  
}

/**
 * Finds the crate with the largest amount.
 *
 * @param crates - the crates to search
 * @returns the crate with the largest amount
 */
export function largestAmount(crates: Crate[]): Crate {
}

export function sortedByPrice(invoices: Invoice[]): Invoice[] {
  return [...invoices].sort((a, b) => a.price - b.price);
}
`;

const isKept = (text) => !LEFT_OUT.some((name) => text.includes(`function ${name}`));

/** @param {string} folder is made; @param {string} root of this repository */
export function makeWorkspace(folder, root) {
  const shop = join(folder, 'src', 'shop');
  mkdirSync(shop, { recursive: true });
  mkdirSync(join(folder, 'src', 'desk'));
  cpSync(join(root, 'server', 'util'), join(folder, 'src', 'util'), { recursive: true });
  const fields = FIELDS.map((field) => `  ${field}: number;\n`).join('');
  const types = NOUNS.map((noun) => `export interface ${capital(noun)} {\n${fields}}\n`);
  writeFileSync(join(shop, 'types.ts'), types.join('\n'));
  for (const [index, noun] of NOUNS.entries()) {
    for (const field of fieldsOf(index)) {
      const parts = [
        `import type { ${capital(noun)} } from './types.js';`,
        ...functionsFor(noun, field).filter(isKept),
      ];
      writeFileSync(join(shop, `${noun}${capital(field)}.ts`), `${parts.join('\n\n')}\n`);
    }
  }
  writeFileSync(join(folder, 'src', 'desk', 'desk.ts'), DESK);
}
