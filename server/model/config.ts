import { join } from 'node:path';
import { readJson } from '../store/json.js';
import { UserError, errorMessage } from '../util/errors.js';

/** The shape of a Qwen2 model (arXiv 2407.10671): everything of its config.json that computing needs. */
export interface Qwen2Config {
  vocabSize: number;
  hiddenSize: number;
  /** Width inside the feed-forward block. */
  innerSize: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  /** The longest sequence, prompt and answer together. */
  contextLength: number;
  ropeTheta: number;
  rmsNormEps: number;
  /** Whether the output layer is the embedding table. */
  tiedEmbeddings: boolean;
  bosId: number | null;
  eosIds: number[];
  padId: number | null;
}

type Json = Record<string, unknown>;

/**
 * Reads a config.json of Hugging Face transformers, of version 4 or 5.
 * @throws UserError where it is missing, broken, or describes what this code does not compute
 */
export function readConfig(dir: string): Qwen2Config {
  const file = join(dir, 'config.json');
  let json: unknown;
  try {
    json = readJson(file);
  } catch (error) {
    throw new UserError(
      `${errorMessage(error)} Give the folder of a model in Hugging Face's format.`,
    );
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new UserError(`${file} is not a JSON object.`);
  }
  return parseConfig(json as Json, file);
}

/**
 * @param file named in errors
 * @throws UserError as `readConfig` does
 */
export function parseConfig(json: Json, file = 'config.json'): Qwen2Config {
  refuseOtherModels(json, file);
  const number = (name: string, missing?: number): number => {
    const value = json[name] ?? missing;
    if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) {
      throw new UserError(
        `${file} should give a positive number as ${name}, not ${JSON.stringify(value)}.`,
      );
    }
    return value;
  };
  const integer = (name: string, missing?: number): number => {
    const value = number(name, missing);
    if (!Number.isInteger(value)) {
      throw new UserError(`${file} should give a whole number as ${name}, not ${value}.`);
    }
    return value;
  };
  const heads = integer('num_attention_heads');
  const hiddenSize = integer('hidden_size');
  const config: Qwen2Config = {
    vocabSize: integer('vocab_size'),
    hiddenSize,
    innerSize: integer('intermediate_size'),
    layers: integer('num_hidden_layers'),
    heads,
    kvHeads: integer('num_key_value_heads', heads),
    headSize: integer('head_dim', hiddenSize / heads),
    contextLength: integer('max_position_embeddings', 32768),
    ropeTheta: ropeTheta(json, file),
    rmsNormEps: number('rms_norm_eps', 1e-6),
    tiedEmbeddings: json['tie_word_embeddings'] === true,
    bosId: tokenIds(json['bos_token_id'])[0] ?? null,
    eosIds: tokenIds(json['eos_token_id']),
    padId: tokenIds(json['pad_token_id'])[0] ?? null,
  };
  checkShape(config, file);
  return config;
}

/** The JSON that transformers reads; keys in its order. */
export function configJson(config: Qwen2Config): Json {
  const { eosIds } = config;
  return {
    architectures: ['Qwen2ForCausalLM'],
    attention_dropout: 0,
    bos_token_id: config.bosId,
    eos_token_id: eosIds.length > 1 ? eosIds : (eosIds[0] ?? null),
    head_dim: config.headSize,
    hidden_act: 'silu',
    hidden_size: config.hiddenSize,
    initializer_range: 0.02,
    intermediate_size: config.innerSize,
    max_position_embeddings: config.contextLength,
    max_window_layers: config.layers,
    model_type: 'qwen2',
    num_attention_heads: config.heads,
    num_hidden_layers: config.layers,
    num_key_value_heads: config.kvHeads,
    pad_token_id: config.padId,
    rms_norm_eps: config.rmsNormEps,
    rope_theta: config.ropeTheta,
    sliding_window: null,
    tie_word_embeddings: config.tiedEmbeddings,
    torch_dtype: 'float32',
    use_cache: true,
    use_sliding_window: false,
    vocab_size: config.vocabSize,
  };
}

function refuseOtherModels(json: Json, file: string): void {
  const architectures = Array.isArray(json['architectures'])
    ? (json['architectures'] as unknown[])
    : [];
  const isQwen2 =
    architectures.includes('Qwen2ForCausalLM') ||
    (architectures.length === 0 && json['model_type'] === 'qwen2');
  const refuse = (what: string): never => {
    throw new UserError(
      `${file} asks for ${what}, which BatCoder does not compute. Use a Qwen2 or Qwen2.5 model in f32, f16 or bf16 weights.`,
    );
  };
  if (!isQwen2) {
    refuse(`the architecture ${JSON.stringify(architectures[0] ?? json['model_type'] ?? null)}`);
  }
  if (json['hidden_act'] !== undefined && json['hidden_act'] !== 'silu') {
    refuse(`the activation ${JSON.stringify(json['hidden_act'])}`);
  }
  if (json['quantization_config']) {
    refuse('quantized weights');
  }
  const layerTypes = Array.isArray(json['layer_types']) ? (json['layer_types'] as unknown[]) : [];
  const windowed =
    json['use_sliding_window'] === true &&
    Number(json['max_window_layers'] ?? 0) < Number(json['num_hidden_layers']);
  if (windowed || layerTypes.some((type) => type !== 'full_attention')) {
    refuse('sliding-window attention');
  }
  for (const scaling of [json['rope_scaling'], json['rope_parameters']]) {
    const type = isObject(scaling)
      ? (scaling['rope_type'] ?? scaling['type'] ?? 'default')
      : 'default';
    if (type !== 'default') {
      refuse(`rotary positions scaled by ${JSON.stringify(type)}`);
    }
  }
}

/** At the top in files of transformers 4, under rope_parameters in those of 5. */
function ropeTheta(json: Json, file: string): number {
  const parameters = json['rope_parameters'];
  const theta =
    (isObject(parameters) ? parameters['rope_theta'] : undefined) ?? json['rope_theta'] ?? 10000;
  if (typeof theta !== 'number' || !(theta > 0)) {
    throw new UserError(
      `${file} should give a positive number as rope_theta, not ${JSON.stringify(theta)}.`,
    );
  }
  return theta;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

function tokenIds(value: unknown): number[] {
  return (Array.isArray(value) ? (value as unknown[]) : [value]).filter((id): id is number =>
    Number.isInteger(id),
  );
}

function checkShape(config: Qwen2Config, file: string): void {
  if (config.heads % config.kvHeads !== 0) {
    throw new UserError(
      `${file}: ${config.heads} attention heads cannot share ${config.kvHeads} key-value heads evenly.`,
    );
  }
  if (config.headSize % 2 !== 0) {
    throw new UserError(
      `${file}: rotary positions need an even head size, not ${config.headSize}.`,
    );
  }
}
