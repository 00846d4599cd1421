// 4-bit weights in groups times rows quantised to 8 bits.
#include "../kernels.h"
#include "dot8.h"

namespace bc {
namespace BC_ISA {
namespace {

#if BC_LANES == 16
constexpr int INT4_ROWS = 4, INT4_COLUMNS = 4;
#else
constexpr int INT4_ROWS = 2, INT4_COLUMNS = 2;
#endif

// y[rows][out] = x w, plus the bias, or added to y. `starts`: for every four neighbours of x, -8 times their sum, since
// the weights are stored plus 8.
struct Int4Product {
  Int8Rows x;
  const float* starts;  // int32 in fact
  int out;
  const uint8_t* w;
  const float *scales, *bias;
  float* y;
  bool accumulate;
};

typedef uint32_t vu __attribute__((vector_size(BC_LANES * 4)));

// The values k .. k + kBytes of a row of weights, each plus 8; what is behind the row's end has no meaning.
BC_INLINE vbytes nibbles(const uint8_t* row, int k, int count) {
#if BC_LANES == 16
  const __m128i* at = reinterpret_cast<const __m128i*>(row + k / 2);
  __m128i first = _mm_loadu_si128(at), second = k + kInt4Group < count ? _mm_loadu_si128(at + 1) : first;
  __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_broadcastsi128_si256(first)),
                                    _mm256_broadcastsi128_si256(second), 1);
  const vu shift = {0, 0, 0, 0, 4, 4, 4, 4, 0, 0, 0, 0, 4, 4, 4, 4};
  return (vbytes)(((vu)both >> shift) & 0x0f0f0f0fu);
#elif BC_LANES == 8
  (void)count;
  __m128i group = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + k / 2));
  const vu shift = {0, 0, 0, 0, 4, 4, 4, 4};
  return (vbytes)(((vu)_mm256_broadcastsi128_si256(group) >> shift) & 0x0f0f0f0fu);
#else
  (void)count;
  vu group;
  memcpy(&group, row + k / kInt4Group * 16, sizeof group);
  return (vbytes)((group >> (k % kInt4Group ? 4 : 0)) & 0x0f0f0f0fu);
#endif
}

// The scale of each lane's four values.
BC_INLINE vf groupScales(const float* row, int k, int count) {
  const float* at = row + k / kInt4Group;
#if BC_LANES == 16
  const vi upper = {0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1};
  return select(upper, splat(k + kInt4Group < count ? at[1] : 0), splat(at[0]));
#else
  (void)count;
  return splat(*at);
#endif
}

#define BC_FORM plain
#define BC_FORM_TARGET
#include "int4_tile.h"
#undef BC_FORM
#undef BC_FORM_TARGET

#ifdef BC_VNNI
#define BC_FORM vnni
#define BC_FORM_TARGET BC_VNNI_TARGET
#include "int4_tile.h"
#undef BC_FORM
#undef BC_FORM_TARGET
#endif

}  // namespace

void linearInt4(const LinearArgs& p) {
  Int8Rows x = quantizeRows(p.x, nullptr, p.rows, p.w.in);
  float* starts = scratch(18, p.rows * x.stride / 4);
  parallelRanges(p.rows, 1 + 32768 / x.stride, [&](size_t begin, size_t end) {
    const vbytes eights = vbytes{} - int8_t(8);
    for (size_t i = begin * x.stride; i < end * x.stride; i += kBytes)
      store(starts + i / 4, (vf)plain::dot(vi{}, eights, loadBytes(x.q + i)));
  });
  Int4Product product = {x, starts, p.w.out, static_cast<const uint8_t*>(p.w.values), p.w.scales, p.bias, p.y,
                         p.accumulate};
  auto run = plain::int4Outputs;
#ifdef BC_VNNI
  if (hasVnni()) run = vnni::int4Outputs;
#endif
  // Blocks of rows that stay in the second cache.
  int rows = 1 + int((256 << 10) / x.stride);
  parallelRanges(p.w.out, 8 + 65536 / (x.stride * p.rows), [&](size_t begin, size_t end) {
    for (int first = 0; first < p.rows; first += rows)
      run(product, first, first + rows < p.rows ? first + rows : p.rows, int(begin), int(end));
  });
}

}  // namespace BC_ISA
}  // namespace bc
