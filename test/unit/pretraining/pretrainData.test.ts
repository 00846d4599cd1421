import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pretrainData } from '../../../server/cli/pretrain-data.js';
import type { Manifest } from '../../../server/corpus/pretraining/manifest.js';
import { TokenFile } from '../../../server/corpus/pretraining/tokenFile.js';
import { runCommand } from '../cli/runCommand.js';

const folder = mkdtempSync(join(tmpdir(), 'batcoder-data-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** Functions that are unlike each other and those of other subjects, of about 1,200 characters each. */
function code(subject: string): string {
  return Array.from({ length: 6 }, (_, i) => {
    const lines = Array.from(
      { length: 24 },
      (_, k) => `    ${subject}_${i}_${k} = make_${subject}_${k}(n, ${subject}_${k})`,
    );
    const doc = `    """Gives the ${subject} of number ${i} to a reader."""\n`;
    return `def ${subject}_${i}(n):\n${doc}${lines.join('\n')}\n    return n\n`;
  }).join('\n');
}

const ISC =
  'Permission to use, copy, modify, and distribute this software for any purpose is granted.';
write('sources/a/copyleft/LICENSE', 'GNU GENERAL PUBLIC LICENSE');
write('sources/a/copyleft/own.py', code('shelf'));
write('sources/b/books/LICENSE', ISC);
for (let shelf = 0; shelf < 30; shelf++) {
  write(`sources/b/books/lib/shelf${shelf}.py`, code(`book${shelf}`));
}
write('sources/b/books/other/pages.py', code('page'));
write('sources/c/trees/LICENSE', ISC);
write('sources/c/trees/trees.py', code('tree'));
const entry = (name: string) => ({ name, url: `https://example.org/${name}`, version: '1.0' });
/** The body of one function stands in a benchmark. */
write('tasks.jsonl', JSON.stringify({ prompt: code('tree').split('\n\n')[0] }));
write(
  'list.json',
  JSON.stringify({
    sources: [
      entry('a/copyleft'),
      { ...entry('b/books'), folders: ['lib'] },
      { ...entry('c/trees'), split: 'evaluation' },
    ],
  }),
);

async function run(...argv: string[]) {
  const { code: exit, ...written } = await runCommand(pretrainData, argv, {
    cwd: folder,
    debug: true,
  });
  return { exit, ...written };
}

const made = (out: string, name: string) => readFileSync(join(folder, out, name));

describe('batcoder pretrain-data', () => {
  it('makes the same data from a list and from the manifest that it wrote', async () => {
    const options = ['--benchmark', 'tasks.jsonl', '--vocab', '1024', '--cap', '0.1'];
    const first = await run('list.json', '--out', 'first', ...options);
    expect(first.stderr).toMatch(/a\/copyleft is left out: no permissive licence/);
    expect(first.exit).toBe(0);
    const manifest = JSON.parse(made('first', 'manifest.json').toString()) as Manifest;
    expect(manifest.sources).toMatchObject([
      { ...entry('b/books'), licence: 'ISC', split: 'train', folders: ['lib'] },
      { ...entry('c/trees'), licence: 'ISC', split: 'evaluation', documented: 5 },
    ]);
    expect(manifest.refused).toEqual(['a/copyleft']);
    expect(manifest.benchmarks).toMatchObject([{ name: 'tasks.jsonl' }]);
    expect(manifest.rejected.units['in-a-benchmark']).toBe(1);
    expect(manifest.licences).toEqual({ ISC: 2 });
    expect(manifest.totals.evaluation).toEqual({ python: { units: 5, documented: 5 } });
    for (const split of ['train', 'evaluation'] as const) {
      const file = new TokenFile(join(folder, 'first', `${split}.tokens`));
      const { sequences, tokens } = file.header;
      file.close();
      expect(manifest.tokens[split]).toMatchObject({
        sequences,
        tokens,
        byLanguage: { python: tokens },
      });
    }
    // The cap draws files by seed: another place in the list would draw others.
    expect(manifest.rejected.units['over-the-cap']).toBeGreaterThan(60);

    await run('first/manifest.json', '--out', 'second', ...options);
    for (const name of ['train.tokens', 'evaluation.tokens', 'tokenizer/tokenizer.json']) {
      expect(made('second', name).equals(made('first', name)), name).toBe(true);
    }
  });

  it.each([[[]], [['--no-benchmark', '--benchmark', 'tasks.jsonl']]])(
    'asks what the model will be measured on, given %j',
    async (options) => {
      const { exit, stderr } = await run('list.json', '--out', 'third', ...options);
      expect(exit).toBe(2);
      expect(stderr).toMatch(/--benchmark FILE for each .* or --no-benchmark/);
      expect(existsSync(join(folder, 'third'))).toBe(false);
    },
  );

  it('checks nothing where no benchmark will be run', async () => {
    await run('list.json', '--out', 'fourth', '--vocab', '1024', '--no-benchmark');
    const manifest = JSON.parse(made('fourth', 'manifest.json').toString()) as Manifest;
    expect(manifest.benchmarks).toEqual([]);
    expect(manifest.rejected.units['in-a-benchmark']).toBeUndefined();
  });

  it('names every source that is not where it should be, and how to get it', async () => {
    const { exit, stderr } = await run('list.json', '--root', 'elsewhere');
    expect(exit).toBe(1);
    expect(stderr).toContain(
      'b/books is missing; it should be https://example.org/b/books at 1.0\nc/trees is missing',
    );
    expect(stderr).toMatch(/3 of 3 sources .* git -C elsewhere\/NAME fetch --depth 1 URL COMMIT/);
  });
});
