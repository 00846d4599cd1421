// y = x wᵀ with float weights as they lie in memory, for any number of rows. Every dot product is
// summed in the same order however many rows there are: a row's result is the same, bit for bit,
// alone and in any company.
#include "../kernels.h"
#include "transpose.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {
namespace {

// Rows and columns of a tile: its sums stay in registers.
#if BC_LANES == 16
constexpr int ROWS = 4, COLUMNS = 6, ALONE = 8;
#else
constexpr int ROWS = 3, COLUMNS = 4, ALONE = 8;
#endif
constexpr size_t CACHED = 256 * 1024;  // bytes of x that are gone through at a time

BC_INLINE int minOf(int a, int b) { return a < b ? a : b; }

typedef int32_t Order __attribute__((vector_size(BC_LANES * 4)));

// Adds the halves of every segment of `width` lanes of a and b: a's sums in the even segments of half
// the width, b's in the odd ones.
template <int WIDTH>
BC_INLINE vf addHalves(vf a, vf b) {
  constexpr int H = WIDTH / 2;
  Order low, high;
  for (int i = 0; i < kLanes; i++) {
    int segment = i / WIDTH, inner = i % WIDTH;
    int from = (inner < H ? 0 : kLanes) + segment * WIDTH + inner % H;
    low[i] = from;
    high[i] = from + H;
  }
#if defined(__clang__)
  vf l, h;
  for (int i = 0; i < kLanes; i++) {
    l[i] = low[i] < kLanes ? a[low[i]] : b[low[i] - kLanes];
    h[i] = high[i] < kLanes ? a[high[i]] : b[high[i] - kLanes];
  }
  return l + h;
#else
  return __builtin_shuffle(a, b, low) + __builtin_shuffle(a, b, high);
#endif
}

// Sums of the lanes of N vectors, each in the order of sumLanes.
template <int WIDTH, int N>
struct Fold {
  BC_INLINE void all(vf* v) {
    constexpr int HALF = (N + 1) / 2;
#pragma GCC unroll 16
    for (int i = 0; i < HALF; i++) v[i] = addHalves<WIDTH>(v[i], v[i + HALF < N ? i + HALF : i]);
    Fold<WIDTH / 2, HALF>::all(v);
  }
};
template <int N>
struct Fold<1, N> {
  BC_INLINE void all(vf*) {}
};

// Where Fold leaves the sum of vector `index` of N: lane in the high half, vector in the low half.
constexpr int foldedPlace(int index, int n, int width, int segmentStart) {
  return width == 1 ? segmentStart * 256 + index
                    : foldedPlace(index % ((n + 1) / 2), (n + 1) / 2, width / 2,
                                  segmentStart + (index >= (n + 1) / 2 ? width / 2 : 0));
}

// Rows of weights to be fetched meanwhile.
struct Ahead {
  const float* from;
  int rows;
};

template <int R, int C>
void tile(const LinearArgs& p, int i, int j, Ahead ahead) {
  size_t in = p.w.in;
  const float* x = p.x + i * in;
  const float* w = static_cast<const float*>(p.w.values) + j * in;
  vf acc[R * C] = {};
  size_t k = 0;
  for (; k + kLanes <= in; k += kLanes) {
    vf xs[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) xs[r] = load(x + r * in + k);
    for (int c = 0; c < ahead.rows; c++) __builtin_prefetch(ahead.from + c * in + k);
#pragma GCC unroll 8
    for (int c = 0; c < C; c++) {
      vf ws = load(w + c * in + k);
#pragma GCC unroll 8
      for (int r = 0; r < R; r++) acc[r * C + c] += xs[r] * ws;
    }
  }
  if (k < in) {
    int rest = int(in - k);
    for (int c = 0; c < C; c++) {
      vf ws = loadPart(w + c * in + k, rest);
      for (int r = 0; r < R; r++) acc[r * C + c] += loadPart(x + r * in + k, rest) * ws;
    }
  }
  Fold<kLanes, R * C>::all(acc);
  constexpr int FOLDED = (R * C + kLanes - 1) / kLanes;
  alignas(64) float sums[FOLDED * kLanes];
#pragma GCC unroll 8
  for (int v = 0; v < FOLDED; v++) store(sums + v * kLanes, acc[v]);
#pragma GCC unroll 8
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int c = 0; c < C; c++) {
      const int place = foldedPlace(r * C + c, R * C, kLanes, 0);
      float sum = sums[(place % 256) * kLanes + place / 256];
      float* to = p.y + size_t(i + r) * p.w.out + j + c;
      if (p.bias) sum += p.bias[j + c];
      *to = p.accumulate ? *to + sum : sum;
    }
}

