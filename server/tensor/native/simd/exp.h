// e^x where x is at most zero (or a rounding above it), as in every softmax.
#pragma once
#include "vec.h"

namespace bc {
namespace BC_ISA {

// To about one unit in the last place; 0 below -46 (1e-20), so that no product of two is subnormal.
BC_INLINE vf expDown(vf x) {
  const vf magic = splat(12582912.0f);  // 1.5 * 2^23: the sum's low bits hold the rounded integer
  vf shifted = vmax(x, splat(-46.0f)) * 1.44269504088896341f + magic;
  vf n = shifted - magic;
  vf r = vmax(x, splat(-46.0f)) - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  // Minimax on |r| <= ln2/2 (Cephes, expf).
  vf p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + (r + 1.0f);
  vf result = (vf)((vi)p + ((vi)shifted << 23));
  return select(x < splat(-46.0f), vf{}, result);
}

}  // namespace BC_ISA
}  // namespace bc
