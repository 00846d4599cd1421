import { readJson } from '../../store/json.js';
import { UserError } from '../../util/errors.js';
import { parameterShapes } from '../parameters.js';
import { type BpeDescription, describeTokenizer } from '../tokenizer/format.js';
import type { Qwen2Model } from '../transformer.js';
import { type GgufTensor, type GgufType, type GgufValue, Q8_GROUP, writeGguf } from './gguf.js';

/** llama.cpp's names for what stands in a block, and outside of any. */
const BLOCK_NAMES: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};
const OUTER_NAMES: Readonly<Record<string, string>> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
};
/** The numbers that llama.cpp gives to the files of these types. */
const FILE_TYPE: Record<GgufType, number> = { f32: 0, f16: 1, q8_0: 7 };
/** What a token is: llama.cpp's numbers. */
const TOKEN = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

/**
 * Writes a model with its tokenizer as a GGUF file, which llama.cpp and what is built on it open. An adapter must
 * have been merged.
 * @param tokenizerFile tokenizer.json
 * @throws UserError where the tokenizer is of a kind that the format has no name for
 */
export function exportGguf(
  file: string,
  model: Qwen2Model,
  name: string,
  tokenizerFile: string,
  type: GgufType,
): void {
  const description = describeTokenizer(readJson(tokenizerFile));
  if (description === null || description.nfc) {
    throw new UserError(
      `${tokenizerFile} is not of the kind that can be exported: byte-level BPE with Qwen2's or Llama 3's splitting and no normalizer.`,
    );
  }
  const metadata = new Map([
    ...modelMetadata(model, name, type),
    ...tokenizerMetadata(model, description),
  ]);
  const tensors = parameterShapes(model.config).map(({ name: stored, shape }): GgufTensor => {
    const matrix = shape.length === 2;
    const wide = type === 'q8_0' && shape[1] % Q8_GROUP !== 0 ? 'f16' : type;
    return {
      name: ggufName(stored),
      shape,
      type: matrix ? wide : 'f32',
      data:
        model.matrices().get(stored)?.dequantize() ??
        model.variables().get(stored)!.dataSync<'float32'>(),
    };
  });
  writeGguf(file, metadata, tensors);
}

function ggufName(name: string): string {
  const [, layer, module, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
  return layer === undefined ? OUTER_NAMES[name] : `blk.${layer}.${BLOCK_NAMES[module]}.${kind}`;
}

function modelMetadata(model: Qwen2Model, name: string, type: GgufType): [string, GgufValue][] {
  const { config } = model;
  const count = (key: string, value: number): [string, GgufValue] => [
    `qwen2.${key}`,
    { type: 'uint32', value },
  ];
  return [
    ['general.architecture', { type: 'string', value: 'qwen2' }],
    ['general.name', { type: 'string', value: name }],
    ['general.file_type', { type: 'uint32', value: FILE_TYPE[type] }],
    count('block_count', config.layers),
    count('context_length', config.contextLength),
    count('embedding_length', config.hiddenSize),
    count('feed_forward_length', config.innerSize),
    count('attention.head_count', config.heads),
    count('attention.head_count_kv', config.kvHeads),
    count('attention.key_length', config.headSize),
    count('attention.value_length', config.headSize),
    count('rope.dimension_count', config.headSize),
    count('vocab_size', config.vocabSize),
    ['qwen2.rope.freq_base', { type: 'float32', value: config.ropeTheta }],
    ['qwen2.attention.layer_norm_rms_epsilon', { type: 'float32', value: config.rmsNormEps }],
  ];
}

function tokenizerMetadata(
  { config }: Qwen2Model,
  { vocab, merges, added, maxDigits }: BpeDescription,
): [string, GgufValue][] {
  // Rows of the embedding that have no token get a name, and are never made from text.
  const tokens = Array.from({ length: config.vocabSize }, (_, id) => `[unused${id}]`);
  const kinds = new Array<number>(config.vocabSize).fill(TOKEN.unused);
  for (const [token, id] of vocab) {
    tokens[id] = token;
    kinds[id] = TOKEN.normal;
  }
  for (const { id, content, special } of added) {
    tokens[id] = content;
    kinds[id] = special ? TOKEN.control : TOKEN.userDefined;
  }
  const id = (key: string, value: number | null | undefined): [string, GgufValue][] =>
    typeof value === 'number'
      ? [[`tokenizer.ggml.${key}_token_id`, { type: 'uint32', value }]]
      : [];
  return [
    ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: maxDigits === 1 ? 'qwen2' : 'llama-bpe' }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: tokens }],
    ['tokenizer.ggml.token_type', { type: 'int32s', value: kinds }],
    ['tokenizer.ggml.merges', { type: 'strings', value: merges.map((pair) => pair.join(' ')) }],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: false }],
    ...id('bos', config.bosId),
    ...id('eos', config.eosIds[0]),
    ...id('padding', config.padId),
  ];
}