// All rows of [begin, end) with C columns from j on. Each tile fetches its share of the next columns: all at once they
// would hold up its own loads.
template <int C>
void column(const LinearArgs& p, int begin, int end, int j) {
  size_t in = p.w.in;
  int tiles = (end - begin + ROWS - 1) / ROWS, share = (C + tiles - 1) / tiles;
  const float* next = static_cast<const float*>(p.w.values) + size_t(j + C) * in;
  int left = begin == 0 && j + 2 * C <= p.w.out ? C : 0;
  auto ahead = [&] {
    Ahead rows = {next, minOf(share, left)};
    next += rows.rows * in;
    left -= rows.rows;
    return rows;
  };
  int i = begin;
  for (; i + ROWS <= end; i += ROWS) tile<ROWS, C>(p, i, j, ahead());
  for (; i < end; i++) tile<1, C>(p, i, j, ahead());
}

// Products of little depth (an adapter's second half) would spend their time on sums of lanes: here each lane has an
// output of its own.
constexpr int SHALLOW = 2 * kLanes, SHALLOW_ROWS = 8;

template <int R>
void shallowTile(const LinearArgs& p, const float* w, int i, int j, int columns) {
  int in = p.w.in;
  const float* x = p.x + size_t(i) * in;
  vf acc[R] = {};
  for (int k = 0; k < in; k++) {
    vf ws = load(w + k * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) acc[r] += ws * x[size_t(r) * in + k];
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; r++)
    lanes(columns, [&](size_t, auto part) {
      float* to = p.y + size_t(i + r) * p.w.out + j;
      vf sum = acc[r];
      if (p.bias) sum += get(p.bias + j, part);
      put(to, p.accumulate ? get(to, part) + sum : sum, part);
    });
}

void shallow(const LinearArgs& p, int first, int last) {
  alignas(64) float w[SHALLOW * kLanes];
  for (int j = first; j < last; j += kLanes) {
    int columns = minOf(kLanes, last - j), in = p.w.in, i = 0;
    transposePadded(static_cast<const float*>(p.w.values) + size_t(j) * in, in, columns, in, w, kLanes, kLanes);
    for (; i + SHALLOW_ROWS <= p.rows; i += SHALLOW_ROWS) shallowTile<SHALLOW_ROWS>(p, w, i, j, columns);
    for (; i < p.rows; i++) shallowTile<1>(p, w, i, j, columns);
  }
}

}  // namespace

void linearF32(const LinearArgs& p) {
  size_t in = p.w.in;
  int step = int(CACHED / (in * sizeof(float))) / ROWS * ROWS;
  if (step < ROWS) step = ROWS;
  size_t grain = 1 + 98304 / (in * (1 + p.rows / ROWS));
  parallelRanges(p.w.out, grain < 48 ? 48 : grain, [&](size_t first, size_t last) {
    if (p.w.in <= SHALLOW) return shallow(p, int(first), int(last));
    for (int begin = 0; begin < p.rows; begin += step) {
      int end = minOf(begin + step, p.rows), j = int(first);
      if (p.rows == 1) {
        for (; j + ALONE <= int(last); j += ALONE) column<ALONE>(p, begin, end, j);
      } else {
        for (; j + COLUMNS <= int(last); j += COLUMNS) column<COLUMNS>(p, begin, end, j);
      }
      for (; j < int(last); j++) column<1>(p, begin, end, j);
    }
  });
}

}  // namespace BC_ISA
}  // namespace bc
