import { expect, test } from 'vitest';
import { UnknownNames } from '../../../server/inference/unknownNames.js';
import type { LanguageId } from '../../../server/languages/types.js';

async function share(language: LanguageId, code: string, ...known: string[]): Promise<number> {
  return (await UnknownNames.load(language)).share(code, known);
}

test('parameters, locals, loop variables and the language itself are known', async () => {
  expect(
    await share(
      'python',
      'def f(xs, n=1):\n    ys = []\n    for i, x in enumerate(xs):\n        ys.append(x * n)\n    return sum(ys) + len([y for y in ys])',
    ),
  ).toBe(0);
  expect(
    await share(
      'typescript',
      'function f({ a, b }: P, ...c: number[]): number {\n  const d = c.map((e) => e + a);\n  for (const g of d) { console.log(g, b); }\n  return Math.max(...d);\n}',
    ),
  ).toBe(0);
  expect(
    await share(
      'go',
      'func f(xs []int) (int, error) {\n\ttotal := 0\n\tfor i, x := range xs {\n\t\ttotal += x * i\n\t}\n\treturn total, fmt.Errorf("no %d", len(xs))\n}',
    ),
  ).toBe(0);
});

test('what nobody declares counts, as the share of all names', async () => {
  const code = 'function f(x) {\n  return helper(x) + size;\n}';
  expect(await share('javascript', code)).toBeCloseTo(2 / 3);
  expect(await share('javascript', code, "import { helper } from './helper.js';")).toBeCloseTo(
    1 / 3,
  );
  expect(await share('javascript', code, 'helper', 'of that size')).toBe(0);
});

test('what a loop goes through is not known where its variable has the same name', async () => {
  const loop = (variable: string) =>
    `function f(xs) {\n  let n = 0;\n  for (const ${variable} of xs) { n += ${variable}.size; }\n  return n;\n}`;
  expect(await share('javascript', loop('x'))).toBe(0);
  expect(await share('javascript', loop('xs'))).toBeCloseTo(1 / 2);
  expect(await share('python', 'def f(xs):\n    for xs in xs:\n        print(xs)')).toBeCloseTo(
    1 / 2,
  );
});

test('members are not looked at, nor code that does not parse', async () => {
  expect(await share('python', 'def f(self, x):\n    return self.size + x.width.height')).toBe(0);
  expect(await share('python', 'def f(:')).toBe(0);
});
