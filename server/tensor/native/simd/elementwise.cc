// The plain tfjs kernels: elementwise with broadcasting, reductions, copies by strides.
#include <math.h>

#include "../kernels.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {
namespace {

constexpr size_t GRAIN = 32768;

// Runs row(aOffset, bOffset, outOffset) for every run of the innermost dimension.
template <typename F>
void forRuns(const Broadcast& s, F&& row) {
  size_t inner = s.dims[s.rank - 1], runs = 1;
  for (int d = 0; d + 1 < s.rank; d++) runs *= s.dims[d];
  parallelRanges(runs, 1 + GRAIN / (inner + 1), [&](size_t begin, size_t end) {
    for (size_t run = begin; run < end; run++) {
      size_t rest = run, a = 0, b = 0;
      for (int d = s.rank - 2; d >= 0; d--) {
        size_t at = rest % s.dims[d];
        rest /= s.dims[d];
        a += at * s.a[d];
        b += at * s.b[d];
      }
      row(a, b, run * inner);
    }
  });
}

template <typename Op>
void binaryWith(const Broadcast& s, const float* a, const float* b, float* y, Op&& op) {
  size_t inner = s.dims[s.rank - 1];
  bool wholeA = s.a[s.rank - 1] != 0, wholeB = s.b[s.rank - 1] != 0;
  auto range = [&](const float* p, const float* q, float* out, size_t count) {
    if (wholeA && wholeB) {
      lanes(count, [&](size_t i, auto part) { put(out + i, op(get(p + i, part), get(q + i, part)), part); });
    } else if (wholeA) {
      vf same = splat(*q);
      lanes(count, [&](size_t i, auto part) { put(out + i, op(get(p + i, part), same), part); });
    } else {
      vf same = splat(*p);
      lanes(count, [&](size_t i, auto part) {
        put(out + i, op(same, wholeB ? get(q + i, part) : splat(*q)), part);
      });
    }
  };
  if (s.rank == 1) {
    parallelRanges(inner, GRAIN, [&](size_t begin, size_t end) {
      range(a + (wholeA ? begin : 0), b + (wholeB ? begin : 0), y + begin, end - begin);
    });
    return;
  }
  forRuns(s, [&](size_t p, size_t q, size_t out) { range(a + p, b + q, y + out, inner); });
}

template <typename Op>
void compareWith(const Broadcast& s, const float* a, const float* b, uint8_t* y, Op&& op) {
  size_t inner = s.dims[s.rank - 1], strideA = s.a[s.rank - 1], strideB = s.b[s.rank - 1];
  forRuns(s, [&](size_t p, size_t q, size_t out) {
    for (size_t i = 0; i < inner; i++) y[out + i] = op(a[p + i * strideA], b[q + i * strideB]);
  });
}

template <typename Op>
void vectorUnary(const float* x, float* y, size_t count, Op&& op) {
  parallelRanges(count, GRAIN, [&](size_t begin, size_t end) {
    lanes(end - begin, [&](size_t i, auto part) { put(y + begin + i, op(get(x + begin + i, part)), part); });
  });
}

template <typename Op>
void scalarUnary(const float* x, float* y, size_t count, Op&& op) {
  parallelRanges(count, GRAIN / 8, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) y[i] = op(x[i]);
  });
}

template <typename Vector, typename Last>
float reduceRun(const float* x, size_t count, float start, Vector&& join, Last&& last) {
  vf all = splat(start);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) all = join(all, load(x + i));
  float result = last(all);
  for (; i < count; i++) {
    vf one = join(splat(result), splat(x[i]));
    result = one[0];
  }
  return result;
}

template <typename Vector, typename Last>
void reduceWith(const float* x, float* y, size_t outer, size_t count, size_t inner, float start, float scale,
                Vector&& join, Last&& last) {
  if (inner == 1 && outer == 1 && count > GRAIN) {
    constexpr int PIECES = 32;
    float parts[PIECES];
    parallelFor(PIECES, [&](int piece) {
      size_t begin = count * piece / PIECES, end = count * (piece + 1) / PIECES;
      parts[piece] = reduceRun(x + begin, end - begin, start, join, last);
    });
    *y = reduceRun(parts, PIECES, start, join, last) * scale;
    return;
  }
  if (inner == 1) {
    parallelRanges(outer, 1 + GRAIN / (count + 1), [&](size_t begin, size_t end) {
      for (size_t o = begin; o < end; o++) y[o] = reduceRun(x + o * count, count, start, join, last) * scale;
    });
    return;
  }
  size_t stripe = 256, stripes = (inner + stripe - 1) / stripe;
  parallelFor(int(outer * stripes), [&](int task) {
    size_t o = task / stripes, first = task % stripes * stripe;
    size_t width = inner - first < stripe ? inner - first : stripe;
    float* to = y + o * inner + first;
    lanes(width, [&](size_t i, auto part) {
      vf all = splat(start);
      for (size_t c = 0; c < count; c++) all = join(all, get(x + (o * count + c) * inner + first + i, part));
      put(to + i, all * scale, part);
    });
  });
}

}  // namespace

