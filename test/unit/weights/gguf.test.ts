import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { saveTokenizer } from '../../../server/model/tokenizer/load.js';
import { makeTokenizerJson } from '../../../server/model/tokenizer/format.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { exportGguf } from '../../../server/model/weights/ggufModel.js';
import { useBackend } from '../model/backends.js';

interface ReadTensor {
  shape: number[];
  type: number;
  values: number[];
}

/** Reads a file by the specification, independently of the writer. */
function readGguf(file: string): {
  metadata: Map<string, unknown>;
  tensors: Map<string, ReadTensor>;
} {
  const bytes = readFileSync(file);
  let at = 0;
  const u32 = () => bytes.readUInt32LE((at += 4) - 4);
  const u64 = () => Number(bytes.readBigUInt64LE((at += 8) - 8));
  const text = () => {
    const length = u64();
    return bytes.toString('utf8', at, (at += length));
  };
  const value = (type: number): unknown => {
    switch (type) {
      case 4:
        return u32();
      case 5:
        return bytes.readInt32LE((at += 4) - 4);
      case 6:
        return bytes.readFloatLE((at += 4) - 4);
      case 7:
        return bytes[at++] === 1;
      case 8:
        return text();
      case 9: {
        const inner = u32();
        return Array.from({ length: u64() }, () => value(inner));
      }
      default:
        throw new Error(`value type ${type}`);
    }
  };
  expect(bytes.toString('latin1', 0, 4)).toBe('GGUF');
  at = 4;
  expect(u32()).toBe(3);
  const [tensorCount, valueCount] = [u64(), u64()];
  const metadata = new Map<string, unknown>();
  for (let i = 0; i < valueCount; i++) {
    metadata.set(text(), value(u32()));
  }
  const places = Array.from({ length: tensorCount }, () => {
    const name = text();
    const shape = Array.from({ length: u32() }, u64).reverse();
    return { name, shape, type: u32(), offset: u64() };
  });
  const start = Math.ceil(at / 32) * 32;
  const tensors = new Map<string, ReadTensor>();
  for (const { name, shape, type, offset } of places) {
    expect(offset % 32).toBe(0);
    const count = shape.reduce((a, b) => a * b, 1);
    const from = start + offset;
    const values = Array.from({ length: count }, (_, i) => {
      if (type === 0) {
        return bytes.readFloatLE(from + 4 * i);
      }
      if (type === 1) {
        return half(bytes.readUInt16LE(from + 2 * i));
      }
      const group = from + 34 * Math.floor(i / 32);
      return half(bytes.readUInt16LE(group)) * bytes.readInt8(group + 2 + (i % 32));
    });
    tensors.set(name, { shape, type, values });
  }
  return { metadata, tensors };
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return (
    sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
  );
}

let folder: string;
let model: Qwen2Model;
beforeAll(async () => {
  await useBackend('cpu');
  folder = mkdtempSync(join(tmpdir(), 'gguf-'));
  model = Qwen2Model.init(
    {
      vocabSize: 9,
      hiddenSize: 64,
      innerSize: 40,
      layers: 2,
      heads: 4,
      kvHeads: 2,
      headSize: 16,
      contextLength: 128,
      ropeTheta: 10000,
      rmsNormEps: 1e-6,
      tiedEmbeddings: false,
      bosId: null,
      eosIds: [6],
      padId: null,
    },
    3,
  );
  const tokens = ['a', 'b', 'ab', 'Ġ', 'Ġab'];
  const merges: [string, string][] = [
    ['a', 'b'],
    ['Ġ', 'ab'],
  ];
  saveTokenizer(folder, makeTokenizerJson(tokens, merges, ['<|code|>', '<|endoftext|>']));
});
afterAll(() => {
  model.dispose();
  rmSync(folder, { recursive: true });
});

const exported = (type: 'f32' | 'f16' | 'q8_0'): ReturnType<typeof readGguf> => {
  const file = join(folder, `${type}.gguf`);
  exportGguf(file, model, 'small', join(folder, 'tokenizer.json'), type);
  return readGguf(file);
};

