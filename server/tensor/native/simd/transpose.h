// Transposition of square blocks in registers.
#pragma once
#include "vec.h"

namespace bc {
namespace BC_ISA {

// Lane 2i of the result is lane i (of the upper half: i + lanes/2) of a, lane 2i + 1 that of b.
#if BC_LANES == 16
#define BC_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define BC_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif BC_LANES == 8
#define BC_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define BC_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define BC_LOW 0, 4, 1, 5
#define BC_HIGH 2, 6, 3, 7
#endif
#if defined(__clang__)
BC_INLINE vf interleaveLow(vf a, vf b) { return __builtin_shufflevector(a, b, BC_LOW); }
BC_INLINE vf interleaveHigh(vf a, vf b) { return __builtin_shufflevector(a, b, BC_HIGH); }
#else
BC_INLINE vf interleaveLow(vf a, vf b) { return __builtin_shuffle(a, b, vi{BC_LOW}); }
BC_INLINE vf interleaveHigh(vf a, vf b) { return __builtin_shuffle(a, b, vi{BC_HIGH}); }
#endif
#undef BC_LOW
#undef BC_HIGH

// to[c][r] = from[r][c] for as many rows and columns as a vector has lanes: row i is interleaved
// with row i + lanes/2, log2(lanes) times. `map` is applied to each vector that is stored.
template <typename Map>
BC_INLINE void transposeSquare(const float* from, size_t fromRow, float* to, size_t toRow, Map&& map) {
  vf v[kLanes], w[kLanes];
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; i++) v[i] = load(from + i * fromRow);
#pragma GCC unroll 4
  for (int done = 1; done < kLanes; done *= 2) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes / 2; i++) {
      w[2 * i] = interleaveLow(v[i], v[i + kLanes / 2]);
      w[2 * i + 1] = interleaveHigh(v[i], v[i + kLanes / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; i++) v[i] = w[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; i++) store(to + i * toRow, map(v[i]));
}
BC_INLINE void transposeSquare(const float* from, size_t fromRow, float* to, size_t toRow) {
  transposeSquare(from, fromRow, to, toRow, [](vf v) { return v; });
}

// to[c][r] = from[r][c], the columns of `to` from `rows` up to `padded` zero.
BC_INLINE void transposePadded(const float* from, size_t fromRow, int rows, int columns, float* to, size_t toRow,
                               int padded) {
  int r = 0;
  for (; r + kLanes <= rows; r += kLanes) {
    int c = 0;
    for (; c + kLanes <= columns; c += kLanes) transposeSquare(from + r * fromRow + c, fromRow, to + c * toRow + r, toRow);
    for (; c < columns; c++)
      for (int i = 0; i < kLanes; i++) to[c * toRow + r + i] = from[(r + i) * fromRow + c];
  }
  for (int c = 0; c < columns; c++)
    for (int i = r; i < padded; i++) to[c * toRow + i] = i < rows ? from[i * fromRow + c] : 0;
}

}  // namespace BC_ISA
}  // namespace bc
