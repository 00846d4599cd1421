// AdamW in place, and the sum of squares for the gradients' norm.
#include <math.h>

#include "../kernels.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {

void adamw(const AdamWArgs& o) {
  parallelRanges(o.count, 32768, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
      float g = o.grad[i] * o.clip;
      float m = o.m[i] + (1 - o.beta1) * (g - o.m[i]);
      float v = o.v[i] + (1 - o.beta2) * (g * g - o.v[i]);
      o.m[i] = m;
      o.v[i] = v;
      o.values[i] = o.values[i] * o.shrink - o.rate * m / (sqrtf(v) * o.rootCorrection + o.eps);
    }
  });
}

double sumOfSquares(const float* x, size_t count) {
  // Short runs in float, their sums in double.
  constexpr size_t RUN = 4096;
  constexpr int MAX_PIECES = 64;
  double sums[MAX_PIECES];
  size_t runs = (count + RUN - 1) / RUN;
  int pieces = static_cast<int>(runs < MAX_PIECES ? runs : MAX_PIECES);
  parallelFor(pieces, [&](int piece) {
    double total = 0;
    for (size_t run = runs * piece / pieces; run < runs * (piece + 1) / pieces; run++) {
      size_t begin = run * RUN, size = count - begin < RUN ? count - begin : RUN;
      vf sum = {};
      lanes(size, [&](size_t i, auto part) {
        vf v = get(x + begin + i, part);
        sum += v * v;
      });
      total += sumLanes(sum);
    }
    sums[piece] = total;
  });
  double total = 0;
  for (int piece = 0; piece < pieces; piece++) total += sums[piece];
  return total;
}

}  // namespace BC_ISA
}  // namespace bc
