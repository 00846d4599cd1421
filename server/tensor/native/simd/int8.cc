// 8-bit weights times rows quantised to 8 bits. Products are summed as integers, so every instruction set and every
// way of summing gives the same bits.
#include "int8.h"

#include "dot8.h"
#include "transpose.h"

namespace bc {
namespace BC_ISA {
namespace {

#if BC_LANES == 16
constexpr int TILE_ROWS = 6, TILE_COLUMNS = 4, PANEL_ROWS = 8, PANEL_VECTORS = 3;
#else
constexpr int TILE_ROWS = 2, TILE_COLUMNS = 4, PANEL_ROWS = 4, PANEL_VECTORS = 2;
#endif
constexpr int PANEL = PANEL_VECTORS * kLanes;

BC_INLINE int32_t sumLanes(vi v) {
  int32_t lane[kLanes], sum = 0;
  memcpy(lane, &v, sizeof v);
  for (int32_t part : lane) sum += part;
  return sum;
}

// The sum of the lanes of each of COUNT vectors.
template <int COUNT>
BC_INLINE void sumEach(const vi* v, int32_t* sums) {
#if defined(__AVX2__)
  if (COUNT == 4) {
#if BC_LANES == 16
    __m256i four[4];
    for (int i = 0; i < 4; i++)
      four[i] = _mm256_add_epi32(_mm512_castsi512_si256((__m512i)v[i]), _mm512_extracti64x4_epi64((__m512i)v[i], 1));
#else
    __m256i four[4] = {(__m256i)v[0], (__m256i)v[1], (__m256i)v[2], (__m256i)v[3]};
#endif
    __m256i pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(four[0], four[1]), _mm256_hadd_epi32(four[2], four[3]));
    __m128i all = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    memcpy(sums, &all, sizeof all);
    return;
  }
#endif
  for (int i = 0; i < COUNT; i++) sums[i] = sumLanes(v[i]);
}

#define BC_FORM plain
#define BC_FORM_TARGET
#include "int8_tile.h"
#undef BC_FORM
#undef BC_FORM_TARGET

#ifdef BC_VNNI
int panelsOf(int out) { return (out + PANEL - 1) / PANEL; }
size_t panelBytes(int depth) { return size_t(PANEL) * ((depth + 3) / 4 * 4); }

#define BC_FORM vnni
#define BC_FORM_PANELS
#define BC_FORM_TARGET BC_VNNI_TARGET
#include "int8_tile.h"
#undef BC_FORM
#undef BC_FORM_TARGET
#undef BC_FORM_PANELS

BC_INLINE int minOf(int a, int b) { return a < b ? a : b; }

// The fours k / 4 of the outputs [o, o + columns) of [out][depth] weights from k0 on, as they lie in a panel.
void packFours(const int8_t* w, int depth, int columns, int k0, int8_t* to) {
  for (int j = 0; j < columns; j++)
    for (int k = k0; k < depth; k += 4) {
      uint32_t four = 0;
      memcpy(&four, w + size_t(j) * depth + k, minOf(4, depth - k));
      four ^= 0x80808080u;
      memcpy(to + (size_t(k) * PANEL + j * 4), &four, 4);
    }
}

// The outputs [o, o + columns) of [out][depth] weights as a panel: squares of fours are transposed. Lanes without an
// output are left as they are.
void packRows(const int8_t* w, int depth, int columns, int8_t* to) {
  int j = 0;
  for (; depth % 4 == 0 && j + kLanes <= columns; j += kLanes) {
    const int8_t* from = w + size_t(j) * depth;
    int k = 0;
    for (; k + kBytes <= depth; k += kBytes)
      transposeSquare(reinterpret_cast<const float*>(from + k), depth / 4,
                      reinterpret_cast<float*>(to + (size_t(k) * PANEL + j * 4)), PANEL,
                      [](vf v) { return (vf)((vbytes)v ^ int8_t(-128)); });
    packFours(from, depth, kLanes, k, to + j * 4);
  }
  packFours(w + size_t(j) * depth, depth, columns - j, 0, to + j * 4);
}

// The same of [depth][out] weights: four rows of bytes are interleaved.
void packColumns(const int8_t* w, int out, int depth, int columns, int8_t* to) {
  alignas(16) int8_t part[4][PANEL];
  for (int k = 0; k < depth; k += 4, to += PANEL * 4) {
    const int8_t* row[4];
    for (int r = 0; r < 4; r++) {
      row[r] = w + size_t(minOf(k + r, depth - 1)) * out;
      if (columns < PANEL) {
        memset(part[r], 0, PANEL);
        memcpy(part[r], row[r], columns);
        row[r] = part[r];
      }
    }
    for (int j = 0; j < PANEL; j += 16) {
      auto at = [&](int r) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(row[r] + j)); };
      __m128i a = at(0), b = at(1), c = at(2), d = at(3), flip = _mm_set1_epi8(-128);
      __m128i pairs[4] = {_mm_unpacklo_epi8(a, b), _mm_unpackhi_epi8(a, b), _mm_unpacklo_epi8(c, d),
                          _mm_unpackhi_epi8(c, d)};
      __m128i* into = reinterpret_cast<__m128i*>(to + j * 4);
      for (int half = 0; half < 2; half++) {
        _mm_storeu_si128(into + half * 2, _mm_xor_si128(_mm_unpacklo_epi16(pairs[half], pairs[half + 2]), flip));
        _mm_storeu_si128(into + half * 2 + 1, _mm_xor_si128(_mm_unpackhi_epi16(pairs[half], pairs[half + 2]), flip));
      }
    }
  }
}

