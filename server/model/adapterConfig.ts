import { UserError } from '../util/errors.js';
import { PROJECTIONS, type Projection } from './parameters.js';

export interface AdapterConfig {
  rank: number;
  /** The update is scaled by alpha / rank. */
  alpha: number;
  /** The linear layers that are adapted, in every block. */
  targets: Projection[];
}

/** What an adapter_config.json must not ask for, with the value that each field may have besides null. */
const PLAIN: Record<string, unknown> = {
  use_dora: false,
  use_rslora: false,
  fan_in_fan_out: false,
  bias: 'none',
  lora_bias: false,
};
const EMPTY = [
  'modules_to_save',
  'rank_pattern',
  'alpha_pattern',
  'layers_to_transform',
  'layer_replication',
  'target_parameters',
];

/**
 * Reads PEFT's adapter_config.json.
 * @throws UserError where it describes more than plain LoRA on the linear layers of all blocks
 */
export function parseAdapterJson(value: unknown, file: string): AdapterConfig {
  if (
    typeof value !== 'object' ||
    value === null ||
    (value as Record<string, unknown>)['peft_type'] !== 'LORA'
  ) {
    throw new UserError(
      `${file} does not describe a LoRA adapter, the only kind that BatCoder reads.`,
    );
  }
  const json = value as Record<string, unknown>;
  const odd =
    Object.keys(PLAIN).find((field) => (json[field] ?? PLAIN[field]) !== PLAIN[field]) ??
    EMPTY.find((field) => Object.keys(json[field] ?? {}).length > 0);
  if (odd !== undefined) {
    throw new UserError(
      `${file} sets ${odd} to ${JSON.stringify(json[odd])}: BatCoder reads plain LoRA only.`,
    );
  }
  return {
    rank: positive(json, 'r', file, true),
    alpha: positive(json, 'lora_alpha', file, false),
    targets: targets(json['target_modules'], file),
  };
}

/** The JSON that PEFT reads. */
export function adapterJson(
  config: AdapterConfig,
  baseModel: string | null,
): Record<string, unknown> {
  return {
    base_model_name_or_path: baseModel,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: config.alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: config.rank,
    target_modules: [...config.targets],
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  };
}

function positive(
  json: Record<string, unknown>,
  field: string,
  file: string,
  whole: boolean,
): number {
  const value = json[field];
  if (typeof value !== 'number' || !(value > 0) || (whole && !Number.isInteger(value))) {
    throw new UserError(
      `${file} should give a positive ${whole ? 'whole ' : ''}number as ${field}, not ${JSON.stringify(value)}.`,
    );
  }
  return value;
}

/** In the order of the computation, whatever order the file has. */
function targets(value: unknown, file: string): Projection[] {
  if (value === 'all-linear') {
    return [...PROJECTIONS];
  }
  const names: unknown[] = Array.isArray(value) ? value : [];
  const unknown = names.find((name) => !PROJECTIONS.some((projection) => projection === name));
  if (names.length === 0 || unknown !== undefined) {
    throw new UserError(
      `${file} adapts ${JSON.stringify(unknown ?? value)}: BatCoder adapts ${PROJECTIONS.join(', ')}, listed by name.`,
    );
  }
  return PROJECTIONS.filter((projection) => names.includes(projection));
}
