// Sums of products of bytes: four to each lane of a vector. Two forms that give the same integers; the machine has the
// second where hasVnni() says so.
#pragma once
#include "quantize.h"

#if defined(__AVX2__)
#define BC_VNNI
#if BC_LANES == 16
#define BC_VNNI_TARGET __attribute__((target("avx512vnni")))
#else
#define BC_VNNI_TARGET __attribute__((target("avxvnni")))
#endif
#endif

namespace bc {
namespace BC_ISA {
namespace {

constexpr int kBytes = 4 * kLanes;
typedef int8_t vbytes __attribute__((vector_size(kBytes)));
typedef int8_t vbytesu __attribute__((vector_size(kBytes), aligned(1), may_alias));

BC_INLINE vbytes loadBytes(const int8_t* p) { return *reinterpret_cast<const vbytesu*>(p); }
BC_INLINE vbytes loadBytesPart(const int8_t* p, int count) {
  vbytes v = {};
  memcpy(&v, p, count);
  return v;
}

// prepare(w) is done once for each vector of weights, and adds kOffset to every one; dot takes prepared weights.
namespace plain {
constexpr int32_t kOffset = 0;
BC_INLINE vbytes prepare(vbytes w) { return w; }
#if BC_LANES == 16
// |w| has 8 bits, |x| 7: two products fit into 16 bits.
BC_INLINE vi dot(vi sum, vbytes w, vbytes x) {
  __m512i signs = _mm512_mask_sub_epi8((__m512i)x, _mm512_movepi8_mask((__m512i)w), _mm512_setzero_si512(), (__m512i)x);
  __m512i pairs = _mm512_maddubs_epi16(_mm512_abs_epi8((__m512i)w), signs);
  return sum + (vi)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
}
#elif BC_LANES == 8
BC_INLINE vi dot(vi sum, vbytes w, vbytes x) {
  __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8((__m256i)w), _mm256_sign_epi8((__m256i)x, (__m256i)w));
  return sum + (vi)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}
#elif defined(__SSE2__)
BC_INLINE vi dot(vi sum, vbytes w, vbytes x) {
  __m128i a = (__m128i)w, b = (__m128i)x;
  auto low = [](__m128i v) { return _mm_srai_epi16(_mm_unpacklo_epi8(v, v), 8); };
  auto high = [](__m128i v) { return _mm_srai_epi16(_mm_unpackhi_epi8(v, v), 8); };
  return sum + (vi)_mm_madd_epi16(low(a), low(b)) + (vi)_mm_madd_epi16(high(a), high(b));
}
#elif defined(__ARM_FEATURE_DOTPROD)
BC_INLINE vi dot(vi sum, vbytes w, vbytes x) { return (vi)vdotq_s32((int32x4_t)sum, (int8x16_t)w, (int8x16_t)x); }
#else
BC_INLINE vi dot(vi sum, vbytes w, vbytes x) {
  typedef int8_t half8 __attribute__((vector_size(8)));
  typedef int16_t half16 __attribute__((vector_size(16)));
  typedef int16_t quarter16 __attribute__((vector_size(8)));
  half8 part[4];
  memcpy(part, &w, 16);
  memcpy(part + 2, &x, 16);
  auto wide = [](half8 v) { return __builtin_convertvector(v, half16); };
  // Two products of 15 bits fit into 16.
  half16 pairs = wide(part[0]) * wide(part[2]) + wide(part[1]) * wide(part[3]);
  quarter16 quarter[2];
  memcpy(quarter, &pairs, 16);
  return sum + __builtin_convertvector(quarter[0], vi) + __builtin_convertvector(quarter[1], vi);
}
#endif
}  // namespace plain

#ifdef BC_VNNI
namespace vnni {
// The instruction takes one operand without a sign: weights plus 128.
constexpr int32_t kOffset = 128;
BC_INLINE vbytes prepare(vbytes w) { return w ^ int8_t(-128); }
#if BC_LANES == 16
BC_VNNI_TARGET BC_INLINE vi dot(vi sum, vbytes w, vbytes x) {
  return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)w, (__m512i)x);
}
#else
BC_VNNI_TARGET BC_INLINE vi dot(vi sum, vbytes w, vbytes x) {
  return (vi)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)w, (__m256i)x);
}
#endif
}  // namespace vnni
#endif

}  // namespace
}  // namespace BC_ISA
}  // namespace bc
