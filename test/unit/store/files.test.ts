import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeFileAtomic, writeFileAtomicWith } from '../../../server/store/atomic.js';
import { readJson, writeJson } from '../../../server/store/json.js';
import { JsonlLog, readJsonl } from '../../../server/store/jsonl.js';
import { UserError } from '../../../server/util/errors.js';
import { sha256, sha256File } from '../../../server/util/hash.js';
import { bundleScript, startScript, temporaryFolder } from './support.js';

const folder = temporaryFolder();

describe('writeFileAtomic', () => {
  it('makes folders, replaces, and leaves nothing beside', () => {
    const file = join(folder, 'a', 'b', 'x.txt');
    writeFileAtomic(file, 'first');
    writeFileAtomic(file, new Uint8Array([0xe2, 0x82, 0xac]));
    expect(readFileSync(file, 'utf8')).toBe('€');
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['x.txt']);
  });

  it('leaves the old content and no temporary file when writing fails', () => {
    const file = join(folder, 'c', 'x.txt');
    writeFileAtomic(file, 'old');
    expect(() =>
      writeFileAtomicWith(file, () => {
        throw new Error('disk full');
      }),
    ).toThrow('disk full');
    mkdirSync(join(folder, 'c', 'taken'));
    expect(() => writeFileAtomic(join(folder, 'c', 'taken'), 'x')).toThrow();
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(join(folder, 'c')).sort()).toEqual(['taken', 'x.txt']);
  });

  it('shows a reader the old or the new content, never a part, also when the writer is killed', async () => {
    const file = join(folder, 'd', 'x.txt');
    const script = bundleScript(
      folder,
      `import { writeFileAtomic } from './atomic.js';
       for (let i = 0; ; i++) {
         writeFileAtomic(process.argv[2], String.fromCharCode(97 + (i % 26)).repeat(300_000));
         if (i === 0) process.stdout.write('started');
       }`,
    );
    const { child, firstOutput, ended } = startScript(script, file);
    await firstOutput;
    const seen = new Set<string>();
    const look = () => {
      const text = readFileSync(file, 'utf8');
      expect(text).toBe(text[0].repeat(300_000));
      seen.add(text[0]);
    };
    for (let i = 0; i < 100; i++) {
      look();
      await sleep(1);
    }
    child.kill('SIGKILL');
    await ended;
    look();
    expect(seen.size).toBeGreaterThan(1);
  });
});

describe('JSON files', () => {
  it('come back as they were, a byte order mark aside', () => {
    const file = join(folder, 'x.json');
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        writeJson(file, value);
        expect(readJson(file)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 50 },
    );
    writeFileSync(file, '\ufeff{"a":1}');
    expect(readJson(file)).toEqual({ a: 1 });
  });

  it('are named in errors, with what to do', () => {
    const file = join(folder, 'broken.json');
    writeFileSync(file, '{"a":');
    expect(() => readJson(file)).toThrow(UserError);
    expect(() => readJson(file)).toThrow(/broken\.json is not valid JSON .*Restore or delete/);
    expect(() => readJson(join(folder, 'none.json'))).toThrow(/none\.json: it does not exist/);
    expect(() => readJson(folder)).toThrow(folder);
  });
});

describe('JsonlLog', () => {
  it('appends, also after it was opened again', () => {
    const file = join(folder, 'logs', 'x.jsonl');
    const log = new JsonlLog(file);
    log.append({ step: 1, text: 'a\nb' });
    log.close();
    const again = new JsonlLog(file);
    again.append(null);
    expect(again.lines).toBe(2);
    again.close();
    expect(readJsonl(file)).toEqual([{ step: 1, text: 'a\nb' }, null]);
    expect(readJsonl(join(folder, 'none.jsonl'))).toEqual([]);
  });

  it('survives a torn last line, wherever it was torn', () => {
    const file = join(folder, 'torn.jsonl');
    const lines = [{ step: 1 }, { step: 2, note: 'é漢🎉' }];
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''), 'utf8');
    for (let cut = 0; cut <= bytes.length; cut++) {
      writeFileSync(file, bytes.subarray(0, cut));
      const whole = lines.slice(0, bytes.subarray(0, cut).filter((byte) => byte === 0x0a).length);
      expect(readJsonl(file)).toEqual(whole);
      const log = new JsonlLog(file);
      log.append({ step: 'next' });
      log.close();
      expect(readJsonl(file)).toEqual([...whole, { step: 'next' }]);
    }
  });

  it('goes back to a number of lines', () => {
    const file = join(folder, 'back.jsonl');
    writeFileSync(file, '1\n2\n3\n4');
    const log = new JsonlLog(file, 2);
    expect(log.lines).toBe(2);
    log.append(5);
    log.close();
    expect(readJsonl(file)).toEqual([1, 2, 5]);
    new JsonlLog(file, 0).close();
    expect(readJsonl(file)).toEqual([]);
  });

  it('names file and line of what is no JSON', () => {
    const file = join(folder, 'bad.jsonl');
    writeFileSync(file, '1\n{oops\n');
    appendFileSync(file, '3\n');
    expect(() => readJsonl(file)).toThrow(/bad\.jsonl, line 2/);
  });
});

describe('hashes', () => {
  it('are SHA-256, of bytes, text and files', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(sha256('abc')).toBe(abc);
    expect(sha256(Buffer.from('abc'))).toBe(abc);
    const file = join(folder, 'big');
    const bytes = Buffer.alloc(3 * 2 ** 20 + 5, 'xyz');
    writeFileSync(file, bytes);
    expect(sha256File(file)).toBe(sha256(bytes));
  });
});
