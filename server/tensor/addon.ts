import { backend, getBackend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { createRequire } from 'node:module';
import { assetPath } from '../util/assets.js';

type Floats = Float32Array;
type Ints = Int32Array;
type Bytes = Uint8Array;
/** A model's arrays as the C++ decoder reads them. */
export type DecoderHandle = object & { readonly decoder: unique symbol };
/** Keys and values of sequences in pages. */
export type PagesHandle = object & { readonly pages: unique symbol };

/** A weight matrix in any of its forms. */
export type WeightArgs = [
  kind: number,
  values: Floats | Int8Array | Bytes,
  scales: Floats | null,
  out: number,
  input: number,
];

/** What the parameters of one AdamW step share, and `shrink`, by which decay multiplies the values. */
export type AdamWCoefficients = [
  clip: number,
  beta1: number,
  beta2: number,
  rate: number,
  rootCorrection: number,
  eps: number,
  shrink: number,
];

/**
 * What the C++ addon exports, and but for the decoder its WebAssembly build too; the comments beside each function in
 * server/tensor/native/bind_*.cc and decoder/bind.cc say what its arguments are. Every function checks that it stays within the arrays it is given.
 */
export interface Addon {
  /** Instruction set of the kernels in use: avx512, avx2, neon, base, or simd128 of WebAssembly. */
  isa: () => string;
  threads: () => number;
  setThreads: (count: number) => void;
  /** Floats from the array's start to the next multiple of 64 bytes. */
  alignment: (x: Floats) => number;

  gemm: (
    a: Floats,
    b: Floats,
    c: Floats,
    m: number,
    n: number,
    k: number,
    transposeA: boolean,
    transposeB: boolean,
    batch: number,
    strideA: number,
    strideB: number,
    alpha: number,
    accumulate: boolean,
    bias: Floats | null,
    addend?: Floats | null,
  ) => void;

  /** 0 where products on this machine read such weights as they lie. */
  packedBytes: (kind: number, out: number, input: number) => number;
  packWeight: (...args: [...WeightArgs, to: Bytes]) => void;
  linearWeight: (
    ...args: [
      ...WeightArgs,
      x: Floats,
      y: Floats,
      bias: Floats | null,
      accumulate: boolean,
      packed?: Bytes | null,
    ]
  ) => void;
  linearWeightGrad: (...args: [...WeightArgs, dy: Floats, dx: Floats, accumulate: boolean]) => void;
  weightRows: (...args: [...WeightArgs, ids: Ints, y: Floats]) => void;
  lora: (
    ...args: [
      ...WeightArgs,
      x: Floats,
      bias: Floats | null,
      a: Floats,
      b: Floats,
      scale: number,
      low: Floats,
      y: Floats,
      addend: Floats | null,
    ]
  ) => void;
  loraGrad: (
    dy: Floats,
    x: Floats,
    low: Floats,
    b: Floats,
    scale: number,
    rank: number,
    da: Floats,
    db: Floats,
    g: Floats,
  ) => void;
  loraInputGrad: (
    ...args: [...WeightArgs, dy: Floats, g: Floats, a: Floats, dx: Floats, accumulate: boolean]
  ) => void;

  rmsNorm: (x: Floats, gain: Floats, y: Floats, eps: number) => void;
  rmsNormGrad: (
    dy: Floats,
    x: Floats,
    gain: Floats,
    dx: Floats,
    dgain: Floats,
    eps: number,
    accumulate: boolean,
  ) => void;
  rotary: (
    x: Floats,
    positions: Ints,
    y: Floats,
    headSize: number,
    theta: number,
    inverse: boolean,
  ) => void;
  swiglu: (gate: Floats, up: Floats, y: Floats) => void;
  swigluGrad: (dy: Floats, gate: Floats, up: Floats, dgate: Floats, dup: Floats) => void;
  attention: (
    q: Floats,
    k: Floats,
    v: Floats,
    segments: Ints,
    heads: number,
    kvHeads: number,
    output: Floats,
    logSum: Floats,
  ) => void;
  attentionGrad: (
    q: Floats,
    k: Floats,
    v: Floats,
    segments: Ints,
    heads: number,
    kvHeads: number,
    output: Floats,
    logSum: Floats,
    dOutput: Floats,
    dq: Floats,
    dk: Floats,
    dv: Floats,
  ) => void;
  logProbs: (
    ...args: [
      ...WeightArgs,
      hidden: Floats,
      targets: Ints,
      logSum: Floats,
      logProbs: Floats,
      entropy: Floats,
      dLogProbs: Floats | null,
      dHidden: Floats | null,
      dw: Floats | null,
      accumulate: boolean,
      shift: Floats | null,
    ]
  ) => void;
  logProbsGrad: (
    ...args: [
      ...WeightArgs,
      hidden: Floats,
      targets: Ints,
      logSum: Floats,
      dLogProbs: Floats,
      dHidden: Floats,
      dw: Floats | null,
      accumulate: boolean,
    ]
  ) => void;
  embedding: (table: Floats, ids: Ints, y: Floats, width: number) => void;
  embeddingGrad: (dy: Floats, ids: Ints, dtable: Floats, width: number) => void;
  cacheAppend: (
    store: Floats,
    tokens: Floats,
    rows: Ints,
    positions: Ints,
    kvHeads: number,
    capacity: number,
    headSize: number,
  ) => void;
  cacheAttend: (
    q: Floats,
    keys: Floats,
    values: Floats,
    rows: Ints,
    positions: Ints,
    output: Floats,
    heads: number,
    kvHeads: number,
    capacity: number,
    headSize: number,
  ) => void;
  decoderModel: (
    sizes: Ints,
    eps: number,
    theta: number,
    loraScale: number,
    arrays: readonly (Floats | Int8Array | Bytes | null)[],
  ) => DecoderHandle;
  kvPages: (layers: number, kvHeads: number, headSize: number) => PagesHandle;
  kvPageBytes: (pages: PagesHandle) => number;
  kvLimit: (pages: PagesHandle, limit: number) => void;
  kvUsed: (pages: PagesHandle) => number;
  kvOpen: (pages: PagesHandle, parent: number, length: number, room: number) => number;
  kvClose: (pages: PagesHandle, sequence: number) => void;
  kvSeal: (pages: PagesHandle, sequence: number) => void;
  kvTruncate: (pages: PagesHandle, sequence: number, length: number) => void;
  decodeStep: (
    model: DecoderHandle,
    pages: PagesHandle,
    feeds: Ints,
    ids: Ints,
    temperatures: Floats,
    topP: number,
    uniforms: Float64Array,
    allowed: Ints | null,
    allowedEnds: Ints | null,
    outIds: Ints,
    outLogProbs: Floats,
  ) => boolean;
  sumOfSquares: (values: Floats) => number;
  adamw: (
    values: Floats,
    grad: Floats,
    m: Floats,
    v: Floats,
    ...coefficients: AdamWCoefficients
  ) => void;

  binary: (op: number, shape: Ints, a: Floats, b: Floats, y: Floats) => void;
  compare: (op: number, shape: Ints, a: Floats, b: Floats, y: Bytes) => void;
  unary: (op: number, x: Floats, y: Floats, p: number, q: number) => void;
  reduce: (
    op: number,
    x: Floats,
    y: Floats,
    outer: number,
    count: number,
    inner: number,
    scale: number,
  ) => void;
  copy: (from: Floats, fromOffset: number, to: Floats, toOffset: number, shape: Ints) => void;
  softmax: (x: Floats, y: Floats, width: number, logarithm: boolean) => void;
  select: (condition: Bytes, a: Floats, b: Floats, y: Floats) => void;
  logicalAnd: (a: Bytes, b: Bytes, y: Bytes) => void;
  logicalNot: (x: Bytes, y: Bytes) => void;
  bytesToFloats: (x: Bytes, y: Floats) => void;
  intsToFloats: (x: Ints, y: Floats) => void;
  bfloatsToFloats: (x: Bytes, y: Floats) => void;
}

let loaded: Addon | null = null;

/**
 * The addon, loaded once in each thread.
 * @throws Error where it was not built or does not load here
 */
export function nativeAddon(): Addon {
  if (!loaded) {
    const file = assetPath('native', 'batcoder.node');
    loaded = createRequire(file)(file) as Addon;
  }
  return loaded;
}

/** The addon where its backend is in use: its kernels reach every array, and no backend is chosen by asking. */
export function addonInUse(): Addon | null {
  return getBackend() === 'native' ? nativeAddon() : null;
}

/** The kernels of the backend in use: the addon, its WebAssembly build, or null on other backends. */
export function kernelsInUse(): Addon | null {
  return (backend() as { addon?: Addon }).addon ?? null;
}

interface DataHolder {
  data?: { get(dataId: object): { values?: unknown } };
}

/**
 * The float values of a tensor: on `cpu`, `native` and `wasm` its own memory, elsewhere a copy.
 * Only for reading, save for kernels that update a variable in place.
 */
export function nativeValues(tensor: Tensor | TensorInfo): Float32Array {
  const holder = backend() as DataHolder;
  const values = holder.data?.get(tensor.dataId).values;
  return values instanceof Float32Array ? values : (tensor as Tensor).dataSync<'float32'>();
}
