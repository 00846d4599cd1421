import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { document } from '../../../server/cli/document.js';
import { readPlace } from '../../../server/cli/fileLine.js';
import { generate } from '../../../server/cli/generate.js';
import { similarity } from '../../../server/cli/similarity.js';
import { units } from '../../../server/cli/units.js';
import { runCommand } from './runCommand.js';

const cwd = mkdtempSync(join(tmpdir(), 'batcoder-files-'));
afterAll(() => rmSync(cwd, { recursive: true }));
mkdirSync(join(cwd, 'src'));

const commands = [
  [document, (file: string) => [file]],
  [generate, (file: string) => [`${file}:1`]],
  [similarity, (file: string) => [file, file]],
  [units, (file: string) => [file]],
] as const;

it.each(commands)(
  'a folder or a missing file in place of a file is named: %#',
  async (command, argv) => {
    const folder = await runCommand(command, argv('src'), { cwd });
    expect(folder.stderr).toContain('src is a folder; name a file in it.');
    const missing = await runCommand(command, argv('none.py'), { cwd });
    expect(missing.stderr).toContain('there is no file none.py.');
    expect([folder.code, missing.code]).not.toContain(0);
  },
);

it('a file in another encoding is not documented, so that no byte of it is lost', async () => {
  const file = join(cwd, 'latin.py');
  const bytes = Buffer.from('def f(x):\n    # \xe9t\xe9\n    return x\n', 'latin1');
  writeFileSync(file, bytes);
  const { code, stderr } = await runCommand(document, ['latin.py', '--write'], { cwd });
  expect(code).not.toBe(0);
  expect(stderr).toContain('latin.py is no UTF-8 text; save it as UTF-8 first.');
  expect(readFileSync(file)).toEqual(bytes);
});

it('a byte order mark stays in the text, which may be written back', () => {
  const text = '\ufeffdef f(x):\r\n    return x\r\n';
  writeFileSync(join(cwd, 'mark.py'), text);
  expect(readPlace(cwd, 'mark.py').text).toBe(text);
});
