// Vectors by the compiler's vector extension, so that one source serves every instruction set.
// Each file of this folder is compiled once for each, with BC_ISA as the name of its namespace.
// Only inline code of this namespace may be used here: a shared inline function, compiled with
// wider instructions, could be the copy that the linker keeps for machines that lack them.
#pragma once
#include <stdint.h>
#include <string.h>

#include "../pool.h"

#if defined(__AVX512F__)
#define BC_LANES 16
#elif defined(__AVX2__)
#define BC_LANES 8
#else
#define BC_LANES 4
#endif

#define BC_INLINE static inline __attribute__((always_inline))

namespace bc {
namespace BC_ISA {

constexpr int kLanes = BC_LANES;
typedef float vf __attribute__((vector_size(BC_LANES * 4)));
typedef int32_t vi __attribute__((vector_size(BC_LANES * 4)));
typedef float vfu __attribute__((vector_size(BC_LANES * 4), aligned(4), may_alias));

BC_INLINE vf load(const float* p) { return *reinterpret_cast<const vfu*>(p); }
BC_INLINE void store(float* p, vf v) { *reinterpret_cast<vfu*>(p) = v; }
BC_INLINE vf splat(float x) { return x - vf{}; }
BC_INLINE vf select(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }
BC_INLINE vf vmax(vf a, vf b) { return select(a > b, a, b); }
BC_INLINE vf vmin(vf a, vf b) { return select(a < b, a, b); }

// The first `count` lanes, the others 0.
BC_INLINE vf loadPart(const float* p, int count) {
  vf v = {};
  memcpy(&v, p, count * sizeof(float));
  return v;
}
BC_INLINE void storePart(float* p, vf v, int count) { memcpy(p, &v, count * sizeof(float)); }

// Runs body(i, part) over [0, count): with All for whole vectors, with a number of lanes for the rest.
struct All {};
BC_INLINE vf get(const float* p, All) { return load(p); }
BC_INLINE vf get(const float* p, int lanes) { return loadPart(p, lanes); }
BC_INLINE void put(float* p, vf v, All) { store(p, v); }
BC_INLINE void put(float* p, vf v, int lanes) { storePart(p, v, lanes); }
template <typename F>
BC_INLINE void lanes(size_t count, F&& body) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) body(i, All{});
  if (i < count) body(i, static_cast<int>(count - i));
}

// Lanes are added in one fixed order: halves, quarters, and so on.
template <typename Half>
BC_INLINE Half addHalves(const void* v) {
  Half low, high;
  memcpy(&low, v, sizeof low);
  memcpy(&high, static_cast<const char*>(v) + sizeof low, sizeof high);
  return low + high;
}
BC_INLINE float sumLanes(vf v) {
  typedef float v4 __attribute__((vector_size(16)));
#if BC_LANES == 16
  typedef float v8 __attribute__((vector_size(32)));
  v8 eight = addHalves<v8>(&v);
  v4 four = addHalves<v4>(&eight);
#elif BC_LANES == 8
  v4 four = addHalves<v4>(&v);
#else
  v4 four = v;
#endif
  return (four[0] + four[2]) + (four[1] + four[3]);
}
BC_INLINE float maxLanes(vf v) {
  float lane[BC_LANES];
  memcpy(lane, &v, sizeof v);
  for (int half = BC_LANES / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lane[i] = lane[i] > lane[i + half] ? lane[i] : lane[i + half];
  return lane[0];
}

// e^x to about one unit in the last place; 0 below -87.3, infinity above 88.7, NaN kept.
// Cody-Waite reduction to |r| <= ln2/2 and a Taylor polynomial of degree 7.
BC_INLINE vf vexp(vf x) {
  const vf magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  vf bounded = vmin(vmax(x, splat(-87.5f)), splat(88.8f));
  vf n = (bounded * 1.44269504088896341f + magic) - magic;
  vf r = bounded - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  vf p = splat(1.0f / 5040);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  vi whole = __builtin_convertvector(n, vi);
  // Two factors, since 2^128 is no float.
  vi half = whole >> 1;
  vf result = p * (vf)((half + 127) << 23) * (vf)((whole - half + 127) << 23);
  result = select(x < splat(-87.3f), vf{}, result);
  result = select(x > splat(88.72283f), splat(__builtin_inff()), result);
  return select(x != x, x, result);
}

BC_INLINE vf vsigmoid(vf x) { return 1.0f / (1.0f + vexp(-x)); }

}  // namespace BC_ISA
}  // namespace bc
