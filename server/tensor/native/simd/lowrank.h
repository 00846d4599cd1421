// Products with matrices of few columns or rows, the pairs of low-rank adapters: nothing large is packed.
#pragma once
#include "vec.h"

namespace bc {
namespace BC_ISA {

// y[rows][columns] += low[rows][rank] up[rank][columns]
struct LowRank {
  int rank;
  const float* low;
  const float* up;
  size_t upRow;
};

#if BC_LANES == 16
constexpr int LR_ROWS = 8, LR_VECTORS = 3;
#else
constexpr int LR_ROWS = 4, LR_VECTORS = 2;
#endif

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

// To the columns [begin, end) of the rows [first, last).
static void addLowRank(const LowRank& p, int first, int last, size_t begin, size_t end, float* y, size_t yRow) {
  int i = first;
  for (; i + LR_ROWS <= last; i += LR_ROWS) addLowRankRows<LR_ROWS>(p, i, begin, end, y, yRow);
  for (; i < last; i++) addLowRankRows<1>(p, i, begin, end, y, yRow);
}

}  // namespace BC_ISA
}  // namespace bc
