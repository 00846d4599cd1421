import { expect, test } from 'vitest';
import { adapterJson, parseAdapterJson } from '../../../server/model/adapterConfig.js';
import { configJson, parseConfig, readConfig } from '../../../server/model/config.js';
import { PROJECTIONS } from '../../../server/model/parameters.js';
import { UserError } from '../../../server/util/errors.js';
import { goldenDir } from './golden.js';

/** As Qwen2.5-Coder's config.json is, written by transformers 4. */
const OLDER = {
  architectures: ['Qwen2ForCausalLM'],
  attention_dropout: 0.0,
  bos_token_id: 151643,
  eos_token_id: [151645, 151643],
  hidden_act: 'silu',
  hidden_size: 896,
  initializer_range: 0.02,
  intermediate_size: 4864,
  max_position_embeddings: 32768,
  max_window_layers: 24,
  model_type: 'qwen2',
  num_attention_heads: 14,
  num_hidden_layers: 24,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000.0,
  sliding_window: 32768,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  use_sliding_window: false,
  vocab_size: 151936,
};

test('reads the form of transformers 4', () => {
  expect(parseConfig(OLDER)).toEqual({
    vocabSize: 151936,
    hiddenSize: 896,
    innerSize: 4864,
    layers: 24,
    heads: 14,
    kvHeads: 2,
    headSize: 64,
    contextLength: 32768,
    ropeTheta: 1e6,
    rmsNormEps: 1e-6,
    tiedEmbeddings: true,
    bosId: 151643,
    eosIds: [151645, 151643],
    padId: null,
  });
});

test('reads the form of transformers 5', () => {
  const config = readConfig(goldenDir('untied'));
  expect(config).toMatchObject({
    layers: 1,
    headSize: 8,
    ropeTheta: 10000,
    tiedEmbeddings: false,
    eosIds: [],
  });
  const { rope_theta, ...rest } = OLDER;
  expect(
    parseConfig({ ...rest, rope_parameters: { rope_theta, rope_type: 'default' } }).ropeTheta,
  ).toBe(1e6);
});

test('what is written is read as it was', () => {
  for (const config of [parseConfig(OLDER), readConfig(goldenDir('tied'))]) {
    expect(parseConfig(configJson(config))).toEqual(config);
  }
});

test.each([
  [{ architectures: ['LlamaForCausalLM'] }, /the architecture "LlamaForCausalLM"/],
  [{ rope_scaling: { type: 'yarn', factor: 4 } }, /rotary positions scaled by "yarn"/],
  [{ rope_parameters: { rope_type: 'linear', rope_theta: 1 } }, /scaled by "linear"/],
  [{ use_sliding_window: true, max_window_layers: 12 }, /sliding-window/],
  [{ layer_types: ['full_attention', 'sliding_attention'] }, /sliding-window/],
  [{ quantization_config: { bits: 4 } }, /quantized weights/],
  [{ hidden_act: 'gelu' }, /activation "gelu"/],
  [{ hidden_size: '896' }, /positive number as hidden_size/],
  [{ num_hidden_layers: 1.5 }, /whole number as num_hidden_layers/],
  [{ num_key_value_heads: 3 }, /cannot share 3/],
  [{ head_dim: 7 }, /even head size/],
])('refuses %j', (change, message) => {
  const parse = () => parseConfig({ ...OLDER, ...change });
  expect(parse).toThrow(UserError);
  expect(parse).toThrow(message);
});

test('a sliding window that no layer uses is no hindrance', () => {
  expect(() => parseConfig({ ...OLDER, use_sliding_window: true })).not.toThrow();
});

test('an adapter configuration is read back as written', () => {
  const config = { rank: 8, alpha: 16, targets: ['q_proj' as const, 'v_proj' as const] };
  expect(parseAdapterJson(adapterJson(config, 'base'), 'f')).toEqual(config);
  expect(
    parseAdapterJson({ ...adapterJson(config, null), target_modules: 'all-linear' }, 'f').targets,
  ).toEqual([...PROJECTIONS]);
});

test.each([
  [{ peft_type: 'IA3' }, /does not describe a LoRA adapter/],
  [{ use_dora: true }, /sets use_dora to true/],
  [{ use_rslora: true }, /sets use_rslora/],
  [{ bias: 'all' }, /sets bias to "all"/],
  [{ modules_to_save: ['lm_head'] }, /sets modules_to_save/],
  [{ rank_pattern: { q_proj: 2 } }, /sets rank_pattern/],
  [{ layers_to_transform: [0] }, /sets layers_to_transform/],
  [{ r: 0 }, /positive whole number as r/],
  [{ target_modules: ['q_proj', 'lm_head'] }, /adapts "lm_head"/],
  [{ target_modules: [] }, /BatCoder adapts/],
])('refuses an adapter with %j', (change, message) => {
  const json = {
    ...adapterJson({ rank: 8, alpha: 16, targets: [...PROJECTIONS] }, null),
    ...change,
  };
  expect(() => parseAdapterJson(json, 'adapter_config.json')).toThrow(message);
});
