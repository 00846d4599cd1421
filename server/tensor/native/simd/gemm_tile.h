// Panels and the register-blocked micro-kernel of matrix products (Goto and van de Geijn, 2008).
// B is packed into panels of NR columns; A is read where it lies, by any strides.
#pragma once
#include "transpose.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {
namespace panel {

#if BC_LANES == 16
constexpr int MR = 8, NV = 3;
#elif BC_LANES == 8
constexpr int MR = 6, NV = 2;
#elif defined(__aarch64__)
constexpr int MR = 6, NV = 4;
#else
constexpr int MR = 4, NV = 2;
#endif
constexpr int MIDDLE_MR = MR < 6 ? MR : 6;
constexpr int NR = NV * kLanes;

BC_INLINE int minOf(int a, int b) { return a < b ? a : b; }
BC_INLINE int ceilDiv(int a, int b) { return (a + b - 1) / b; }

// One panel of B, [depth][NR], padded with zeros.
BC_INLINE void packPanel(const float* b, size_t depthStride, size_t columnStride, int columns, int depth,
                         float* to) {
  if (columns == NR && columnStride == 1) {
    for (int k = 0; k < depth; k++)
      for (int v = 0; v < NV; v++)
        store(to + k * NR + v * kLanes, load(b + k * depthStride + v * kLanes));
  } else if (depthStride == 1) {
    transposePadded(b, columnStride, columns, depth, to, NR, NR);
  } else {
    for (int k = 0; k < depth; k++)
      for (int j = 0; j < NR; j++) to[k * NR + j] = j < columns ? b[k * depthStride + j * columnStride] : 0;
  }
}

// rows x depth of A, by strides (1, depthStride), into panels of MR rows, [depth][MR].
BC_INLINE void packRows(const float* a, size_t depthStride, int rows, int depth, float* to) {
  int whole = rows / MR * MR;
  for (int k = 0; k < depth; k++, a += depthStride) {
    for (int i = 0; i < whole; i += MR) memcpy(to + i * depth + k * MR, a + i, MR * sizeof(float));
    for (int r = 0; whole < rows && r < MR; r++)
      to[whole * depth + k * MR + r] = a[minOf(whole + r, rows - 1)];
  }
}

struct Source {
  const float* data;
  size_t row, depth;
};

// c = alpha ab (+ bias) (+ addend, which may be c itself).
struct Target {
  float* c;
  size_t cRow;
  const float* addend;
  size_t addendRow;
  const float* bias;
  float alpha;
};

template <int R, int V, typename F>
BC_INLINE void eachVector(vf (&acc)[R][V], F&& body) {
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) body(acc[r][v], r, v);
}

// One tile of rows x columns, at most R x V vectors. An element's bits do not depend on R and V.
template <int R, int V>
void micro(int depth, Source a, const float* __restrict b, Target t, int rows, int columns) {
  if (rows > R) rows = R;
  vf acc[R][V];
  const float* row[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
    int at = r < rows ? r : rows - 1;
    row[r] = a.data + at * a.row;
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      __builtin_prefetch(t.c + at * t.cRow + v * kLanes, 1);
      acc[r][v] = vf{};
    }
  }
  size_t at = 0;
  for (int k = 0; k < depth; k++, at += a.depth, b += NR) {
    vf bv[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) bv[v] = load(b + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      float x = row[r][at];
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) acc[r][v] += bv[v] * x;
    }
  }
  if (rows == R && columns == V * kLanes) {
    eachVector(acc, [&](vf& sum, int, int) { sum *= t.alpha; });
    if (t.addend)
      eachVector(acc, [&](vf& sum, int r, int v) { sum += load(t.addend + r * t.addendRow + v * kLanes); });
    if (t.bias) eachVector(acc, [&](vf& sum, int, int v) { sum += load(t.bias + v * kLanes); });
    eachVector(acc, [&](vf& sum, int r, int v) { store(t.c + r * t.cRow + v * kLanes, sum); });
    return;
  }
  alignas(64) float tile[R * V * kLanes];
  eachVector(acc, [&](vf& sum, int r, int v) { store(tile + (r * V + v) * kLanes, sum); });
  for (int r = 0; r < rows; r++)
    lanes(columns, [&](size_t j, auto part) {
      vf sum = get(tile + r * V * kLanes + j, part) * t.alpha;
      if (t.addend) sum += get(t.addend + r * t.addendRow + j, part);
      if (t.bias) sum += get(t.bias + j, part);
      put(t.c + r * t.cRow + j, sum, part);
    });
}

// The tile for the last columns computes no more vectors than these are.
template <int R>
BC_INLINE auto tileOf(int columns) {
  return columns <= kLanes                 ? micro<R, 1>
         : columns <= 2 * kLanes           ? micro<R, 2>
         : NV > 3 && columns <= 3 * kLanes ? micro<R, NV < 3 ? NV : 3>
                                           : micro<R, NV>;
}

// The same for the last rows, fewer than MR.
BC_INLINE auto lastTileOf(int rows, int columns) {
  return rows == 1           ? tileOf<1>(columns)
         : rows == 2         ? tileOf<2>(columns)
         : rows <= 4         ? tileOf<4>(columns)
         : rows <= MIDDLE_MR ? tileOf<MIDDLE_MR>(columns)
                             : tileOf<MR>(columns);
}

// rows x columns of C from A and packed panels of B, on the calling thread. Where `packed`, A lies
// as packRows leaves it.
BC_INLINE void multiplyPanels(int rows, int columns, int depth, Source a, bool packed, const float* b, Target t) {
  for (int j = 0; j < columns; j += NR) {
    int width = minOf(NR, columns - j);
    auto tile = tileOf<MR>(width);
    for (int i = 0; i < rows; i += MR) {
      int left = rows - i;
      if (left < MR) tile = lastTileOf(left, width);
      Source from = packed ? Source{a.data + size_t(i) * depth, 1, MR}
                           : Source{a.data + i * a.row, a.row, a.depth};
      Target to = t;
      to.c += i * t.cRow + j;
      if (t.addend) to.addend += i * t.addendRow + j;
      if (t.bias) to.bias += j;
      tile(depth, from, b + size_t(j) * depth, to, left, width);
    }
  }
}

}  // namespace panel
}  // namespace BC_ISA
}  // namespace bc
