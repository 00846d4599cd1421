// Small products for attention: a block of keys or values at a time, operands unpacked.
#pragma once
#include "vec.h"

namespace bc {
namespace BC_ISA {
namespace tile {

#if BC_LANES == 16
constexpr int ROWS = 6, VECTORS = 4;
#elif BC_LANES == 8
constexpr int ROWS = 6, VECTORS = 2;
#elif defined(__aarch64__)
constexpr int ROWS = 6, VECTORS = 4;
#else
constexpr int ROWS = 4, VECTORS = 2;
#endif

template <int R, int V, bool ADD>
void block(int depth, const float* a, size_t aRow, size_t aDepth, const float* b, size_t bRow, float* c,
           size_t cRow) {
  vf acc[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) acc[r][v] = ADD ? load(c + r * cRow + v * kLanes) : vf{};
  }
  for (int k = 0; k < depth; k++) {
    vf row[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) row[v] = load(b + k * bRow + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
      float x = a[r * aRow + k * aDepth];
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) acc[r][v] += row[v] * x;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) store(c + r * cRow + v * kLanes, acc[r][v]);
  }
}

template <int V, bool ADD>
void columns(int rows, int depth, const float* a, size_t aRow, size_t aDepth, const float* b, size_t bRow,
             float* c, size_t cRow) {
  int r = 0;
  for (; r + ROWS <= rows; r += ROWS)
    block<ROWS, V, ADD>(depth, a + r * aRow, aRow, aDepth, b, bRow, c + r * cRow, cRow);
  for (; r + 2 <= rows; r += 2)
    block<2, V, ADD>(depth, a + r * aRow, aRow, aDepth, b, bRow, c + r * cRow, cRow);
  if (r < rows) block<1, V, ADD>(depth, a + r * aRow, aRow, aDepth, b, bRow, c + r * cRow, cRow);
}

// c[rows][width] = a b, or added to it. a by any strides; b and c have contiguous rows; width is a
// multiple of the lanes.
template <bool ADD>
void multiply(int rows, int width, int depth, const float* a, size_t aRow, size_t aDepth, const float* b,
              size_t bRow, float* c, size_t cRow) {
  int j = 0;
  for (; j + VECTORS * kLanes <= width; j += VECTORS * kLanes)
    columns<VECTORS, ADD>(rows, depth, a, aRow, aDepth, b + j, bRow, c + j, cRow);
  int rest = (width - j) / kLanes;
  if (rest == 3) columns<VECTORS < 3 ? 1 : 3, ADD>(rows, depth, a, aRow, aDepth, b + j, bRow, c + j, cRow);
  if (rest == 2) columns<VECTORS < 2 ? 1 : 2, ADD>(rows, depth, a, aRow, aDepth, b + j, bRow, c + j, cRow);
  if (rest == 1) columns<1, ADD>(rows, depth, a, aRow, aDepth, b + j, bRow, c + j, cRow);
}

// Rows that may be read in whole vectors: in place, or as a copy padded with zeros.
struct Rows {
  const float* data;
  size_t stride;
};
BC_INLINE Rows wholeVectors(const float* from, size_t stride, int rows, int width, int padded, float* copy) {
  if (width == padded) return {from, stride};
  for (int r = 0; r < rows; r++) {
    memcpy(copy + size_t(r) * padded, from + r * stride, width * sizeof(float));
    memset(copy + size_t(r) * padded + width, 0, (padded - width) * sizeof(float));
  }
  return {copy, size_t(padded)};
}

}  // namespace tile
}  // namespace BC_ISA
}  // namespace bc
