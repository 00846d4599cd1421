// What is measured, and the goals.

const SHAPES = {
  'built-in': { layers: 8, width: 384, inner: 1024, heads: 6, 'kv-heads': 2, vocab: 16384 },
  overhead: { layers: 2, width: 128, inner: 344, heads: 2, 'kv-heads': 2, vocab: 16384 },
  large: { layers: 12, width: 768, inner: 2048, heads: 12, 'kv-heads': 2, vocab: 16384 },
  'qwen2.5-0.5b': {
    layers: 24,
    width: 896,
    inner: 4864,
    heads: 14,
    'kv-heads': 2,
    vocab: 151936,
  },
};

/**
 * A comparison: what `batcoder bench` is asked, the peer that does the same, and the goals as ratios, ours to the
 * peer's (speed: at least; memory: at most). `phase` is the phase of a round whose seconds count. `model`: with the
 * weights of this folder, not random ones; null where none was named.
 */
export const SUITE = [
  training('train 8 x 384', 'built-in', { batch: 8, length: 256 }, { speed: 1.3, memory: 0.5 }),
  training('train 2 x 128', 'overhead', { batch: 8, length: 256 }, { speed: 3 }),
  training('train 12 x 768', 'large', { batch: 8, length: 256 }, { speed: 1.3, memory: 0.5 }),
  training('LoRA 8 x 384', 'built-in', { batch: 8, length: 256, lora: 16 }, { speed: 2 }),
  training('LoRA 0.5 B', 'qwen2.5-0.5b', { batch: 1, length: 256, lora: 16 }, { speed: 2 }),
  {
    id: 'step',
    title: 'learning step',
    what: 'step',
    phase: 'step',
    options: { ...SHAPES['built-in'], batch: 8, prompt: 160, length: 64, lora: 16 },
    peer: 'trl',
    ours: { base: 'int8' },
    peerOptions: { beta: 0.02 },
    goal: { speed: 8 },
  },
  ...decoding('f32', 'f32'),
  ...decoding('int8', 'q8_0'),
  speculation('f32', 'f32'),
  speculation('int8', 'q8_0'),
  loading('f32'),
  loading('bf16'),
];

function training(title, shape, sizes, goal) {
  return {
    id: title.replaceAll(' ', '-').toLowerCase(),
    title,
    what: 'train',
    phase: 'step',
    options: { ...SHAPES[shape], ...sizes },
    ours: { profile: true, ...(sizes.lora && { base: 'int8' }) },
    peer: sizes.lora ? 'peft' : 'torch',
    goal,
  };
}

function decoding(weights, type) {
  const common = { what: 'decode', ours: { weights }, peer: 'llama.cpp', type };
  const one = { ...SHAPES['built-in'], batch: 1, prompt: 32, length: 128 };
  return [
    {
      ...common,
      id: `decode-${weights}`,
      title: `decode ${weights}`,
      phase: 'decode',
      options: one,
      goal: { speed: 1 },
    },
    {
      ...common,
      id: `prompt-${weights}`,
      title: `prompt of 512, ${weights}`,
      phase: 'prompt',
      options: one,
      goal: { speed: 1 },
    },
    {
      ...common,
      id: `decode-32-${weights}`,
      title: `decode 32 rows, ${weights}`,
      phase: 'decode',
      options: { ...one, batch: 32 },
      goal: { speed: 3 },
    },
  ];
}

/** Greedy docs and code of a trained model, guesses and all; llama.cpp decodes the same weights. */
function speculation(weights, type) {
  return {
    id: `speculation-${weights}`,
    title: `speculation, ${weights}`,
    what: 'decode',
    phase: 'decode',
    model: process.env.BATCODER_BENCH_MODEL ?? null,
    options: { length: 128 },
    ours: { weights, speculate: true },
    peer: 'llama.cpp',
    type,
    goal: { speed: 1.2 },
  };
}

function loading(dtype) {
  return {
    id: `load-${dtype}`,
    title: `load 0.5 B ${dtype}`,
    what: 'load',
    phase: 'load',
    options: SHAPES['qwen2.5-0.5b'],
    ours: { dtype },
    goal: { plainRead: 2 },
  };
}
