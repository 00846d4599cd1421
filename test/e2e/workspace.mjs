// The folder that the end-to-end test opens: some of this repository's own sources, and the code of a
// small shop, regular as such code is, so that a model of two million weights learns it in minutes.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NOUNS = {
  customer: ['age', 'visits', 'discount'],
  order: ['amount', 'weight', 'lines'],
  product: ['price', 'stock', 'rating'],
  supplier: ['delay', 'orders', 'rating'],
  parcel: ['weight', 'height', 'width'],
  invoice: ['total', 'tax', 'items'],
  voucher: ['value', 'uses', 'days'],
  payment: ['amount', 'fee', 'attempts'],
  review: ['stars', 'likes', 'length'],
  courier: ['speed', 'load', 'trips'],
  shelf: ['height', 'boxes', 'row'],
  basket: ['items', 'total', 'minutes'],
  employee: ['salary', 'hours', 'level'],
  machine: ['power', 'runs', 'errors'],
  ticket: ['priority', 'replies', 'hours'],
  contract: ['months', 'rate', 'parties'],
  account: ['balance', 'limit', 'interest'],
  sensor: ['reading', 'delay', 'battery'],
  project: ['budget', 'weeks', 'members'],
  vehicle: ['mileage', 'seats', 'fuel'],
};
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

const interfaceFor = (noun, fields) =>
  `export interface ${capital(noun)} {\n${fields.map((field) => `  ${field}: number;\n`).join('')}}`;

/** The file that the test works in: one function without a doc, one doc without a body, one without a function. */
export const DESK = `${interfaceFor('book', ['pages', 'price', 'copies'])}

export function totalPages(books: Book[]): number {
  let total = 0;
  for (const book of books) {
    total += book.pages;
  }
  return total;
}

/**
 * Adds up the price of all books.
 *
 * @param books - the books to add up
 * @returns the total price
 */
export function totalPrice(books: Book[]): number {
  
}

/**
 * Adds up the copies of all books.
 *
 * @param books - the books to add up
 * @returns the total copies
 */
export function totalCopies(books: Book[]): number {
}
`;

/** @param {string} folder is made; @param {string} root of this repository */
export function makeWorkspace(folder, root) {
  mkdirSync(join(folder, 'src', 'shop'), { recursive: true });
  mkdirSync(join(folder, 'src', 'desk'));
  cpSync(join(root, 'server', 'util'), join(folder, 'src', 'util'), { recursive: true });
  for (const [noun, fields] of Object.entries(NOUNS)) {
    const functions = fields.flatMap((field) => functionsFor(noun, field));
    const parts = [interfaceFor(noun, fields), ...functions];
    writeFileSync(join(folder, 'src', 'shop', `${noun}.ts`), `${parts.join('\n\n')}\n`);
  }
  writeFileSync(join(folder, 'src', 'desk', 'book.ts'), DESK);
}
