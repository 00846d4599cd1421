// A frozen linear layer with a low-rank adapter (LoRA, arXiv 2106.09685), forward and backward: x aᵀ is computed once
// for both, dy b once for all gradients.
#include "int8.h"

namespace bc {
namespace BC_ISA {
namespace {

constexpr int ROWS = 96, COLUMNS = 32 * kLanes;

// [rows][columns] as [columns][rows], its rows filled up with zeros to `toRow`.
void transpose(const float* from, int rows, int columns, float* to, size_t toRow) {
  parallelRanges(columns, 128, [&](size_t begin, size_t end) {
    for (size_t j = begin; j < end; j++) {
      for (int i = 0; i < rows; i++) to[j * toRow + i] = from[size_t(i) * columns + j];
      for (size_t i = rows; i < toRow; i++) to[j * toRow + i] = 0;
    }
  });
}

size_t wholeVectors(int rank) { return size_t(rank + kLanes - 1) / kLanes * kLanes; }

void toLowRankParallel(const float* x, int rows, int depth, const float* down, size_t downRow, float scale, float* low,
                       int rank) {
  parallelFor((rows + ROWS - 1) / ROWS, [&](int block) {
    int first = block * ROWS, count = rows - first < ROWS ? rows - first : ROWS;
    toLowRank(x + size_t(first) * depth, count, depth, down, downRow, scale, low + size_t(first) * rank, rank);
  });
}

void addLowRankParallel(const LowRank& p, int rows, int columns, float* y) {
  int blocks = (rows + ROWS - 1) / ROWS, strips = (columns + COLUMNS - 1) / COLUMNS;
  parallelFor(blocks * strips, [&](int task) {
    int first = task % blocks * ROWS, begin = task / blocks * COLUMNS;
    addLowRank(p, first, first + ROWS < rows ? first + ROWS : rows, begin,
               begin + COLUMNS < columns ? begin + COLUMNS : columns, y, columns);
  });
}

// out[rank][columns] = low[rows][rank]ᵀ x[rows][columns]
void outerParallel(const float* low, int rank, const float* x, int rows, int columns, float* out) {
  constexpr int STRIP = 6 * kLanes;
  parallelRanges((columns + STRIP - 1) / STRIP, 1, [&](size_t begin, size_t end) {
    size_t last = end * STRIP;
    lowRankOuter(low, rank, x, columns, rows, begin * STRIP, last < size_t(columns) ? last : columns, out, columns);
  });
}

}  // namespace

void gemm(const GemmArgs&);
void linearWeight(const LinearArgs&);
void linearWeightGrad(const Weight&, int rows, const float* dy, float* dx, bool accumulate);

void lora(const LoraArgs& p) {
  int in = p.w.in, out = p.w.out;
  size_t width = wholeVectors(p.rank);
  float* down = scratch(19, size_t(in) * width);
  transpose(p.a, p.rank, in, down, width);
  toLowRankParallel(p.x, p.rows, in, down, width, p.scale, p.low, p.rank);
  float* up = scratch(20, size_t(p.rank) * out);
  transpose(p.b, out, p.rank, up, out);
  LowRank low = {p.rank, p.low, up, size_t(out)};
  if (p.w.kind == kF32) {
    GemmArgs g = {p.rows, out, in, p.x, size_t(in), 1, static_cast<const float*>(p.w.values), 1, size_t(in), p.y, size_t(out)};
    g.bias = p.bias;
    g.addend = p.addend;
    gemm(g);
    addLowRankParallel(low, p.rows, out, p.y);
    return;
  }
  LinearArgs base;
  base.rows = p.rows;
  base.x = p.x;
  base.w = p.w;
  base.bias = p.bias;
  base.y = p.y;
  if (p.addend) {
    parallelRanges(size_t(p.rows) * out, 65536, [&](size_t begin, size_t end) {
      memcpy(p.y + begin, p.addend + begin, (end - begin) * sizeof(float));
    });
    base.accumulate = true;
  }
  if (p.w.kind == kInt8) return linearInt8(&base, 1, &low);
  linearWeight(base);
  addLowRankParallel(low, p.rows, out, p.y);
}

void loraGrad(const LoraArgs& p) {
  int in = p.w.in, out = p.w.out;
  size_t width = wholeVectors(p.rank);
  const float* down = p.b;
  if (width != size_t(p.rank)) {
    float* padded = scratch(19, size_t(out) * width);
    for (int o = 0; o < out; o++) {
      memcpy(padded + o * width, p.b + size_t(o) * p.rank, p.rank * sizeof(float));
      memset(padded + o * width + p.rank, 0, (width - p.rank) * sizeof(float));
    }
    down = padded;
  }
  toLowRankParallel(p.dy, p.rows, out, down, width, p.scale, p.g, p.rank);
  outerParallel(p.g, p.rank, p.x, p.rows, in, p.da);
  float* dbTransposed = scratch(20, size_t(p.rank) * out);
  outerParallel(p.low, p.rank, p.dy, p.rows, out, dbTransposed);
  transpose(dbTransposed, p.rank, out, p.db, p.rank);
}

// dx = dy w + g a, or added to dx
void loraInputGrad(const LoraArgs& p) {
  int in = p.w.in;
  LowRank low = {p.rank, p.g, p.a, size_t(in)};
  if (p.w.kind == kInt8) return linearInt8Grad(p.w, p.rows, p.dy, p.dx, p.accumulate, &low);
  linearWeightGrad(p.w, p.rows, p.dy, p.dx, p.accumulate);
  addLowRankParallel(low, p.rows, in, p.dx);
}

}  // namespace BC_ISA
}  // namespace bc