void binary(BinaryOp op, const Broadcast& s, const float* a, const float* b, float* y) {
  switch (op) {
    case kAdd: return binaryWith(s, a, b, y, [](vf p, vf q) { return p + q; });
    case kSub: return binaryWith(s, a, b, y, [](vf p, vf q) { return p - q; });
    case kMul: return binaryWith(s, a, b, y, [](vf p, vf q) { return p * q; });
    case kDiv: return binaryWith(s, a, b, y, [](vf p, vf q) { return p / q; });
    case kMax: return binaryWith(s, a, b, y, [](vf p, vf q) { return vmax(p, q); });
    case kMin: return binaryWith(s, a, b, y, [](vf p, vf q) { return vmin(p, q); });
    case kBinaryOps: return;
  }
}

void compare(CompareOp op, const Broadcast& s, const float* a, const float* b, uint8_t* y) {
  switch (op) {
    case kGreater: return compareWith(s, a, b, y, [](float p, float q) { return p > q; });
    case kGreaterEqual: return compareWith(s, a, b, y, [](float p, float q) { return p >= q; });
    case kLess: return compareWith(s, a, b, y, [](float p, float q) { return p < q; });
    case kLessEqual: return compareWith(s, a, b, y, [](float p, float q) { return p <= q; });
    case kEqual: return compareWith(s, a, b, y, [](float p, float q) { return p == q; });
    case kNotEqual: return compareWith(s, a, b, y, [](float p, float q) { return p != q; });
    case kCompareOps: return;
  }
}

void unary(UnaryOp op, const float* x, float* y, size_t count, float p, float q) {
  switch (op) {
    case kNeg: return vectorUnary(x, y, count, [](vf v) { return -v; });
    case kExp: return vectorUnary(x, y, count, [](vf v) { return vexp(v); });
    case kLog: return scalarUnary(x, y, count, [](float v) { return logf(v); });
    case kSqrt: return scalarUnary(x, y, count, [](float v) { return sqrtf(v); });
    case kRsqrt: return scalarUnary(x, y, count, [](float v) { return 1.0f / sqrtf(v); });
    case kSquare: return vectorUnary(x, y, count, [](vf v) { return v * v; });
    case kAbs: return scalarUnary(x, y, count, [](float v) { return fabsf(v); });
    case kSigmoid: return vectorUnary(x, y, count, [](vf v) { return vsigmoid(v); });
    case kTanh: return scalarUnary(x, y, count, [](float v) { return tanhf(v); });
    case kReciprocal: return vectorUnary(x, y, count, [](vf v) { return 1.0f / v; });
    case kClip: return vectorUnary(x, y, count, [=](vf v) { return vmin(vmax(v, splat(p)), splat(q)); });
    case kScale: return vectorUnary(x, y, count, [=](vf v) { return v * p + q; });
    case kUnaryOps: return;
  }
}

void reduce(ReduceOp op, const float* x, float* y, size_t outer, size_t count, size_t inner, float scale) {
  switch (op) {
    case kSum:
      return reduceWith(x, y, outer, count, inner, 0, scale, [](vf a, vf b) { return a + b; },
                        [](vf v) { return sumLanes(v); });
    case kMaxOf:
      return reduceWith(x, y, outer, count, inner, -INFINITY, scale, [](vf a, vf b) { return vmax(a, b); },
                        [](vf v) { return maxLanes(v); });
    case kMinOf:
      return reduceWith(x, y, outer, count, inner, INFINITY, scale, [](vf a, vf b) { return vmin(a, b); },
                        [](vf v) { return -maxLanes(-v); });
    case kReduceOps: return;
  }
}

void copy(const CopyArgs& p) {
  size_t inner = p.dims[p.rank - 1], inStride = p.inStride[p.rank - 1], outStride = p.outStride[p.rank - 1];
  size_t runs = 1;
  for (int d = 0; d + 1 < p.rank; d++) runs *= p.dims[d];
  parallelRanges(runs, 1 + GRAIN / (inner + 1), [&](size_t begin, size_t end) {
    for (size_t run = begin; run < end; run++) {
      size_t rest = run, in = 0, out = 0;
      for (int d = p.rank - 2; d >= 0; d--) {
        size_t at = rest % p.dims[d];
        rest /= p.dims[d];
        in += at * p.inStride[d];
        out += at * p.outStride[d];
      }
      if (inStride == 1 && outStride == 1) {
        memcpy(p.out + out, p.in + in, inner * sizeof(float));
      } else {
        for (size_t i = 0; i < inner; i++) p.out[out + i * outStride] = p.in[in + i * inStride];
      }
    }
  });
}

}  // namespace BC_ISA
}  // namespace bc
