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

// Adds to the columns [begin, end) of the rows [first, last) of y.
void addLowRank(const LowRank&, int first, int last, size_t begin, size_t end, float* y, size_t yRow);

// low[rows][rank] = scale x[rows][depth] down[depth][rank]; the rows of `down` are filled up to whole vectors.
void toLowRank(const float* x, int rows, int depth, const float* down, size_t downRow, float scale, float* low,
               int rank);

// out[rank][columns begin..end) = low[rows][rank]ᵀ x[rows][columns]. The sum over the rows has one order.
void lowRankOuter(const float* low, int rank, const float* x, size_t xRow, int rows, size_t begin, size_t end,
                  float* out, size_t outRow);

}  // namespace BC_ISA
}  // namespace bc
