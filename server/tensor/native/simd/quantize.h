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

// q = x / scale in [-127, 127], the scale being the largest |x| / 127. Returns the scale; it is NaN where x
// holds a NaN or an infinity, so that no such row passes for a sound one.
BC_INLINE float quantizeRow(const float* x, int count, int8_t* q) {
  vf top = {}, poison = {};
  lanes(count, [&](size_t i, auto part) {
    vf v = get(x + i, part);
    top = vmax(vmax(v, -v), top);
    poison += v * 0.0f;
  });
  float largest = maxLanes(top), sick = sumLanes(poison);
  float inverse = largest > 0 && sick == 0 ? 127 / largest : 0;
  // Where 127 / largest overflows, the row is as good as zero.
  if (!(inverse < __builtin_inff())) inverse = 0;
  lanes(count, [&](size_t i, auto part) {
    vi n = nearest(get(x + i, part) * inverse);
    int32_t lane[kLanes];
    memcpy(lane, &n, sizeof n);
    int end = count - int(i) < kLanes ? count - int(i) : kLanes;
    for (int j = 0; j < end; j++) q[i + j] = int8_t(lane[j]);
  });
  return sick == 0 ? largest / 127 : sick;
}

}  // namespace BC_ISA
}  // namespace bc
