import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { builtInModel, modelFor } from '../../../server/inference/builtInModel.js';
import { loadModel, type LoadedModel } from '../../../server/inference/loadedModel.js';
import { promptsFor } from '../../../server/inference/prompts.js';
import { writeCodes } from '../../../server/inference/writeCodes.js';
import { writeDocs } from '../../../server/inference/writeDocs.js';
import type { LanguageId } from '../../../server/languages/types.js';
import { readSafetensors } from '../../../server/model/weights/safetensors.js';
import { useModel } from '../../../server/store/workspace.js';
import { initBackend } from '../../../server/tensor/backend.js';
import { packSequences } from '../../../server/training/batch.js';
import { scoreTokens } from '../../../server/training/gradients.js';

const MEGABYTE = 1e6;

const FUNCTIONS: {
  language: LanguageId;
  name: string;
  signature: string;
  rest: string;
  doc: string;
}[] = [
  {
    language: 'python',
    name: 'read_lines',
    signature: 'def read_lines(path):',
    rest: "\n    with open(path) as file:\n        return file.read().split('\\n')",
    doc: 'Read all lines of a file.',
  },
  {
    language: 'typescript',
    name: 'removeListener',
    signature: 'removeListener(listener: Listener): void',
    rest: ' {\n  this.listeners.delete(listener);\n}',
    doc: 'Removes a listener.',
  },
  {
    language: 'go',
    name: 'IsEmpty',
    signature: 'func (q *Queue) IsEmpty() bool',
    rest: ' {\n\treturn len(q.items) == 0\n}',
    doc: 'IsEmpty returns true if the queue has no items.',
  },
  {
    language: 'java',
    name: 'setTimeout',
    signature: 'public void setTimeout(int timeout)',
    rest: ' {\n    this.timeout = timeout;\n}',
    doc: 'Sets the timeout in milliseconds.',
  },
  {
    language: 'ruby',
    name: 'parse_date',
    signature: 'def parse_date(text)',
    rest: '\n  Date.parse(text)\nend',
    doc: 'Parses a date from a string.',
  },
  {
    language: 'csharp',
    name: 'CreateConnection',
    signature: 'public Connection CreateConnection(string host)',
    rest: '\n{\n    return new Connection(host);\n}',
    doc: 'Creates a new connection to the host.',
  },
];

let loaded: LoadedModel;
beforeAll(async () => {
  await initBackend();
  loaded = await loadModel(builtInModel(), null);
});
afterAll(() => loaded.dispose());

describe('the built-in model', () => {
  it('is small, in 8 bits, and speaks by its own special tokens', () => {
    const folder = builtInModel();
    const bytes = readdirSync(folder).reduce(
      (sum, file) => sum + statSync(join(folder, file)).size,
      0,
    );
    expect(bytes).toBeLessThan(48 * MEGABYTE);
    const stored = readSafetensors(join(folder, 'model.safetensors'));
    const table = stored.tensors.get('model.embed_tokens.weight')!;
    expect(table.dtype).toBe('I8');
    stored.close();
    expect(table.shape[0]).toBe(loaded.tokenizer.vocabSize);
    expect(promptsFor(loaded.tokenizer).kind).toBe('tokens');
    expect(loaded.model.config.contextLength).toBeGreaterThanOrEqual(1024);
  });

  it('answers where nothing was learnt yet', () => {
    expect(modelFor(null)).toEqual({ model: builtInModel(), adapter: null });
  });

  it('gives way to another base, and to what was learnt on that one alone', () => {
    const home = mkdtempSync(join(tmpdir(), 'batcoder-'));
    vi.stubEnv('BATCODER_HOME', home);
    const [root, base] = [join(home, 'workspace'), join(home, 'base')];
    useModel(root, { model: home, adapter: null, base });
    const learnt = { model: home, adapter: null };
    expect(modelFor(root)).toEqual(learnt);
    expect(modelFor(root, base)).toEqual(learnt);
    expect(modelFor(root, '/another')).toEqual({ model: '/another', adapter: null });
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true });
  });

  it('finds the doc of a function likelier than those of others', () => {
    const { model, prompts } = loaded;
    const meanLogProb = (prompt: number[], answer: number[]): number => {
      const { logProbs } = scoreTokens(model, packSequences([[...prompt, ...answer]]));
      return logProbs.slice(prompt.length - 1).reduce((a, b) => a + b, 0) / answer.length;
    };
    const best = FUNCTIONS.map((unit) => {
      const prompt = prompts.document({ ...unit, code: unit.signature + unit.rest });
      const scores = FUNCTIONS.map(({ doc }) => meanLogProb(prompt, prompts.docAnswer(doc)));
      return scores.indexOf(Math.max(...scores));
    });
    expect(best).toEqual(FUNCTIONS.map((_, i) => i));
  });

  it('documents with words of the name, and writes code that parses', async () => {
    const requests = FUNCTIONS.map((unit) => ({
      unit: { ...unit, code: unit.signature + unit.rest },
      frame: { parameters: [], returnsValue: false },
      temperature: 0,
    }));
    const docs = await writeDocs(loaded, requests, { seed: 1 });
    const said = docs.map((each) => each?.doc.summary.toLowerCase() ?? '');
    const nouns = ['line', 'listener', 'empty', 'timeout', 'date', 'connection'];
    expect(nouns.filter((noun, i) => said[i].includes(noun)).length).toBeGreaterThanOrEqual(5);

    const codes = await writeCodes(loaded, FUNCTIONS, { maxTokens: 64, seed: 1 });
    expect(codes.filter((code) => code !== null).length).toBeGreaterThanOrEqual(5);
  });
});
