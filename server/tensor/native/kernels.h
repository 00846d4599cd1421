// The kernels that exist once for each instruction set, and the table through which the addon
// calls the set that this machine has. All matrices are row-major; sizes are in elements.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "paged.h"
#include "weights.h"

namespace bc {

// c[m][n] = alpha a[m][k] b[k][n] (+ bias[n]) (+ addend[m][n]), or added to c. The rows of c and addend are contiguous.
struct GemmArgs {
  int m, n, k;
  const float* a;
  size_t aRow, aDepth;
  const float* b;
  size_t bDepth, bColumn;
  float* c;
  size_t cRow;
  float alpha = 1;
  bool accumulate = false;
  const float *bias = nullptr, *addend = nullptr;
};

// y[rows][w.out] = x[rows][w.in] wᵀ (+ bias[w.out]), or added to y. With integer weights each row of x is
// quantised to 8 bits by its largest magnitude, and the products are summed as integers, exactly.
struct LinearArgs {
  int rows;
  const float* x;
  Weight w;
  const float* bias = nullptr;
  float* y = nullptr;
  bool accumulate = false;
};

// linearWeights: so many at most, all with the same x.
constexpr int kMostProducts = 3;

// A frozen layer with a low-rank adapter: y = x wᵀ + bias + low bᵀ (+ addend), where low = scale x aᵀ.
// a: [rank][in], b: [out][rank], low: [rows][rank].
struct LoraArgs {
  int rows, rank;
  float scale;
  const float* x;
  Weight w;
  const float *bias, *addend;
  const float *a, *b;
  float *low, *y;
  // The backward pass only; g: scale dy b [rows][rank]. loraGrad makes g, da and db; loraInputGrad makes dx from g, or
  // adds to it.
  const float* dy;
  float *g, *dx, *da, *db;
  bool accumulate;
};

// One segment of a packed batch: see server/tensor/segments.ts.
struct Segment {
  int32_t start, end, prefixStart, prefixEnd;
};

// q, output: [tokens][heads * headSize]; k, v: [tokens][kvHeads * headSize]; logSum: [tokens][heads],
// the logarithm of each softmax's denominator.
struct AttentionArgs {
  int tokens, heads, kvHeads, headSize, segments;
  const Segment* segment;
  const float *q, *k, *v;
  float *output, *logSum;
  // The backward pass only.
  const float* dOutput;
  float *dq, *dk, *dv;
};

// Keys and values: [rows][kvHeads][capacity][headSize]. Query i sees places 0..positions[i] of rows[i].
struct CacheArgs {
  int count, heads, kvHeads, capacity, headSize;
  const float *q, *keys, *values;
  const int32_t *rows, *positions;
  float* output;
};

// hidden: [tokens][width], w: [vocab][width]. A negative target skips its token.
struct LogProbsArgs {
  int tokens, width, vocab;
  Weight w;
  const float* hidden;
  const int32_t* targets;
  float *logProbs, *entropy, *logSum;
  const float* shift = nullptr;  // [vocab], added to the logits
  // The derivative by logProbs. logProbs() computes the gradients too where it is not null.
  const float* dLogProbs = nullptr;
  float *dHidden = nullptr, *dw = nullptr;  // dw may be null
  bool accumulate = false;                  // adds to dw
};

struct AdamWArgs {
  size_t count;
  float* values;
  const float* grad;
  float *m, *v;
  float clip, beta1, beta2, rate, rootCorrection, eps, shrink;
};

enum BinaryOp : int32_t { kAdd, kSub, kMul, kDiv, kMax, kMin, kBinaryOps };
enum CompareOp : int32_t { kGreater, kGreaterEqual, kLess, kLessEqual, kEqual, kNotEqual, kCompareOps };
enum UnaryOp : int32_t { kNeg, kExp, kLog, kSqrt, kRsqrt, kSquare, kAbs, kSigmoid, kTanh, kReciprocal, kClip, kScale, kUnaryOps };
enum ReduceOp : int32_t { kSum, kMaxOf, kMinOf, kReduceOps };

// Up to kMaxRank dimensions of the output, and the strides of both operands (0 where broadcast).
constexpr int kMaxRank = 6;
struct Broadcast {
  int rank;
  size_t dims[kMaxRank], a[kMaxRank], b[kMaxRank];
};

// out = in by strides of both sides, elements of four bytes.
struct CopyArgs {
  int rank;
  size_t dims[kMaxRank], inStride[kMaxRank], outStride[kMaxRank];
  const float* in;
  float* out;
};

#define BC_KERNELS(X)                                                                                  \
  X(void, gemm, (const GemmArgs&))                                                                     \
  X(void, linearWeight, (const LinearArgs&))                                                           \
  X(void, linearWeights, (const LinearArgs*, int count))                                               \
  X(void, linearWeightGrad, (const Weight&, int rows, const float* dy, float* dx, bool accumulate))    \
  X(void, weightRow, (const Weight&, int row, float* out))                                             \
  X(size_t, packedBytes, (const Weight&))                                                              \
  X(void, packWeight, (const Weight&, void* to))                                                       \
  X(void, lora, (const LoraArgs&))                                                                     \
  X(void, loraGrad, (const LoraArgs&))                                                                 \
  X(void, loraInputGrad, (const LoraArgs&))                                                            \
  X(void, rmsNorm, (const float* x, const float* gain, float* y, int rows, int width, float eps))      \
  X(void, rmsNormGrad, (const float* dy, const float* x, const float* gain, float* dx, float* dgain,   \
                        int rows, int width, float eps, bool accumulate))                              \
  X(void, rotary, (const float* x, float* y, const int32_t* positions, int rows, int heads,            \
                   int headSize, const float* table, bool inverse))                                    \
  X(void, swiglu, (const float* gate, const float* up, float* y, size_t count))                        \
  X(void, swigluGrad, (const float* dy, const float* gate, const float* up, float* dgate, float* dup,  \
                       size_t count))                                                                  \
  X(void, attention, (const AttentionArgs&))                                                           \
  X(void, attentionGrad, (const AttentionArgs&))                                                       \
  X(void, cacheAttend, (const CacheArgs&))                                                             \
  X(void, appendPaged, (const PagedArgs&))                                                             \
  X(void, attendPaged, (const PagedArgs&))                                                             \
  X(void, drawToken, (const DrawArgs&))                                                                \
  X(void, logProbs, (const LogProbsArgs&))                                                             \
  X(void, logProbsGrad, (const LogProbsArgs&))                                                         \
  X(void, embedding, (const float* table, const int32_t* ids, float* y, int rows, int width))          \
  X(void, embeddingGrad, (const float* dy, const int32_t* ids, float* dtable, int rows, int width))    \
  X(void, softmax, (const float* x, float* y, int rows, int width, bool logarithm))                    \
  X(void, adamw, (const AdamWArgs&))                                                                   \
  X(double, sumOfSquares, (const float* x, size_t count))                                              \
  X(void, binary, (BinaryOp op, const Broadcast& shape, const float* a, const float* b, float* y))     \
  X(void, compare, (CompareOp op, const Broadcast& shape, const float* a, const float* b, uint8_t* y)) \
  X(void, unary, (UnaryOp op, const float* x, float* y, size_t count, float p, float q))               \
  X(void, reduce, (ReduceOp op, const float* x, float* y, size_t outer, size_t count, size_t inner,    \
                   float scale))                                                                       \
  X(void, copy, (const CopyArgs&))

#define BC_FIELD(result, name, params) result(*name) params;
struct Kernels {
  const char* isa;
  BC_KERNELS(BC_FIELD)
};
#undef BC_FIELD

// The best set for this machine; the same on every call.
const Kernels& kernels();

// Whether the processor adds four products of bytes in one instruction. BATCODER_VNNI=0 denies it (for tests).
bool hasVnni();

// cos and sin of position * theta^(-2i/headSize): [position][cos: headSize/2, sin: headSize/2].
// Stays valid for the life of the process.
const float* rotaryTable(double theta, int headSize, int positions);

}  // namespace bc
