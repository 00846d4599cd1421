import { describe, expect, it } from 'vitest';
import { nearest, parseArgs } from '../../../server/cli/args.js';
import type { Command, Io, ParsedArgs } from '../../../server/cli/command.js';
import { COMMANDS } from '../../../server/cli/commands.js';
import { runCommandLine } from '../../../server/cli/dispatch.js';
import { formatDuration, startProgress } from '../../../server/cli/progress.js';
import { UserError } from '../../../server/util/errors.js';

const sample: Command = {
  name: 'sample',
  summary: 'do a thing',
  usage: 'DIR [--steps N]',
  example: 'batcoder sample . --steps 3',
  options: [
    { name: 'steps', short: 'n', value: 'integer', min: 1, max: 9, summary: 'how many' },
    { name: 'style', value: 'string', choices: ['a', 'b'], summary: 'which' },
    { name: 'exclude', value: 'string', repeat: true, summary: 'what not' },
    { name: 'fast', summary: 'be quick' },
  ],
  positionals: { min: 1, max: 2 },
  run(args: ParsedArgs, io: Io) {
    if (args.positionals[0] === 'bad') {
      throw new UserError('that is no good; give a better one.');
    }
    if (args.positionals[0] === 'bug') {
      throw new TypeError('oops');
    }
    io.print('for people');
    io.note('on the side');
    return Promise.resolve({ steps: args.number('steps') ?? null });
  },
};

async function run(argv: string[], signal = new AbortController().signal) {
  let stdout = '';
  let stderr = '';
  const code = await runCommandLine(argv, {
    streams: {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
    },
    signal,
    cwd: '/',
    commands: [{ name: 'sample', summary: sample.summary, load: () => Promise.resolve(sample) }],
    debug: false,
  });
  return { code, stdout, stderr };
}

describe('the command line', () => {
  it('prints for people, and with --json one object as the last line', async () => {
    expect(await run(['sample', '.'])).toEqual({
      code: 0,
      stdout: 'for people\n',
      stderr: 'on the side\n',
    });
    const { stdout } = await run(['sample', '.', '--json', '-n', '3']);
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toEqual({ steps: 3 });
    expect(stdout).not.toContain('for people');
  });

  it.each([
    [[], /which command/],
    [['sampel'], /did you mean 'sample'\?/],
    [['zzzz'], /batcoder --help/],
    [['sample'], /needs more arguments: batcoder sample DIR/],
    [['sample', 'a', 'b', 'c'], /'c' is one argument too many/],
    [['sample', '.', '--step', '3'], /did you mean --steps\?/],
    [['sample', '.', '--steps'], /--steps needs a value \(N\)/],
    [['sample', '.', '--steps', 'x'], /a whole number, not 'x'/],
    [['sample', '.', '--steps=1.5'], /a whole number/],
    [['sample', '.', '--steps', '10'], /at least 1 and at most 9, not 10/],
    [['sample', '.', '--steps', ''], /a whole number/],
    [['sample', '.', '--style', 'c'], /one of a, b, not 'c'/],
    [['sample', '.', '--fast=1'], /takes no value/],
    [['sample', '.', '-n', '1', '--steps', '2'], /given twice/],
  ])('answers %j with one sentence and exit code 2', async (argv, message) => {
    const { code, stdout, stderr } = await run(argv);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('tells mistakes of the person from its own', async () => {
    expect(await run(['sample', 'bad'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'batcoder: that is no good; give a better one.\n',
    });
    const { code, stderr } = await run(['sample', 'bug']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/internal error: oops .*BATCODER_DEBUG/),
    ]);
    expect((await run(['sample', '.'], AbortSignal.abort())).code).toBe(130);
  });

  it('has help with an example, for itself and for each command', async () => {
    expect((await run(['--help'])).stdout).toMatch(/sample {2}do a thing/);
    for (const argv of [
      ['sample', '--help'],
      ['sample', '-h'],
      ['help', 'sample'],
      ['sample', '.', '--help'],
    ]) {
      const { code, stdout } = await run(argv);
      expect(code).toBe(0);
      expect(stdout).toMatch(
        /Do a thing\.\n\nUsage: batcoder sample DIR[\s\S]*-n, --steps N[\s\S]*Example: /,
      );
    }
    expect((await run(['--version'])).stdout).toBe('0.0.0-test\n');
  });

  it('has a whole and working example for every command', async () => {
    for (const entry of COMMANDS) {
      const command = await entry.load();
      expect(command.name).toBe(entry.name);
      expect(command.summary).toBe(entry.summary);
      const [program, name, ...rest] = words(command.example);
      expect([program, name]).toEqual(['batcoder', command.name]);
      expect(() => parseArgs(command, rest)).not.toThrow();
    }
  });

  it('reads values, lists, switches and what follows --', () => {
    const args = parseArgs(sample, [
      'x',
      '--exclude=a',
      '--exclude',
      'b',
      '--fast',
      '--',
      '--steps',
    ]);
    expect(args.positionals).toEqual(['x', '--steps']);
    expect(args.strings('exclude')).toEqual(['a', 'b']);
    expect([args.flag('fast'), args.flag('json'), args.number('steps')]).toEqual([
      true,
      false,
      undefined,
    ]);
  });

  it('suggests only what is near', () => {
    expect(nearest('cropus', ['corpus', 'units'])).toBe('corpus');
    expect(nearest('x', ['corpus', 'units'])).toBeNull();
  });
});

/** Splits a command line as a shell does, quotes and all. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c);
}

describe('progress', () => {
  function show(isTTY: boolean) {
    let time = 0;
    const written: string[] = [];
    const stream = { isTTY, columns: 100, write: (text: string) => written.push(text) };
    const progress = startProgress(stream, 'Working', () => time);
    return { progress, written, at: (ms: number) => (time = ms) };
  }

  it('is a bar with percent and the time left on a terminal', () => {
    const { progress, written, at } = show(true);
    progress.update(5, 100);
    at(10_000);
    progress.update(25, 100, 'a/file.ts');
    // The 5 were there before: 20 took 10 seconds.
    expect(written.at(-1)).toMatch(
      /^\r\x1b\[KWorking █{6}░{18} {2}25 % \(25\/100\), 38 s left {2}a\/file\.ts$/,
    );
    at(10_050);
    progress.update(26, 100);
    expect(written).toHaveLength(2);
    at(40_000);
    progress.end();
    progress.end();
    expect(written.at(-1)).toBe('\r\x1b[KWorking: done in 40 s\n');
    expect(written).toHaveLength(3);
  });

  it('is plain lines elsewhere, one for each tenth', () => {
    const { progress, written, at } = show(false);
    for (let i = 0; i <= 1000; i++) {
      at(i * 20);
      progress.update(i, 1000);
    }
    expect(written).toHaveLength(11);
    expect(written[5]).toBe('Working: 50 % (500/1000), 10 s left\n');
  });

  it('says times as a person does', () => {
    expect([40, 9_949, 12_000, 200_000, 3_900_000].map(formatDuration)).toEqual([
      '0.0 s',
      '9.9 s',
      '12 s',
      '3 min 20 s',
      '1 h 5 min',
    ]);
  });
});