test('holds what llama.cpp asks of a Qwen2 model', () => {
  const { metadata } = exported('f16');
  expect(Object.fromEntries(metadata)).toMatchObject({
    'general.architecture': 'qwen2',
    'general.name': 'small',
    'general.file_type': 1,
    'qwen2.block_count': 2,
    'qwen2.context_length': 128,
    'qwen2.embedding_length': 64,
    'qwen2.feed_forward_length': 40,
    'qwen2.attention.head_count': 4,
    'qwen2.attention.head_count_kv': 2,
    'qwen2.rope.freq_base': 10000,
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'qwen2',
    'tokenizer.ggml.tokens': [
      'a',
      'b',
      'ab',
      'Ġ',
      'Ġab',
      '<|code|>',
      '<|endoftext|>',
      '[unused7]',
      '[unused8]',
    ],
    'tokenizer.ggml.token_type': [1, 1, 1, 1, 1, 3, 3, 5, 5],
    'tokenizer.ggml.merges': ['a b', 'Ġ ab'],
    'tokenizer.ggml.eos_token_id': 6,
    'tokenizer.ggml.add_bos_token': false,
  });
  expect(metadata.get('qwen2.attention.layer_norm_rms_epsilon')).toBeCloseTo(1e-6, 12);
});

test.each([
  ['f32', 0, 0],
  ['f16', 1, 2 ** -11],
  ['q8_0', 8, 1 / 250],
] as const)('%s holds every weight under its name, to its precision', (type, number, error) => {
  const { tensors } = exported(type);
  const variables = [...model.variables()];
  expect(tensors.size).toBe(variables.length);
  const pairs: [string, string][] = [
    ['model.embed_tokens.weight', 'token_embd.weight'],
    ['model.layers.1.self_attn.q_proj.weight', 'blk.1.attn_q.weight'],
    ['model.layers.0.self_attn.v_proj.bias', 'blk.0.attn_v.bias'],
    ['model.layers.0.self_attn.o_proj.weight', 'blk.0.attn_output.weight'],
    ['model.layers.1.mlp.up_proj.weight', 'blk.1.ffn_up.weight'],
    ['model.layers.1.mlp.down_proj.weight', 'blk.1.ffn_down.weight'],
    ['model.layers.0.input_layernorm.weight', 'blk.0.attn_norm.weight'],
    ['model.layers.0.post_attention_layernorm.weight', 'blk.0.ffn_norm.weight'],
    ['model.norm.weight', 'output_norm.weight'],
    ['lm_head.weight', 'output.weight'],
  ];
  for (const [name, exportedName] of pairs) {
    const variable = model.variables().get(name)!;
    const { shape, type: stored, values } = tensors.get(exportedName)!;
    expect(shape).toEqual(variable.shape);
    // Vectors stay whole; rows of 40 do not divide into groups of 32.
    const whole = variable.rank === 1;
    expect(stored).toBe(whole ? 0 : type === 'q8_0' && variable.shape[1] === 40 ? 1 : number);
    const data = variable.dataSync<'float32'>();
    const top = data.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
    data.forEach((each, i) =>
      expect(Math.abs(values[i] - each)).toBeLessThanOrEqual((whole ? 0 : error) * top),
    );
  }
});

test('a tokenizer that the format cannot name is refused', () => {
  const file = join(folder, 'tokenizer.json');
  const other = mkdtempSync(join(tmpdir(), 'gguf-'));
  const json = JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof makeTokenizerJson>;
  saveTokenizer(other, { ...json, normalizer: { type: 'Lowercase' } });
  expect(() =>
    exportGguf(join(other, 'x.gguf'), model, 'x', join(other, 'tokenizer.json'), 'f32'),
  ).toThrow(/cannot be exported|not of the kind/);
  rmSync(other, { recursive: true });
});
