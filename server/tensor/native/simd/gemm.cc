// C = alpha A B (+ bias) (+ addend) or C += alpha A B, f32, any strides. The order of every sum depends on the
// shapes only, so results are the same for any number of threads.
#include "../kernels.h"
#include "gemm_tile.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {
namespace {

using namespace panel;

constexpr int KC = 384;         // depth of a pass
constexpr int SLAB_N = 96 * NR;  // columns packed at a time
constexpr int TASKS = 24;        // tasks that a product is split into where it is large enough

BC_INLINE int between(int low, int x, int high) { return x < low ? low : x > high ? high : x; }

// c[m][n] of one slab of columns, one pass of depth.
void multiplySlab(const GemmArgs& g, int j0, int n, int k0, int depth) {
  int panels = ceilDiv(n, NR);
  float* packedB = scratch(1, size_t(panels) * NR * depth);
  parallelFor(ceilDiv(panels, 4), [&](int task) {
    for (int p = task * 4; p < minOf(task * 4 + 4, panels); p++)
      packPanel(g.b + k0 * g.bDepth + size_t(j0 + p * NR) * g.bColumn, g.bDepth, g.bColumn, minOf(NR, n - p * NR),
                depth, packedB + size_t(p) * NR * depth);
  });
  // The rows of a task, read once for each panel of B, stay in the second cache.
  int rows = between(6 * MR, ceilDiv(ceilDiv(g.m, TASKS), MR) * MR, 24 * MR);
  int blocksM = ceilDiv(g.m, rows);
  int columns = between(2, ceilDiv(panels * blocksM, TASKS / 3), 20) * NR;
  int blocksN = ceilDiv(n, columns);
  bool pack = g.aDepth != 1 && g.aRow == 1;
  parallelFor(blocksM * blocksN, [&](int task) {
    int i = task % blocksM * rows, j = task / blocksM * columns;
    int m = minOf(rows, g.m - i), width = minOf(columns, n - j);
    Source a{g.a + i * g.aRow + k0 * g.aDepth, g.aRow, g.aDepth};
    if (pack) {
      float* packedA = scratch(0, size_t(rows) * depth);
      packRows(a.data, g.aDepth, m, depth, packedA);
      a.data = packedA;
    }
    Target t{g.c + i * g.cRow + j0 + j, g.cRow, nullptr, g.cRow, nullptr, g.alpha};
    if (g.accumulate || k0 > 0) {
      t.addend = t.c;
    } else if (g.addend) {
      t.addend = g.addend + (t.c - g.c);
    }
    if (g.bias && k0 == 0) t.bias = g.bias + j0 + j;
    multiplyPanels(m, width, depth, a, pack, packedB + size_t(j) * depth, t);
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
      if (g.addend) sum += g.addend[to - g.c];
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
    for (int pass = 0; pass < passes; pass++)
      multiplySlab(g, j, minOf(SLAB_N, g.n - j), pass * step, minOf(step, g.k - pass * step));
}

}  // namespace BC_ISA
}  // namespace bc