// All panels of [out][depth] weights, or of [depth][out] ones that are `transposed`.
void packPanels(const int8_t* w, int out, int depth, bool transposed, int8_t* to) {
  parallelFor(panelsOf(out), [&](int panel) {
    int o = panel * PANEL, columns = minOf(PANEL, out - o);
    int8_t* at = to + panel * panelBytes(depth);
    if (transposed) {
      packColumns(w + o, out, depth, columns, at);
    } else {
      packRows(w + size_t(o) * depth, depth, columns, at);
    }
  });
}

// For few rows: a panel that is not packed yet is packed where it is used, and meets all rows in the first cache.
void panelByPanel(const Int8Product* products, int count) {
  int panels = 0;
  for (int i = 0; i < count; i++) panels += panelsOf(products[i].out);
  parallelFor(panels, [&](int at) {
    const Int8Product* product = products;
    for (; at >= panelsOf(product->out); product++) at -= panelsOf(product->out);
    const Int8Product& p = *product;
    int o = at * PANEL, end = minOf(o + PANEL, p.out), depth = p.x.count;
    const int8_t* panel = p.packed ? p.packed + at * panelBytes(depth) : nullptr;
    if (!panel) {
      int8_t* to = reinterpret_cast<int8_t*>(scratch(18, panelBytes(depth) / 4));
      packRows(p.w + size_t(o) * depth, depth, end - o, to);
      panel = to;
    }
    vnni::fromPanel(p, panel, 0, p.x.rows, o);
    if (p.low) addLowRank(*p.low, 0, p.x.rows, o, end, p.y, p.yRow);
  });
}

void packed(const Int8Product& p) {
  const int8_t* panels = p.packed;
  if (!panels) {
    int8_t* to = reinterpret_cast<int8_t*>(scratch(18, panelsOf(p.out) * panelBytes(p.x.count) / 4));
    packPanels(p.w, p.out, p.x.count, p.transposed, to);
    panels = to;
  }
  constexpr int ROWS = 16 * PANEL_ROWS, COLUMNS = 4 * PANEL;
  int blocks = (p.x.rows + ROWS - 1) / ROWS, strips = (p.out + COLUMNS - 1) / COLUMNS;
  parallelFor(blocks * strips, [&](int task) {
    int first = task % blocks * ROWS, last = minOf(first + ROWS, p.x.rows);
    int begin = task / blocks * COLUMNS, end = minOf(begin + COLUMNS, p.out);
    vnni::fromPanels(p, panels, first, last, begin, end);
    if (p.low) addLowRank(*p.low, first, last, begin, end, p.y, p.yRow);
  });
}
#endif

// [depth][out] as [out][depth].
const int8_t* transpose(const int8_t* w, int depth, int out) {
  int8_t* to = reinterpret_cast<int8_t*>(scratch(18, (size_t(out) * depth + 3) / 4));
  constexpr int BLOCK = 32;
  parallelFor((out + BLOCK - 1) / BLOCK, [&](int block) {
    int begin = block * BLOCK, end = begin + BLOCK < out ? begin + BLOCK : out;
    for (int k0 = 0; k0 < depth; k0 += BLOCK)
      for (int o = begin; o < end; o++)
        for (int k = k0; k < k0 + BLOCK && k < depth; k++) to[size_t(o) * depth + k] = w[size_t(k) * out + o];
  });
  return to;
}

void direct(const Int8Product& given, bool fast) {
  Int8Product p = given;
  if (p.transposed) p.w = transpose(p.w, p.x.count, p.out);
  auto run = plain::direct;
#ifdef BC_VNNI
  if (fast) run = vnni::direct;
#else
  (void)fast;
#endif
  // Blocks of rows that stay in the second cache.
  int rows = 1 + int((256 << 10) / p.x.stride);
  parallelRanges(p.out, 8 + 65536 / (p.x.stride * p.x.rows), [&](size_t begin, size_t end) {
    for (int first = 0; first < p.x.rows; first += rows) {
      int last = first + rows < p.x.rows ? first + rows : p.x.rows;
      run(p, first, last, int(begin), int(end));
      if (p.low) addLowRank(*p.low, first, last, begin, end, p.y, p.yRow);
    }
  });
}

