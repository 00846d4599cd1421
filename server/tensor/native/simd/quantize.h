// Rows of floats as 8-bit integers with one scale each.
#pragma once
#include "vec.h"

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace bc {
namespace BC_ISA {

// Row i is q[i * stride ..] times scale[i]; sum[i] is the sum of its integers. Rows are filled up with zeros
// to `stride`, a multiple of 64.
struct Int8Rows {
  int rows, count;
  size_t stride;
  int8_t* q;
  float* scale;
  int32_t* sum;
};

// To the nearest integer, ties to even: the same on every instruction set. |v| < 2^22.
BC_INLINE vi nearest(vf v) {
#if BC_LANES == 16
  return (vi)_mm512_cvtps_epi32((__m512)v);
#elif BC_LANES == 8
  return (vi)_mm256_cvtps_epi32((__m256)v);
#elif defined(__SSE2__)
  return (vi)_mm_cvtps_epi32((__m128)v);
#elif defined(__aarch64__)
  return (vi)vcvtnq_s32_f32((float32x4_t)v);
#else
  vi result;
  for (int i = 0; i < kLanes; i++) result[i] = int32_t(__builtin_rintf(v[i]));
  return result;
#endif
}

typedef int8_t vb __attribute__((vector_size(BC_LANES)));

BC_INLINE void putBytes(int8_t* to, vi n, All) {
  vb bytes = __builtin_convertvector(n, vb);
  memcpy(to, &bytes, sizeof bytes);
}
BC_INLINE void putBytes(int8_t* to, vi n, int count) {
  vb bytes = __builtin_convertvector(n, vb);
  memcpy(to, &bytes, count);
}

// factor: null, or what each element is multiplied by first. A row that holds a NaN or an infinity gets a
// NaN as its scale, so that it does not pass for a sound one.
BC_INLINE void quantizeRow(const float* x, const float* factor, const Int8Rows& to, int row) {
  int8_t* q = to.q + row * to.stride;
  auto at = [&](size_t i, auto part) { return factor ? get(x + i, part) * get(factor + i, part) : get(x + i, part); };
  vf top = {}, poison = {};
  lanes(to.count, [&](size_t i, auto part) {
    vf v = at(i, part);
    top = vmax(vmax(v, -v), top);
    poison += v * 0.0f;
  });
  float largest = maxLanes(top), sick = sumLanes(poison);
  float inverse = largest > 0 && sick == 0 ? 127 / largest : 0;
  // Where 127 / largest overflows, the row is as good as zero.
  if (!(inverse < __builtin_inff())) inverse = 0;
  vi sums = {};
  lanes(to.count, [&](size_t i, auto part) {
    vi n = nearest(at(i, part) * inverse);
    sums += n;
    putBytes(q + i, n, part);
  });
  memset(q + to.count, 0, to.stride - to.count);
  int32_t lane[kLanes], sum = 0;
  memcpy(lane, &sums, sizeof sums);
  for (int32_t part : lane) sum += part;
  to.sum[row] = sum;
  to.scale[row] = sick == 0 ? largest / 127 : sick;
}

// Quantises x[rows][count] into the scratch buffers 16 and 17.
BC_INLINE Int8Rows quantizeRows(const float* x, const float* factor, int rows, int count) {
  size_t stride = (size_t(count) + 63) / 64 * 64;
  float* scales = scratch(17, size_t(rows) * 2);
  Int8Rows to = {rows, count, stride, reinterpret_cast<int8_t*>(scratch(16, rows * stride / 4)), scales,
                 reinterpret_cast<int32_t*>(scales + rows)};
  parallelRanges(rows, 1 + 32768 / (stride + 1), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) quantizeRow(x + i * count, factor, to, int(i));
  });
  return to;
}

}  // namespace BC_ISA
}  // namespace bc
