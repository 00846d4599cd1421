// C = alpha A B (+ bias) or C += alpha A B, f32, any strides: both operands are packed into panels,
// a register-blocked micro-kernel multiplies them (Goto and van de Geijn, 2008). The order of every
// sum depends on the shapes only, so results are the same for any number of threads.
#include "../kernels.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {
namespace {

#if BC_LANES == 16
constexpr int MR = 8, NV = 3;
#elif BC_LANES == 8
constexpr int MR = 6, NV = 2;
#elif defined(__aarch64__)
constexpr int MR = 6, NV = 4;
#else
constexpr int MR = 4, NV = 2;
#endif
constexpr int NR = NV * kLanes;
constexpr int KC = 384;          // depth of a pass
constexpr int MC = 24 * MR;      // rows of a task: its panels of A stay in the second cache
constexpr int NC = 10 * NR;      // columns of a task
constexpr int SLAB_M = 16 * MC;  // rows and columns packed at a time
constexpr int SLAB_N = 96 * NR;

BC_INLINE int minOf(int a, int b) { return a < b ? a : b; }
BC_INLINE int ceilDiv(int a, int b) { return (a + b - 1) / b; }

// rows x depth of A into panels of MR rows, [depth][MR], padded with zeros.
void packA(const float* a, size_t rowStride, size_t depthStride, int rows, int depth, float alpha,
           float* to) {
  for (int i = 0; i < rows; i += MR, to += MR * depth) {
    int m = minOf(MR, rows - i);
    const float* from = a + i * rowStride;
    if (rowStride == 1 && m == MR) {
      for (int k = 0; k < depth; k++)
        for (int r = 0; r < MR; r++) to[k * MR + r] = alpha * from[k * depthStride + r];
      continue;
    }
    for (int r = 0; r < MR; r++) {
      if (r < m) {
        for (int k = 0; k < depth; k++) to[k * MR + r] = alpha * from[r * rowStride + k * depthStride];
      } else {
        for (int k = 0; k < depth; k++) to[k * MR + r] = 0;
      }
    }
  }
}

// Sixteen rows by sixteen columns at a time keeps both sides of the transposition in the cache.
void packColumns(const float* from, size_t columnStride, int depth, float* to) {
  constexpr int B = 16;
  for (int k0 = 0; k0 < depth; k0 += B) {
    int kEnd = minOf(k0 + B, depth);
    for (int j = 0; j < NR; j++)
      for (int k = k0; k < kEnd; k++) to[k * NR + j] = from[j * columnStride + k];
  }
}

// One panel of B: depth x NR, padded with zeros.
void packB(const float* b, size_t depthStride, size_t columnStride, int columns, int depth, float* to) {
  if (columns == NR && columnStride == 1) {
    for (int k = 0; k < depth; k++)
      for (int v = 0; v < NV; v++)
        store(to + k * NR + v * kLanes, load(b + k * depthStride + v * kLanes));
  } else if (columns == NR && depthStride == 1) {
    packColumns(b, columnStride, depth, to);
  } else {
    for (int k = 0; k < depth; k++)
      for (int j = 0; j < NR; j++)
        to[k * NR + j] = j < columns ? b[k * depthStride + j * columnStride] : 0;
  }
}

// One tile: acc[MR][V vectors] = panelA panelB, then into c.
template <int V>
void micro(int depth, const float* __restrict a, const float* __restrict b, float* c, size_t ldc,
           int rows, int columns, bool add, const float* bias) {
  vf acc[MR][V];
#pragma GCC unroll 16
  for (int r = 0; r < MR; r++) {
    __builtin_prefetch(c + (r < rows ? r : 0) * ldc, 1);
    __builtin_prefetch(c + (r < rows ? r : 0) * ldc + columns - 1, 1);
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) acc[r][v] = vf{};
  }
  for (int k = 0; k < depth; k++) {
    vf bv[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) bv[v] = load(b + k * NR + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < MR; r++) {
      float x = a[k * MR + r];
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) acc[r][v] += bv[v] * x;
    }
  }
  if (rows == MR && columns == V * kLanes) {
#pragma GCC unroll 16
    for (int r = 0; r < MR; r++) {
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) {
        float* to = c + r * ldc + v * kLanes;
        vf sum = acc[r][v];
        if (add) sum += load(to);
        if (bias) sum += load(bias + v * kLanes);
        store(to, sum);
      }
    }
    return;
  }
  alignas(64) float tile[MR * V * kLanes];
#pragma GCC unroll 16
  for (int r = 0; r < MR; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) store(tile + (r * V + v) * kLanes, acc[r][v]);
  for (int r = 0; r < rows; r++)
    for (int j = 0; j < columns; j++) {
      float sum = tile[r * V * kLanes + j];
      if (add) sum += c[r * ldc + j];
      if (bias) sum += bias[j];
      c[r * ldc + j] = sum;
    }
}

using Micro = void (*)(int, const float*, const float*, float*, size_t, int, int, bool, const float*);

// The last panel of a matrix computes no more vectors than it has columns for.
BC_INLINE Micro microFor(int columns) {
  if (columns <= kLanes) return micro<1>;
  if (NV > 2 && columns > 2 * kLanes) return columns <= 3 * kLanes ? micro<NV < 3 ? NV : 3> : micro<NV>;
  return micro<2>;
}