// Products of the same rows.
void int8Products(const Int8Product* products, int count) {
  int rows = products->x.rows;
  if (rows <= 0) return;
  bool fast = false;
#ifdef BC_VNNI
  fast = hasVnni();
  bool transposed = products->transposed;
  if (fast && !transposed && rows >= 4 && rows < 48) return panelByPanel(products, count);
  if (fast && (transposed || rows >= 48)) {
    for (int i = 0; i < count; i++) packed(products[i]);
    return;
  }
#endif
  for (int i = 0; i < count; i++) direct(products[i], fast);
}

}  // namespace

size_t packedInt8Bytes(const Weight& w) {
#ifdef BC_VNNI
  if (hasVnni()) return panelsOf(w.out) * panelBytes(w.in);
#endif
  (void)w;
  return 0;
}

void packInt8(const Weight& w, int8_t* to) {
#ifdef BC_VNNI
  packPanels(static_cast<const int8_t*>(w.values), w.out, w.in, false, to);
#else
  (void)w, (void)to;
#endif
}

RoundedColumns roundColumns(const float* x, int rows, int width, int count) {
  Int8Rows rounded = quantizeRows(x, nullptr, rows, width);
  float* scales = scratch(19, count);
  for (int i = 0; i < count; i++) scales[i] = i < rows ? rounded.scale[i] : 0;
#ifdef BC_VNNI
  if (hasVnni()) {
    int depth = int(rounded.stride);
    int8_t* panels = reinterpret_cast<int8_t*>(scratch(18, panelsOf(count) * panelBytes(depth) / 4));
    packPanels(rounded.q, rows, depth, false, panels);
    return {count, width, panels, scales};
  }
#endif
  int8_t* q = reinterpret_cast<int8_t*>(scratch(18, size_t(count) * width / 4 + 1));
  memset(q, 0, size_t(count) * width);
  for (int i = 0; i < rows; i++) memcpy(q + size_t(i) * width, rounded.q + i * rounded.stride, width);
  return {count, width, q, scales};
}

void productColumns(const Weight& w, int first, int rows, const RoundedColumns& columns, float* y) {
  constexpr int MOST = 32;
  size_t stride = (size_t(w.in) + 63) / 64 * 64;
  int8_t* copies = reinterpret_cast<int8_t*>(scratch(21, MOST * stride / 4));
  int32_t sums[MOST];
  for (int begin = 0; begin < rows; begin += MOST) {
    int count = rows - begin < MOST ? rows - begin : MOST;
    for (int r = 0; r < count; r++) {
      const int8_t* from = static_cast<const int8_t*>(w.values) + size_t(first + begin + r) * w.in;
      memcpy(copies + r * stride, from, w.in);
      memset(copies + r * stride + w.in, 0, stride - w.in);
      sums[r] = 0;
      for (int k = 0; k < w.in; k++) sums[r] += from[k];
    }
    Int8Product p = {};
    p.x = {count, w.in, stride, copies, const_cast<float*>(w.scales) + first + begin, sums};
    p.out = columns.count;
    p.w = columns.q;
    p.scales = columns.scales;
    p.y = y + size_t(begin) * columns.count;
    p.yRow = columns.count;
#ifdef BC_VNNI
    if (hasVnni()) {
      for (int o = 0; o < p.out; o += PANEL)
        vnni::fromPanel(p, columns.q + o / PANEL * panelBytes(int(stride)), 0, count, o);
      continue;
    }
#endif
    plain::direct(p, 0, count, 0, p.out);
  }
}

void linearInt8(const LinearArgs* args, int count, const LowRank* low) {
  Int8Rows x = quantizeRows(args->x, nullptr, args->rows, args->w.in);
  Int8Product products[kMostProducts] = {};
  for (int i = 0; i < count; i++) {
    const LinearArgs& p = args[i];
    Int8Product& product = products[i];
    product.x = x;
    product.out = p.w.out;
    product.w = static_cast<const int8_t*>(p.w.values);
    product.scales = p.w.scales;
    product.bias = p.bias;
    product.y = p.y;
    product.yRow = p.w.out;
    product.accumulate = p.accumulate;
    product.low = low;
    product.packed = static_cast<const int8_t*>(p.w.packed);
  }
  int8Products(products, count);
}

void linearInt8Grad(const Weight& w, int rows, const float* dy, float* dx, bool accumulate, const LowRank* low) {
  Int8Product product = {};
  // The scales of the weights belong to the dimension that is summed over.
  product.x = quantizeRows(dy, w.scales, rows, w.out);
  product.out = w.in;
  product.w = static_cast<const int8_t*>(w.values);
  product.y = dx;
  product.yRow = w.in;
  product.accumulate = accumulate;
  product.low = low;
  product.transposed = true;
  int8Products(&product, 1);
}

}  // namespace BC_ISA
}  // namespace bc
