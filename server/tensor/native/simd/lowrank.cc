#include "lowrank.h"

namespace bc {
namespace BC_ISA {

#if BC_LANES == 16
constexpr int LR_ROWS = 8, LR_VECTORS = 3;
#else
constexpr int LR_ROWS = 4, LR_VECTORS = 2;
#endif

template <int COUNT>
struct Vectors {
  static constexpr int value = COUNT;
};

template <int ROWS, int VECTORS>
BC_INLINE void addLowRankTile(const LowRank& p, const float* low, size_t column, float* y, size_t yRow) {
  vf acc[ROWS][VECTORS];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) acc[r][v] = load(y + r * yRow + v * kLanes);
  for (int k = 0; k < p.rank; k++) {
    vf up[VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) up[v] = load(p.up + k * p.upRow + column + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
      for (int v = 0; v < VECTORS; v++) acc[r][v] += up[v] * low[r * p.rank + k];
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) store(y + r * yRow + v * kLanes, acc[r][v]);
}

template <int ROWS>
BC_INLINE void addLowRankRows(const LowRank& p, int row, size_t begin, size_t end, float* y, size_t yRow) {
  const float* low = p.low + size_t(row) * p.rank;
  float* to = y + row * yRow;
  size_t j = begin;
  for (; j + LR_VECTORS * kLanes <= end; j += LR_VECTORS * kLanes) addLowRankTile<ROWS, LR_VECTORS>(p, low, j, to + j, yRow);
  for (; j + kLanes <= end; j += kLanes) addLowRankTile<ROWS, 1>(p, low, j, to + j, yRow);
  for (; j < end; j++)
    for (int r = 0; r < ROWS; r++) {
      float sum = to[r * yRow + j];
      for (int k = 0; k < p.rank; k++) sum += low[r * p.rank + k] * p.up[k * p.upRow + j];
      to[r * yRow + j] = sum;
    }
}

void addLowRank(const LowRank& p, int first, int last, size_t begin, size_t end, float* y, size_t yRow) {
  int i = first;
  for (; i + LR_ROWS <= last; i += LR_ROWS) addLowRankRows<LR_ROWS>(p, i, begin, end, y, yRow);
  for (; i < last; i++) addLowRankRows<1>(p, i, begin, end, y, yRow);
}

// ROWS rows of x[.][depth] times down[depth][VECTORS vectors of `downRow`], times scale, into low[.][rank].
template <int ROWS, int VECTORS>
BC_INLINE void lowRankTile(const float* x, int depth, const float* down, size_t downRow, float scale, float* low,
                           int rank, int columns) {
  vf acc[ROWS][VECTORS] = {};
  for (int k = 0; k < depth; k++) {
    vf w[VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) w[v] = load(down + k * downRow + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
      for (int v = 0; v < VECTORS; v++) acc[r][v] += w[v] * x[size_t(r) * depth + k];
  }
  for (int r = 0; r < ROWS; r++)
    for (int v = 0; v < VECTORS; v++) {
      int count = columns - v * kLanes;
      if (count > 0) storePart(low + r * rank + v * kLanes, acc[r][v] * scale, count < kLanes ? count : kLanes);
    }
}

void toLowRank(const float* x, int rows, int depth, const float* down, size_t downRow, float scale, float* low,
                      int rank) {
  constexpr int ROWS = BC_LANES == 16 ? 12 : 4, VECTORS = BC_LANES == 16 ? 1 : 2;
  for (int column = 0; column < rank; column += VECTORS * kLanes) {
    int i = 0;
    for (; i + ROWS <= rows; i += ROWS)
      lowRankTile<ROWS, VECTORS>(x + size_t(i) * depth, depth, down + column, downRow, scale,
                                 low + size_t(i) * rank + column, rank, rank - column);
    for (; i < rows; i++)
      lowRankTile<1, VECTORS>(x + size_t(i) * depth, depth, down + column, downRow, scale,
                              low + size_t(i) * rank + column, rank, rank - column);
  }
}

template <int RANKS, int VECTORS>
BC_INLINE void outerTile(const float* low, int rank, const float* x, size_t xRow, int rows, bool add, float* out,
                         size_t outRow) {
  vf acc[RANKS][VECTORS];
#pragma GCC unroll 8
  for (int r = 0; r < RANKS; r++)
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) acc[r][v] = add ? load(out + r * outRow + v * kLanes) : vf{};
  for (int i = 0; i < rows; i++) {
    vf values[VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) values[v] = load(x + i * xRow + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < RANKS; r++)
#pragma GCC unroll 4
      for (int v = 0; v < VECTORS; v++) acc[r][v] += values[v] * low[size_t(i) * rank + r];
  }
#pragma GCC unroll 8
  for (int r = 0; r < RANKS; r++)
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) store(out + r * outRow + v * kLanes, acc[r][v]);
}

void lowRankOuter(const float* low, int rank, const float* x, size_t xRow, int rows, size_t begin, size_t end,
                         float* out, size_t outRow) {
  constexpr int BLOCK = 64;  // rows of x that stay in the cache while all ranks pass over them
  for (int first = 0; first < rows; first += BLOCK) {
    int count = rows - first < BLOCK ? rows - first : BLOCK;
    const float* g = low + size_t(first) * rank;
    const float* from = x + first * xRow;
    bool add = first > 0;
    size_t j = begin;
    auto strip = [&](auto vectors) {
      constexpr int V = decltype(vectors)::value;
      for (; j + V * kLanes <= end; j += V * kLanes) {
        int r = 0;
        for (; r + LR_ROWS <= rank; r += LR_ROWS)
          outerTile<LR_ROWS, V>(g + r, rank, from + j, xRow, count, add, out + r * outRow + j, outRow);
        for (; r < rank; r++) outerTile<1, V>(g + r, rank, from + j, xRow, count, add, out + r * outRow + j, outRow);
      }
    };
    strip(Vectors<LR_VECTORS>{});
    strip(Vectors<1>{});
    for (; j < end; j++)
      for (int r = 0; r < rank; r++) {
        float sum = add ? out[r * outRow + j] : 0;
        for (int i = 0; i < count; i++) sum += g[size_t(i) * rank + r] * from[i * xRow + j];
        out[r * outRow + j] = sum;
      }
  }
}

}  // namespace BC_ISA
}  // namespace bc
