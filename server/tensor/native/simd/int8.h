// A product of 8-bit weights with rows that are quantised to 8 bits; see int8.cc.
#pragma once
#include "../kernels.h"
#include "lowrank.h"
#include "quantize.h"

namespace bc {
namespace BC_ISA {

// y[rows][out] = x[rows][depth] w[out][depth]ᵀ, the integers times x.scale[row] (and scales[out]).
struct Int8Product {
  Int8Rows x;
  int out;
  const int8_t* w;
  const float* scales;  // null: 1
  const float* bias;    // or null
  float* y;
  size_t yRow;
  bool accumulate;
  // What is added to y besides, or null.
  const LowRank* low;
  // The weights lie as [depth][out].
  bool transposed;
  // As packInt8 leaves them, or null.
  const int8_t* packed;
};

// A frozen matrix in the panels that products of more than a few rows read. 0 bytes: this machine's products read it as
// it lies.
size_t packedInt8Bytes(const Weight&);
void packInt8(const Weight&, int8_t* to);

// Rows rounded to 8 bits for products that come out transposed: their rows are its columns.
struct RoundedColumns {
  int count, width;
  const int8_t* q;  // in panels where the machine has VNNI, else [count][width]
  const float* scales;
};

// Rounds x[rows][width] as linearInt8 does, into scratch buffers; from `rows` on the `count` columns are zeros.
RoundedColumns roundColumns(const float* x, int rows, int width, int count);
// y[rows][count] from 8-bit weights, their row `first` on: the same bits as linearInt8 gives. On the calling thread.
void productColumns(const Weight&, int first, int rows, const RoundedColumns&, float* y);

// Products with the same rows x, and dx = dy w or added to dx; plus a low-rank product where `low` is not null, then
// `count` is 1.
void linearInt8(const LinearArgs*, int count, const LowRank* low);
void linearInt8Grad(const Weight& w, int rows, const float* dy, float* dx, bool accumulate, const LowRank* low);

}  // namespace BC_ISA
}  // namespace bc
