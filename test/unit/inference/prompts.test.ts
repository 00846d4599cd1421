import { describe, expect, it } from 'vitest';
import { promptsFor, SPECIAL_TOKENS } from '../../../server/inference/prompts.js';
import { makeTokenizer } from '../../../server/model/tokenizer/load.js';
import { trainTokenizer } from '../../../server/model/tokenizer/train.js';

const TEXTS = [
  'def f(x):\n    return x\n',
  'Doubles a number.\n@param x the number\n@returns twice it',
];
const tokenizerWith = (specials: readonly string[]) =>
  makeTokenizer(trainTokenizer(TEXTS, { vocabSize: 300, specials }));

describe('prompts of a model made here', () => {
  const tokenizer = tokenizerWith(SPECIAL_TOKENS);
  const prompts = promptsFor(tokenizer);
  const id = (token: string): number => tokenizer.tokenToId(token)!;

  it('are special tokens around the parts', () => {
    expect(prompts.kind).toBe('tokens');
    expect(prompts.document({ language: 'python', name: 'getUserID', code: 'x' })).toEqual([
      id('<|document|>'),
      ...tokenizer.encode('python\n'),
      id('<|code|>'),
      ...tokenizer.encode('x'),
      id('<|signature|>'),
      ...tokenizer.encode(' get user id'),
      id('<|doc|>'),
    ]);
    expect(prompts.generate('python', '', 's')).toEqual([
      id('<|generate|>'),
      ...tokenizer.encode('python\n'),
      id('<|doc|>'),
      id('<|signature|>'),
      ...tokenizer.encode('s'),
      id('<|body|>'),
    ]);
  });

  it('show the function before as pretraining does', () => {
    expect(prompts.generate('python', 'd', 's', 'b')).toEqual([
      id('<|fill|>'),
      ...tokenizer.encode('python\n'),
      id('<|code|>'),
      ...tokenizer.encode('b'),
      id('<|doc|>'),
      ...tokenizer.encode('d'),
      id('<|signature|>'),
      ...tokenizer.encode('s'),
      id('<|body|>'),
    ]);
  });

  it('do not take special tokens that stand in code for their own', () => {
    const ids = prompts.document({ language: 'python', name: 'x', code: 'x = "<|doc|>"' });
    expect(ids.filter((each) => each === id('<|doc|>')).length).toBe(1);
  });

  it('read back their own answers', () => {
    expect(prompts.readDoc(prompts.docAnswer('Doubles it.'))).toBe('Doubles it.');
    expect(prompts.readCode(prompts.codeAnswer('\n    return x'))).toBe('\n    return x');
    expect(prompts.readCode(tokenizer.encode('\n    return'))).toBe('\n    return');
  });
});

describe('prompts in words', () => {
  it('are a chat where the tokenizer has its marks', () => {
    const tokenizer = tokenizerWith(['<|endoftext|>', '<|im_start|>', '<|im_end|>']);
    const prompts = promptsFor(tokenizer);
    expect(prompts.kind).toBe('words');
    expect(prompts.stopIds).toContain(tokenizer.tokenToId('<|im_end|>'));
    const prompt = prompts.generate('python', 'Doubles.', 'def f(x):');
    expect(prompt[0]).toBe(tokenizer.tokenToId('<|im_start|>'));
    expect(tokenizer.decode(prompt).endsWith('```python\ndef f(x):')).toBe(true);
    expect(prompts.readCode(prompts.codeAnswer('\n    return x'))).toBe('\n    return x');
    expect(tokenizer.decode(prompts.generate('python', 'Doubles.', '', 'def g():'))).toContain(
      '```python\ndef g():\n```\nThe next one follows.\nWrite this function',
    );
  });

  it('are plain text where it has none', () => {
    const tokenizer = tokenizerWith(['<|endoftext|>']);
    const prompts = promptsFor(tokenizer);
    expect(prompts.stopIds).toEqual([tokenizer.eosId]);
    expect(prompts.readDoc(prompts.docAnswer('Doubles it.'))).toBe('Doubles it.');
    const asked = prompts.document({ language: 'python', name: 'x', code: 'code here' });
    expect(tokenizer.decode(asked)).toContain('code here');
  });
});