void multiplySlab(const GemmArgs& g, int i0, int m, int j0, int n, int k0, int depth) {
  int panelsA = ceilDiv(m, MR), panelsB = ceilDiv(n, NR);
  float* packedA = scratch(0, size_t(panelsA) * MR * depth);
  float* packedB = scratch(1, size_t(panelsB) * NR * depth);
  constexpr int A_STEP = 8, B_STEP = 4;  // panels packed by one task
  int tasksA = ceilDiv(panelsA, A_STEP), tasksB = ceilDiv(panelsB, B_STEP);
  parallelFor(tasksA + tasksB, [&](int task) {
    if (task < tasksA) {
      int first = task * A_STEP * MR;
      packA(g.a + (i0 + first) * g.aRow + k0 * g.aDepth, g.aRow, g.aDepth,
            minOf(A_STEP * MR, m - first), depth, g.alpha, packedA + size_t(first) * depth);
      return;
    }
    int last = minOf((task - tasksA + 1) * B_STEP, panelsB);
    for (int p = (task - tasksA) * B_STEP; p < last; p++) {
      packB(g.b + k0 * g.bDepth + size_t(j0 + p * NR) * g.bColumn, g.bDepth, g.bColumn,
            minOf(NR, n - p * NR), depth, packedB + size_t(p) * NR * depth);
    }
  });
  int blocksM = ceilDiv(m, MC), blocksN = ceilDiv(n, NC);
  bool add = g.accumulate || k0 > 0;
  const float* bias = k0 == 0 ? g.bias : nullptr;
  parallelFor(blocksM * blocksN, [&](int task) {
    int iStart = (task % blocksM) * MC, iEnd = minOf(iStart + MC, m);
    int jStart = (task / blocksM) * NC, jEnd = minOf(jStart + NC, n);
    for (int j = jStart; j < jEnd; j += NR) {
      int columns = minOf(NR, n - j);
      Micro multiply = microFor(columns);
      for (int i = iStart; i < iEnd; i += MR) {
        multiply(depth, packedA + size_t(i) * depth, packedB + size_t(j) * depth,
              g.c + size_t(i0 + i) * g.cRow + j0 + j, g.cRow, minOf(MR, m - i), columns, add, bias ? bias + j0 + j : nullptr);
      }
    }
  });
}

// Few rows times rows of weights (decoding): dot products straight from memory, nothing is packed.
constexpr int DOT_COLUMNS = BC_LANES == 16 ? 6 : 3;

template <int ROWS, int COLUMNS>
void dots(const GemmArgs& g, int i, int j) {
  const float* a = g.a + i * g.aRow;
  const float* b = g.b + size_t(j) * g.bColumn;
  vf acc[ROWS][COLUMNS] = {};
  int k = 0;
  for (; k + kLanes <= g.k; k += kLanes) {
    vf x[ROWS];
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) x[r] = load(a + r * g.aRow + k);
#pragma GCC unroll 8
    for (int c = 0; c < COLUMNS; c++) {
      vf w = load(b + c * g.bColumn + k);
#pragma GCC unroll 8
      for (int r = 0; r < ROWS; r++) acc[r][c] += x[r] * w;
    }
  }
  if (k < g.k) {
    int rest = g.k - k;
    for (int c = 0; c < COLUMNS; c++) {
      vf w = loadPart(b + c * g.bColumn + k, rest);
      for (int r = 0; r < ROWS; r++) acc[r][c] += loadPart(a + r * g.aRow + k, rest) * w;
    }
  }
  for (int r = 0; r < ROWS; r++)
    for (int c = 0; c < COLUMNS; c++) {
      float* to = g.c + size_t(i + r) * g.cRow + j + c;
      float sum = g.alpha * sumLanes(acc[r][c]);
      if (g.accumulate) sum += *to;
      if (g.bias) sum += g.bias[j + c];
      *to = sum;
    }
}

template <int COLUMNS>
void dotRows(const GemmArgs& g, int j) {
  int i = 0;
  for (; i + 4 <= g.m; i += 4) dots<4, COLUMNS>(g, i, j);
  if (g.m - i == 3) dots<3, COLUMNS>(g, i, j);
  if (g.m - i == 2) dots<2, COLUMNS>(g, i, j);
  if (g.m - i == 1) dots<1, COLUMNS>(g, i, j);
}

void fewRows(const GemmArgs& g) {
  size_t grain = 1 + 65536 / (size_t(g.k) * (1 + g.m / 4));
  parallelRanges(g.n, grain < 24 ? 24 : grain, [&](size_t begin, size_t end) {
    int j = int(begin);
    for (; j + DOT_COLUMNS <= int(end); j += DOT_COLUMNS) dotRows<DOT_COLUMNS>(g, j);
    for (; j < int(end); j++) dotRows<1>(g, j);
  });
}

}  // namespace

void gemm(const GemmArgs& g) {
  if (g.m <= 0 || g.n <= 0) return;
  if (g.m <= 40 && g.k > 0 && g.aDepth == 1 && g.bDepth == 1) {
    fewRows(g);
    return;
  }
  int passes = ceilDiv(g.k < 1 ? 1 : g.k, KC);
  int step = ceilDiv(g.k, passes);
  for (int j = 0; j < g.n; j += SLAB_N)
    for (int i = 0; i < g.m; i += SLAB_M)
      for (int pass = 0; pass < passes; pass++)
        multiplySlab(g, i, minOf(SLAB_M, g.m - i), j, minOf(SLAB_N, g.n - j), pass * step,
                     minOf(step, g.k - pass * step));
}

}  // namespace BC_ISA
}  // namespace bc
